"""Scorecards on a terminal of fixed width without colours, and as JSON."""

from __future__ import annotations

import dataclasses
import io
import json as plain_json

import msgspec
import pytest
from rich.console import Console

from labbench import catalogue
from labbench.catalogue import SpeedupCheck, Words
from labbench.labs import Column, Table
from labbench.report import json, terminal
from labbench.results import (
    CheckResult,
    Timing,
    Verdict,
    text,
)
from labbench.texts import Lang, render
from tests.books import bare as card

SPEC = catalogue.load().labs["3-1"]
TABLE = Table((Column("实验内容", "content"), Column("结果", "result")), (("conv1", "[red]1.0e-07[/red]"),))
TRUNK = next(c for c in SPEC.checks if c.id == "trunk").observe


def passed(check, tier, error=2e-7, seconds=0.0):
    return CheckResult(check, tier, Verdict.PASS, {"error": error, "tolerance": 1e-4}, seconds=seconds)


def wrong(check, tier):
    why = text("check.wrong_at", error="0.5", tolerance="0.0001", count=3, total=4, index="0, 1", got="2", expected="1")
    return CheckResult(check, tier, Verdict.WRONG, {"error": 0.5, "tolerance": 1e-4}, why)


RIGHT = card(
    passed("conv", 60, 1.5e-7, 0.25),
    passed("pool", 60, 0.0),
    passed("image", 80),
    *(passed(f"trunk.{layer}", 80) for layer in TRUNK),
    CheckResult("class", 100, Verdict.PASS, {"class": 281.0, "tolerance": 0.01}),
    passed("loss.loss", None),
    timings=(Timing("conv1", 1.0, 0.5), Timing("fc", 0.0, 0.0)),
    notes=(text("note.quick"), text("note.compat", used="scipy.misc.imread")),
)


def shown(result, lang=Lang.EN, width=110):
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None, force_terminal=False, _environ={})
    console.print(terminal.scorecard(result, SPEC, (TABLE,), lang))
    said = out.getvalue()
    assert "\x1b" not in said
    assert all(len(line) <= width for line in said.splitlines())
    return said


def test_a_right_one_in_english():
    lines = shown(RIGHT).splitlines()
    assert lines[0] == "3-1  VGG19 classification on the CPU  quick · practice pack · isolation limited"
    assert " 60  convolution and max pooling  reached" in lines
    assert "     pass  convolution forward  error 1.5e-07 ≤ 0.0001  0.25 s" in lines
    assert f"     pass  VGG19 layer by layer  {len(TRUNK)}/{len(TRUNK)}  error 2.0e-07 ≤ 0.0001" in lines
    assert "     pass  class and probability  class 281" in lines
    assert "  +  notes, without points" in lines
    assert "· labbench helped with: scipy.misc.imread." in lines
    assert lines[-1] == "Score 100 / 100"


def test_a_right_one_in_chinese():
    said = shown(RIGHT, Lang.ZH)
    assert "3-1  基于 VGG19 的图像分类（CPU）  快速 · practice 答案包 · 隔离级别 受限" in said
    assert " 60  卷积层与最大池化层  达到" in said
    assert "     通过  卷积层前向传播  误差 1.5e-07 ≤ 0.0001  0.25 s" in said
    assert said.splitlines()[-1] == "得分 100 / 100"
    assert "pass" not in said
    assert "content" not in said  # the table's English column names stand beside the Chinese ones in English only


def test_times_beside_the_references():
    said = shown(RIGHT)
    assert "2.0×" in said
    assert "nan" in said  # a group of no time at all has no ratio


def test_what_is_wrong_says_where():
    said = shown(card(wrong("conv", 60), passed("pool", 60)))
    assert " 60  convolution and max pooling  not reached" in said
    assert "     wrong  convolution forward\n" in said
    assert "         Relative error 0.5, allowed 0.0001; 3 of 4 values are off, most at [0, 1]: got 2," in said
    assert said.splitlines()[-1] == "Score 0 / 100"


def test_many_wrong_layers_are_named_and_not_all_told():
    bad = [wrong(f"trunk.{layer}", 80) for layer in TRUNK[:10]]
    good = [passed(f"trunk.{layer}", 80) for layer in TRUNK[10:]]
    said = shown(card(*bad, *good))
    assert f"     wrong  VGG19 layer by layer  {len(good)}/{len(TRUNK)}  error 2.0e-07 ≤ 0.0001" in said
    assert said.count("Relative error 0.5") == 6
    assert f"and {', '.join(TRUNK[6:10])}" in said


def test_what_was_skipped_is_one_line():
    first = CheckResult("trunk.conv1_1", 80, Verdict.ERROR, why=text("note.missing", file="a.py"))
    why = text("check.skipped", en="conv1_1", zh="conv1_1")
    rest = [CheckResult(f"trunk.{n}", 80, Verdict.SKIPPED, why=why) for n in TRUNK[1:]]
    said = shown(card(first, *rest))
    assert f"     run-time error  VGG19 layer by layer  0/{len(TRUNK)}" in said
    assert "         conv1_1  The file a.py is missing.\n" in said
    assert f"         {len(rest)} skipped: Not reached; see: conv1_1.\n" in said
    assert said.count("skipped:") == 1
    assert f"         {len(rest)} 项跳过：未执行，原因见：conv1_1。\n" in shown(card(first, *rest), Lang.ZH)


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("lang", list(Lang))
def test_every_verdict_can_be_shown(verdict, lang):
    said = shown(card(CheckResult("conv", 60, verdict, why=text("note.quick"))), lang)
    assert ("?" in said) is False


def test_what_is_not_final_says_so():
    said = shown(card(passed("conv", 60), CheckResult("image", 80, Verdict.INCONCLUSIVE)))
    assert said.splitlines()[-1] == "Score 60 / 100  not final: up to 80 (something could not be decided)"


@pytest.mark.parametrize("hostile", ["[red]x[/red]", "[/]", "[link=http://a.b]x[/link]", ":smile:", "{0}", "[conv"])
def test_hostile_words_are_shown_as_they_are(hostile):
    why = text("note.missing", file=hostile)
    table = Table(TABLE.columns, ((hostile, "x"),))
    out = io.StringIO()
    console = Console(file=out, width=110, color_system=None, _environ={})
    result = card(CheckResult("conv", 60, Verdict.ERROR, why=why), notes=(text("note.compat", used=hostile),))
    console.print(terminal.scorecard(result, SPEC, (table,), Lang.EN))
    said = out.getvalue()
    assert f"         The file {hostile} is missing.\n" in said
    assert f"helped with: {hostile}." in said
    assert f"│ {hostile}" in said


@pytest.mark.parametrize("lang", list(Lang))
@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_narrow_terminal(lang, width):
    assert shown(RIGHT, lang, width)


def test_what_a_narrow_terminal_breaks_stays_below_its_beginning():
    lines = shown(RIGHT, width=40).splitlines()
    first = next(i for i, line in enumerate(lines) if "pass  " in line and "≤" not in line)
    assert lines[first + 1].startswith("     ")
    assert "≤" in lines[first + 1]


# -- speed-ups --------------------------------------------------------------------------------------------------

FASTER = SpeedupCheck(
    id="faster", title=Words(en="convolution faster", zh="卷积加速"), scenario="conv", tier=100, observe=("output",),
    norm="l2", tolerance=1e-4, required=5.0,
)  # fmt: skip
FIGURES = {"ratio": 57.31, "low": 50.04, "high": 64.2, "required": 5.0, "restarts": 3.0, "pairs": 5.0,
           "baseline_seconds": 0.075, "candidate_seconds": 0.00131}  # fmt: skip


@pytest.mark.parametrize(
    ("lang", "line"),
    [
        (Lang.EN, "     pass  convolution faster  57.3× [50, 64.2] ≥ 5×  3×5, 75 ms by loops, 1.31 ms here"),
        (Lang.ZH, "     通过  卷积加速  57.3 倍 [50, 64.2] ≥ 5 倍  3×5，循环版本 75 ms，提交版本 1.31 ms"),
    ],
)
def test_a_speed_up_has_its_interval_and_the_times_behind_it(monkeypatch, lang, line):
    spec = msgspec.structs.replace(SPEC, checks=(*SPEC.checks, FASTER))
    monkeypatch.setattr("tests.test_report.SPEC", spec)
    assert line in shown(card(CheckResult("faster", 100, Verdict.PASS, FIGURES)), lang).splitlines()


# -- JSON -------------------------------------------------------------------------------------------------------


def test_the_json_object_keeps_its_form():
    """Changing any of these names means a new `version`."""
    data = json.to_dict(RIGHT, SPEC, Lang.EN)
    assert list(data) == [
        "version", "lab", "profile", "handin", "checks", "levels", "isolation", "pack", "timings", "duels",
        "variant", "measures", "notes", "environment", "seconds", "title", "score", "ceiling", "final", "tiers",
    ]  # fmt: skip
    assert data["version"] == json.VERSION == 1
    assert list(data["checks"][0]) == ["id", "title", "tier", "verdict", "figures", "message", "why", "seconds"]
    assert list(data["tiers"][0]) == ["tier", "title", "reached", "reachable"]
    assert list(data["pack"]) == ["name", "digest", "disclosure", "weights"]
    assert list(data["isolation"]) == ["level", "layers", "inactive"]
    assert list(data["timings"][0]) == ["group", "student", "reference"]
    assert data["notes"][1] == {
        "id": "note.quick",
        "verdict": None,
        "message": render(text("note.quick"), Lang.EN),
        "why": {"key": "note.quick", "values": {}},
    }


def test_json_is_what_any_reader_reads():
    content = json.encode(card(wrong("conv", 60), notes=(text("note.quick"),)), SPEC, Lang.ZH)
    assert content.endswith(b"}\n")

    def no_constants(name):
        raise AssertionError(name)

    data = plain_json.loads(content, parse_constant=no_constants)
    assert data["checks"][0]["message"].startswith("相对误差 0.5")
    assert data["checks"][0]["why"]["key"] == "check.wrong_at"
    assert data["checks"][0]["title"] == "卷积层前向传播"
    assert (data["score"], data["ceiling"], data["final"]) == (0, 0, True)


def test_checks_count_and_notes_do_not():
    data = json.to_dict(RIGHT, SPEC, Lang.EN)
    assert {c["tier"] for c in data["checks"]} == {60, 80, 100}
    assert [n["id"] for n in data["notes"] if n["verdict"]] == ["loss.loss"]


def test_json_survives():
    assert json.decode(json.encode(RIGHT, SPEC, Lang.EN)) == RIGHT


def test_what_is_no_scorecard_is_refused():
    with pytest.raises((ValueError, KeyError)):
        json.decode(b"{}")
    data = json.to_dict(RIGHT, SPEC, Lang.EN)
    with pytest.raises(ValueError, match="profile"):
        json.decode(plain_json.dumps({**data, "profile": "slow"}).encode())


def test_reports_are_pure():
    assert dataclasses.replace(RIGHT) == RIGHT
    assert json.encode(RIGHT, SPEC, Lang.EN) == json.encode(RIGHT, SPEC, Lang.EN)
    assert shown(RIGHT) == shown(RIGHT)
