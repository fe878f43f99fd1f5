"""`score --format FORM[=FILE]`: where each report goes, and what GitHub gets; the last lines of `grade`."""

from __future__ import annotations

import io
import json
import time

import pytest
from rich.console import Console

from labbench.cli.app import App, progress
from labbench.cli.grade import _summary
from labbench.cli.output import Target, targets, write
from labbench.errors import LabbenchError
from labbench.report import formats
from labbench.results import Gradebook, Row, Student
from labbench.texts import Lang
from tests import books
from tests.test_cli import run
from tests.test_formats import reported, run_log


@pytest.fixture(autouse=True)
def _not_on_github(monkeypatch):
    for name in ("GITHUB_ACTIONS", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)


def test_a_table_goes_to_stdout_unless_something_else_is_asked_for(tmp_path):
    file = tmp_path / "a"
    assert targets([], None) == (Target("table"),)
    assert targets([], file) == (Target("table", file),)
    assert targets([Target("json")], None) == (Target("json"),)
    assert targets([Target("json", file)], None) == (Target("json", file),)
    both = [Target("table"), Target("json", file)]
    assert targets(both, None) == tuple(both)
    assert targets(both, tmp_path / "b") == (Target("table", tmp_path / "b"), Target("json", file))


@pytest.mark.parametrize(
    ("asked", "output", "key"),
    [
        ([Target("table"), Target("json")], None, "output.several"),
        ([Target("table"), Target("json")], "a", "output.several"),
        ([Target("json", "a")], "b", "output.for_nothing"),
        ([Target("json", "a"), Target("html", "a")], None, "output.twice"),
        ([Target("json"), Target("html", "a")], "a", "output.twice"),
        ([Target("json", "a"), Target("html", "no/../a")], None, "output.twice"),
        ([Target("json", ".")], None, "output.is_folder"),
        ([Target("json", "no/where")], None, "output.no_folder"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_graded(tmp_path, asked, output, key):
    placed = [Target(t.form, t.file and tmp_path / t.file) for t in asked]
    with pytest.raises(LabbenchError) as refused:
        targets(placed, output and tmp_path / output)
    assert refused.value.text.key == key
    assert list(tmp_path.iterdir()) == []


def test_no_report_is_written_over_the_hand_in(tmp_path):
    (tmp_path / "a.zip").touch()
    with pytest.raises(LabbenchError) as refused:
        targets([Target("json", tmp_path / "a.zip")], None, tmp_path / "a.zip")
    assert refused.value.text.key == "output.is_input"


def test_what_github_does_not_let_write_is_said_in_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path))
    with pytest.raises(LabbenchError) as refused:
        write(App(Lang.EN), books.report(books.WRONG), [Target("github")])
    assert refused.value.text.key == "output.not_written"


def test_every_format_in_one_run(capsysbinary, tmp_path):
    wanted = [Target(form, tmp_path / f"card-{form}") for form in formats.SCORECARD]
    write(App(Lang.EN), books.report(books.WRONG), wanted)
    out, err = capsysbinary.readouterr()
    assert out == b""
    assert err.decode().count("Score 60; the report is in ") == len(wanted)
    for target in wanted:
        if target.form != "github":  # random
            expected = formats.SCORECARD[target.form].of_scorecard(books.report(books.WRONG))
            assert target.file.read_bytes() == expected


def test_one_to_stdout_and_another_to_a_file(capsysbinary, tmp_path):
    write(App(Lang.ZH), books.report(books.RIGHT, Lang.ZH), [Target("json"), Target("html", tmp_path / "a.html")])
    out, err = capsysbinary.readouterr()
    assert json.loads(out)["score"] == 100
    assert "a.html" in err.decode()
    assert b"<!DOCTYPE html>" in (tmp_path / "a.html").read_bytes()


def test_nothing_is_written_if_one_report_cannot_be_made(monkeypatch, tmp_path):
    monkeypatch.setitem(formats.SCORECARD, "html", formats.Format("html.no_such_function", ""))
    with pytest.raises(AttributeError):
        write(App(Lang.EN), books.report(books.RIGHT), [Target("json", tmp_path / "a"), Target("html", tmp_path / "b")])
    assert list(tmp_path.iterdir()) == []


def test_github_gets_outputs_and_a_summary_after_what_is_there(capsysbinary, monkeypatch, tmp_path):
    outputs, summary = tmp_path / "outputs", tmp_path / "summary"
    outputs.write_text("before=1\n")
    monkeypatch.setenv("GITHUB_OUTPUT", str(outputs))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    write(App(Lang.EN), books.report(books.WRONG), [Target("json")])
    assert (outputs.read_text(), summary.exists()) == ("before=1\n", False)
    write(App(Lang.EN), books.report(books.WRONG), [Target("github")])
    found = dict(line.split("=", 1) for line in outputs.read_text().splitlines())
    assert found["before"] == "1"
    assert reported(found["result"]) == (True, (60.0, 60), 100)
    assert summary.read_text().startswith("## 3-3 Style transfer\n")
    summary.write_bytes(b"x" * 1024 * 1024)
    write(App(Lang.EN), books.report(books.WRONG), [Target("github")])
    assert summary.stat().st_size == 1024 * 1024


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_what_people_read_in_githubs_log_is_guarded(capsysbinary, monkeypatch, form):
    hostile = books.report(books.hostile(books.HOSTILE[3]), words="\n::error::x\n##[add-mask]y")
    write(App(Lang.EN), hostile, [Target(form)])
    assert b"stop-commands" not in capsysbinary.readouterr().out
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    write(App(Lang.EN), hostile, [Target(form)])
    out = capsysbinary.readouterr().out.decode()
    assert out.startswith("::stop-commands::")
    assert run_log(out) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("--format", "xml"), "--format: got xml, expected table, json, markdown, html, junit, gradescope, github,"),
        (("--format", "json="), "--format: got json=, expected table,"),
        (("--format", "json", "--format", "junit"), "json, junit cannot all go to the same place; name files, like"),
        (("--format", "json=a", "--format", "junit=a"), "Two formats would be written to a;"),
        (("--format", "json=no/a"), "there is no folder"),
        (("--format", "json=a", "--output", "b"), "--output b is for nothing"),
    ],
)
def test_refusals_are_sentences(capsys, monkeypatch, tmp_path, line, said):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, "score", "--lab", "3-1", *line)
    assert (code, out) == (2, "")
    assert said in " ".join(err.split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["scorecard", "gradebook"])
def test_the_schemas_can_be_printed(capsys, kind):
    code, out, err = run(capsys, "schema", kind)
    assert (code, err) == (0, "")
    assert json.loads(out)["$id"] == f"urn:labbench:{kind}:1"


def test_an_unknown_schema_is_refused(capsys):
    code, out, err = run(capsys, "schema", "student")
    assert (code, out) == (2, "")
    assert "There is no schema student; there are:" in err


def test_the_last_lines_on_a_class_count_every_kind_of_row(capsys, tmp_path):
    ann = Student("ann")
    rows = [
        *(Row(ann, "3-3", "ann", card) for card in (books.RIGHT, books.WRONG, books.UNCLEAR)),
        Row(ann, "3-3", ""),
        *2 * [Row(ann, "3-3", "ann.zip")],
        *3 * [Row(ann, "3-3", "ann", blameless=True)],
        *4 * [Row(ann, "3-3", "", blameless=True)],
    ]
    assert _summary(App(Lang.EN), Gradebook(("3-3",), rows), tmp_path) == 4
    graded, undecided, unclear = capsys.readouterr().out.splitlines()
    assert graded.startswith("Graded 5 of 13 (1 handed in nothing, 2 cannot be read).")
    assert undecided.startswith("1 undecided on a busy machine, 3 failed on our side;")
    assert "4 rows have no grade" in unclear
    assert _summary(App(Lang.EN), Gradebook(("3-3",), rows[:2]), tmp_path) == 0
    assert "undecided" not in capsys.readouterr().out


def test_on_a_terminal_progress_is_one_line_that_changes(monkeypatch):
    app, screen = App(Lang.EN), io.StringIO()
    for name in ("console", "remarks"):
        monkeypatch.setitem(vars(app), name, Console(file=screen, force_terminal=True, width=80))
    with progress(app) as show:
        for fraction in (0.2, 0.4, 1.0):
            show("grade.reading", fraction)
            time.sleep(0.2)  # rich draws twelve times a second
    drawn = screen.getvalue().split("\r")
    assert any("Reading hand-ins  40%" in line for line in drawn)
    assert not any(line.count("%") > 1 for line in drawn)


def test_where_nobody_watches_there_is_no_progress(capsys):
    with progress(App(Lang.EN)) as show:
        show("grade.reading", 0.5)
    assert capsys.readouterr() == ("", "")
