"""Scorecards in other systems' formats, each read by the rules of the system that reads it, written here anew."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
from lxml import etree

from labbench.report import autolab, formats, github, gradescope, junit, markdown, prairielearn, view
from labbench.report.escape import visible
from labbench.results import Level, Verdict
from labbench.texts import Lang, keys, say
from tests import books
from tests.books import CARDS, HOSTILE, NOTHING, OURS, RIGHT, SPECS, UNCLEAR, WRONG, report

UNDECIDED = (UNCLEAR, OURS)
FINAL = tuple(card for card in CARDS.values() if card not in UNDECIDED)
EVERY = (*CARDS.values(), *map(books.hostile, HOSTILE))
#: For what renders slowly: all hostile words in one, a line each.
FEW = (*CARDS.values(), books.hostile("\n".join(HOSTILE)))
#: What a page, a spreadsheet or a terminal must never get raw: escape sequences, directions, NUL, halves of pairs.
RAW = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def test_the_cards_are_what_their_names_say():
    assert {name: (c.score, c.ceiling) for name, c in CARDS.items()} == {
        "right": (100, 100), "wrong": (60, 60), "nothing": (0, 0), "unclear": (80, 100), "ours": (60, 100),
        "noted": (60, 60),
    }  # fmt: skip


# -- all formats ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", formats.SCORECARD)
@pytest.mark.parametrize("lang", list(Lang))
def test_every_format_tells_every_scorecard(form, lang):
    for card in FEW:
        content = formats.SCORECARD[form].of_scorecard(report(card, lang, words=HOSTILE[0]))
        assert content.endswith(b"\n") or form == "html"
        content.decode()
        if form != "json":
            # JSON escapes for itself; its readers get the words as they are.
            assert RAW.findall(content.decode().replace("\r\n", "\n")) == []


@pytest.mark.parametrize("form", [f for f in formats.SCORECARD if f != "github"])
def test_formats_are_pure(form):
    encode = formats.SCORECARD[form].of_scorecard
    assert encode(report(WRONG)) == encode(report(WRONG))


@pytest.mark.parametrize("form", formats.SCORECARD)
@pytest.mark.parametrize("lang", list(Lang))
def test_our_own_failure_is_told_as_ours(form, lang):
    content = formats.SCORECARD[form].of_scorecard(report(OURS, lang)).decode()
    if form == "json":
        assert '"verdict": "internal"' in content
        return
    if form == "autolab":
        content = json.loads(f"[{content.splitlines()[-2]}]")[0].__repr__()
    said = re.sub(r"\s|%0A", "", content)
    assert re.sub(r"\s", "", say("report.ours", lang)) in said


# -- JUnit ------------------------------------------------------------------------------------------------------

XSD = etree.XMLSchema(etree.parse(Path(__file__).parent / "consumers" / "junit-10.xsd"))


def parsed(card, lang=Lang.EN):
    root = etree.fromstring(junit.encode(report(card, lang)))
    XSD.assertValid(root)
    return root


def test_the_schema_can_refuse():
    root = etree.fromstring(
        b"<testsuites><testsuite name='a'><testcase><properties/></testcase></testsuite></testsuites>"
    )
    assert not XSD.validate(root)


@pytest.mark.parametrize("card", EVERY)
def test_junit_is_valid_and_counts(card):
    (suite,) = parsed(card).findall("testsuite")
    cases = suite.findall("testcase")
    assert int(suite.get("tests")) == len(cases) == len(card.checks)
    for name, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.get(name)) == len(suite.findall(f"testcase/{kind}"))
    assert {tuple(sorted(c.attrib)) for c in cases} == {("classname", "name", "time")}
    assert all(re.fullmatch(r"\d+\.\d{3}", c.get("time")) for c in cases)
    assert len({(c.get("classname"), c.get("name")) for c in cases}) == len(cases)
    properties = {p.get("name"): p.get("value") for p in suite.findall("properties/property")}
    assert properties["score"] == str(card.score)
    assert properties["final"] == str(card.final).lower()


def test_who_is_to_blame_in_junit():
    def kinds(card):
        return {name: len(parsed(card).findall(f".//{name}")) for name in ("failure", "error", "skipped")}

    adam = len(next(c for c in SPECS["3-3"].checks if c.id == "adam").observe)
    assert kinds(RIGHT) == {"failure": 0, "error": 0, "skipped": 0}
    assert kinds(WRONG) == {"failure": 1 + adam, "error": 0, "skipped": 1}
    assert kinds(OURS) == {"failure": 0, "error": 2, "skipped": 0}
    assert kinds(UNCLEAR) == {"failure": 0, "error": 0, "skipped": 1}
    noted = books.scorecard({"adam_epsilon": Verdict.WRONG})
    assert noted.score == 100
    assert kinds(noted)["failure"] == kinds(noted)["error"] == 0
    assert {f.get("type") for f in parsed(WRONG).iter("failure")} == {"wrong", "shape"}


@pytest.mark.parametrize("card", CARDS.values())
def test_gitlab_shows_why(card):
    # It shows the text of the element, and parses that as what `type` says if it knows it.
    known = {"symbol", "date", "datetime", "dateTime", "duration", "integer", "float", "double", "decimal", "boolean",
             "string", "yaml", "base64Binary", "hexBinary", "file", "array"}  # fmt: skip
    for kind in ("failure", "error", "skipped"):
        for found in parsed(card).iter(kind):
            assert found.text == found.get("message")
            assert found.get("type") not in known


# -- Gradescope -------------------------------------------------------------------------------------------------

TOP = {"score", "execution_time", "output", "output_format", "test_output_format", "test_name_format", "visibility",
       "stdout_visibility", "extra_data", "tests", "leaderboard"}  # fmt: skip
TEST = {"score", "max_score", "status", "name", "name_format", "number", "output", "output_format", "tags",
        "visibility", "extra_data"}  # fmt: skip
FORMATS = {"text", "html", "simple_format", "md", "ansi"}
VISIBILITY = {"hidden", "after_due_date", "after_published", "visible"}


def read_by_gradescope(content):
    """The total it shows; None if it reports a failed autograder."""
    data = json.loads(content)
    assert set(data) <= TOP
    assert all(data[k] in FORMATS for k in ("output_format", "test_output_format", "test_name_format"))
    assert all(data[k] in VISIBILITY for k in ("visibility", "stdout_visibility"))
    for test in data["tests"]:
        assert set(test) <= TEST
        assert test.get("status") in (None, "passed", "failed")
        assert isinstance(test.get("number", ""), str)
        assert test.get("visibility", "visible") == "visible"  # a hidden one would hide the total
        assert "\r" not in test.get("output", "")
    for entry in data["leaderboard"]:
        assert set(entry) == {"name", "value", "order"}
        assert isinstance(entry["value"], float)
        assert entry["order"] in ("asc", "desc")
    scores = [t.get("score") for t in data["tests"]]
    if "score" not in data and None in scores:
        return None
    assert sum(t["max_score"] for t in data["tests"]) == 100  # the assignment's points
    assert sum(scores) == data["score"]
    return data["score"]


@pytest.mark.parametrize("card", EVERY)
def test_gradescope_shows_the_score_if_it_is_final(card):
    assert read_by_gradescope(gradescope.encode(report(card))) == (card.score if card.final else None)


def test_gradescope_gets_no_points_at_all_of_what_is_not_final():
    for card in UNDECIDED:
        data = json.loads(gradescope.encode(report(card)))
        assert "score" not in data
        assert all("score" not in t and "max_score" not in t for t in data["tests"])


def test_gradescope_blames_nobody_for_what_did_not_run():
    tests = {t.get("number"): t for t in json.loads(gradescope.encode(report(OURS)))["tests"]}
    ours = [t for t in tests.values() if "labbench's fault" in t["output" if "output" in t else "name"]]
    assert ours
    assert all("status" not in t for t in ours)
    assert "status" not in tests["80"]  # it could still be reached


def test_only_speedups_that_count_are_on_the_leaderboard():
    forbidden = books.scorecard({"speedup_conv": Verdict.FORBIDDEN})
    names = [e["name"] for e in json.loads(gradescope.encode(report(forbidden)))["leaderboard"]]
    assert len(names) == 3
    assert "speed-up of convolution, both together" not in names


# -- GitHub -----------------------------------------------------------------------------------------------------


def reported(payload):
    """What Classroom's reporter makes of a payload: (whether the job fails, points by either formula, maximum)."""
    results = json.loads(base64.b64decode(payload))
    assert set(results) >= {"version", "status", "tests"}
    assert results["status"] in ("pass", "fail", "error")
    for test in results["tests"]:
        assert test["status"] in ("pass", "fail", "error")
        assert isinstance(test["score"], int)
    failed = results["status"] in ("fail", "error")
    if not results["max_score"]:
        return failed, None, None
    passed = sum(t["status"] == "pass" for t in results["tests"])
    share = passed / len(results["tests"]) * results["max_score"]
    total = sum(t["score"] for t in results["tests"])
    return failed, (share, total), results["max_score"]


def outputs_of(card):
    lines = github.outputs(report(card)).decode().splitlines()
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize("card", EVERY)
@pytest.mark.parametrize("lang", list(Lang))
def test_what_the_reporter_prints_is_no_command(card, lang):
    tests = github.classroom(report(card, lang))["tests"]
    printed = [f"❌ {t['name']}\n\nError: {t['message']}\n" for t in tests]
    assert run_log("\n".join(printed)) == []


@pytest.mark.parametrize("card", EVERY)
def test_both_of_classrooms_formulas_agree(card):
    found = outputs_of(card)
    failed, points, top = reported(found["result"])
    assert failed is not (card.final and card.score == 100)
    if card.final:
        assert points == (card.score, card.score)
        assert top == 100
    else:
        assert (points, top) == (None, None)  # left out of the points
    assert (found["score"], found["final"]) == (str(card.score), str(card.final).lower())


COMMANDS = {"notice", "warning", "error", "group", "endgroup", "add-mask", "debug", "stop-commands", "set-output",
            "save-state", "set-env", "add-path", "add-matcher", "remove-matcher", "echo"}  # fmt: skip


def run_log(log):
    """GitHub's runner reads a log: the commands that it obeys, as (name, properties, data)."""
    obeyed, stopped = [], None
    for line in log.split("\n"):
        found = _v2(line) or _v1(line)
        if found is None:
            continue
        name, properties, data = found
        if stopped is not None:
            if name == stopped:
                stopped = None
            continue
        if name == "stop-commands":
            stopped = data
        elif name in COMMANDS:
            obeyed.append((name, properties, data))
    assert stopped is None
    return obeyed


def _v2(line):
    found = re.match(r"^::([^: ]+)(?: (.*?))?::(.*)$", line.lstrip())
    return found and (found[1], _properties(found[2] or "", ","), _unescaped(found[3]))


def _v1(line):
    """The old form is one anywhere in a line."""
    found = re.search(r"##\[([^\] ]+)(?: ([^\]]*))?\](.*)$", line)
    return found and (found[1], _properties(found[2] or "", ";"), found[3])


def _properties(words, separator):
    pairs = (part.split("=", 1) for part in words.split(separator) if "=" in part)
    return {name: _unescaped(value).replace("%3A", ":").replace("%2C", ",") for name, value in pairs}


def _unescaped(words):
    return words.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def test_the_runner_above_obeys_what_is_not_guarded():
    assert [n for n, _, _ in run_log("a\n  ::error::x\ny ##[add-mask]z")] == ["error", "add-mask"]
    assert run_log("::stop-commands::t\n::error::x\n::t::\n::notice title=a%3Ab::%250A") == [
        ("notice", {"title": "a:b"}, "%0A")
    ]


@pytest.mark.parametrize("card", FEW)
@pytest.mark.parametrize("lang", list(Lang))
def test_a_log_obeys_only_us(card, lang):
    told = report(card, lang, words="\n".join(HOSTILE[2:5]))
    obeyed = run_log(github.encode(told).decode())
    assert {name for name, _, _ in obeyed} <= {"error", "warning", "notice"}
    assert all(set(properties) == {"title"} for _, properties, _ in obeyed)
    titles = {group.title for tier in (None, 60, 80, 100) for group in told.groups(tier)}
    ours = {"Autograding complete", "Autograding report", told.title}
    assert all(p["title"] in ours or p["title"].split(": ")[0] in titles or
               any(p["title"].startswith(t) for t in titles) for _, p, _ in obeyed)  # fmt: skip
    assert len(obeyed) <= 10  # GitHub shows ten of each kind


@pytest.mark.parametrize("card", FINAL)
def test_classroom_finds_its_notices(card):
    notices = {p["title"]: data for name, p, data in run_log(github.encode(report(card)).decode()) if name == "notice"}
    assert notices["Autograding complete"] == f"Points {card.score}/100"
    assert json.loads(notices["Autograding report"]) == {"totalPoints": card.score, "maxPoints": 100}


@pytest.mark.parametrize("card", UNDECIDED)
def test_classroom_finds_none_of_what_is_not_final(card):
    obeyed = run_log(github.encode(report(card)).decode())
    assert [p["title"] for _, p, _ in obeyed if p["title"].startswith("Autograding")] == []
    assert any(name == "error" and "not final" in data for name, _, data in obeyed)


def test_the_worst_comes_first_and_no_more_than_there_is_room_for():
    checks = [c for c in SPECS["3-3"].checks if c.tier is not None and not hasattr(c, "required")]
    bad = books.scorecard({checks[0].id: Verdict.INTERNAL, **{c.id: Verdict.WRONG for c in checks[1:]}})
    obeyed = run_log(github.encode(report(bad)).decode())
    errors = [p["title"] for name, p, _ in obeyed if name == "error"]
    assert len(errors) == 10 - 2  # Classroom's notices must not be dropped
    assert errors[0].startswith(checks[1].title.en)
    assert not any(title.startswith(checks[0].title.en) for title in errors)


def test_no_two_tokens_are_the_same():
    first, second = (github.encode(report(RIGHT)).decode().split("\n")[0] for _ in range(2))
    assert first != second
    assert len(first.removeprefix("::stop-commands::")) >= 32


def test_a_summary_stays_below_githubs_bound():
    long = report(books.hostile("x" * 3_000_000))
    assert len(markdown.encode(long)) > github.SUMMARY_LIMIT == 1024 * 1024
    content = github.summary(long)
    assert 0 < len(content) <= github.SUMMARY_LIMIT
    assert content.decode().endswith("\n…\n")
    assert github.summary(report(RIGHT)) == markdown.encode(report(RIGHT))
    assert github.summary(report(RIGHT), 0) == b""


# -- Markdown ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", HOSTILE)
def test_markdown_has_no_markup_but_ours(words):
    content = markdown.encode(report(books.hostile(words), words=words)).decode()
    calm = markdown.encode(report(books.hostile("calm"), words="calm")).decode()
    bare = re.sub(r"\\.", "", content).replace("<br>", "")
    assert "<" not in bare
    assert "](" not in bare
    assert "`" not in re.sub(r"\\.", "", content)
    assert "://" not in bare
    assert not re.search(r"@\w", bare)
    marks = [line[:4] for line in calm.splitlines()]
    assert [line[:4] for line in content.splitlines()] == marks  # no line more, and each begins as ever
    assert bare.count("|") == re.sub(r"\\.", "", calm).count("|")


# -- PrairieLearn -----------------------------------------------------------------------------------------------


def read_by_prairielearn(content):
    """The score that is recorded, 0 to 1; None if the attempt is given back."""
    assert len(content) <= 1024 * 1024
    data = json.loads(content)
    for test in data["tests"]:
        assert {"name", "points", "max_points"} <= set(test) <= {"name", "description", "points", "max_points",
                                                                 "message", "output", "images"}  # fmt: skip
        assert 0 <= test["points"] <= test["max_points"]
    if data["gradable"] is False:
        assert all(isinstance(e, str) for e in data["format_errors"])
        assert "score" not in data
        return None
    assert 0.0 <= data["score"] <= 1.0
    assert sum(t["points"] for t in data["tests"]) / sum(t["max_points"] for t in data["tests"]) == data["score"]
    return data["score"]


@pytest.mark.parametrize("card", EVERY)
def test_prairielearn_records_the_score_if_it_is_final(card):
    assert read_by_prairielearn(prairielearn.encode(report(card))) == (card.score / 100 if card.final else None)


def test_prairielearn_shows_what_failed_before_it_is_opened():
    tests = json.loads(prairielearn.encode(report(WRONG)))["tests"]
    marked = [t["name"] for t in tests if t["max_points"] == 0 and say("verdict.pass", Lang.EN) not in t["name"]]
    wrong = {c.check.partition(".")[0] for c in WRONG.checks if c.verdict is not Verdict.PASS}
    assert len(marked) == len(wrong) > 1


def test_prairielearn_gets_less_than_a_megabyte():
    assert read_by_prairielearn(prairielearn.encode(report(books.hostile("x" * 3_000_000)))) == 0


# -- Autolab ----------------------------------------------------------------------------------------------------


def read_by_autolab(content):
    """Scores and scoreboard, as its Ruby reads the last line; None where it reports an error."""
    lines = content.decode().rstrip().split("\n")
    last = re.sub(r"([a-zA-Z0-9]+):", r'"\1":', lines[-1])
    try:
        data = json.loads(last)
    except ValueError:
        return None
    return (data["scores"], data["scoreboard"]) if data["scores"] else None


def test_the_reader_above_stumbles_as_autolab_does():
    assert read_by_autolab(b'{"scores": {"Time: 5": 1}, "scoreboard": []}') is None


@pytest.mark.parametrize("card", FEW)
@pytest.mark.parametrize("lang", list(Lang))
def test_autolab_reads_the_last_line(card, lang):
    content = autolab.encode(report(card, lang))
    found = read_by_autolab(content)
    if not card.final:
        assert found is None
        return
    scores, scoreboard = found
    assert scores == {"3-3": card.score}
    assert len(scoreboard) == 4  # Autolab knows columns by their place
    assert all(isinstance(v, float) for v in scoreboard)
    assert content.splitlines()[-1].isascii()


def test_autolabs_columns_stay_where_they_are():
    slow = books.scorecard({"speedup_conv_backward": Verdict.WRONG})
    _, scoreboard = read_by_autolab(autolab.encode(report(slow)))
    _, best = read_by_autolab(autolab.encode(report(RIGHT)))
    assert 0 not in best
    assert [i for i, value in enumerate(scoreboard) if value == 0] == [1]


@pytest.mark.parametrize("card", FEW)
def test_autolab_shows_the_stages(card):
    lines = autolab.encode(report(card)).decode().rstrip().split("\n")
    shown = json.loads(lines[-2])
    assert shown["_presentation"] == "semantic"
    assert set(shown) == {"_presentation", "stages", *shown["stages"]}
    for stage in shown["stages"]:
        assert all(isinstance(step["passed"], bool) for step in shown[stage].values())
    passed = [step["passed"] for stage in shown["stages"] for step in shown[stage].values()]
    assert all(passed) is (card.score == 100)


# -- words ------------------------------------------------------------------------------------------------------


def test_what_is_written_out_can_be_told_apart():
    assert visible("a\x1b[0m\u202eb\ud800\tc\nd") == "a\\x1b[0m\\u202eb\\ud800\tc\nd"
    assert visible("张三 é 👩‍💻") == "张三 é 👩‍💻"


def test_every_verdict_has_an_outcome():
    assert {v for v in Verdict if view.outcome(v) is view.Outcome.PASSED} == {Verdict.PASS}
    assert {v for v in Verdict if view.outcome(v) is view.Outcome.OURS} == {Verdict.INTERNAL}
    assert {v for v in Verdict if view.outcome(v) is view.Outcome.SKIPPED} == {Verdict.SKIPPED, Verdict.INCONCLUSIVE}


def test_a_group_that_is_partly_ours_is_the_hand_ins():
    mixed = books.scorecard({"conv.output": Verdict.INTERNAL, "conv.bottom_diff": Verdict.WRONG})
    assert report(mixed).groups(60)[0].outcome is view.Outcome.FAILED
    assert report(NOTHING).groups(60)[0].outcome is view.Outcome.FAILED
    assert report(books.scorecard(level=Level.LIMITED)).subtitle.endswith("limited")


def test_states_have_their_words():
    assert {k for k in keys() if k.startswith("state.")} == {
        f"state.{s}" for s in ("final", "undecided", "failed", "unread", "missing")
    }
