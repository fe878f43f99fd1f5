"""Where reports go: `--format FORM[=FILE]`, as often as you like, and `--output FILE`."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labbench.cli.streams import print_bytes
from labbench.errors import LabbenchError, reason
from labbench.report.formats import SCORECARD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labbench.cli.app import App
    from labbench.report.view import Report

#: What people read. In a log of GitHub's, what a hand-in says there must not be a command.
_FOR_PEOPLE = ("table", "markdown")


@dataclass(frozen=True, slots=True)
class Target:
    """One report that is asked for: its format, and its file; None is stdout."""

    form: str
    file: Path | None = None


class Form(click.ParamType[Target]):
    """FORM or FORM=FILE."""

    name = "|".join(SCORECARD)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Target:
        """The target of one `--format`."""
        form, given, file = str(value).partition("=")
        if form not in SCORECARD or (given and not file):
            self.fail(str(value), param, ctx)
        return Target(form, Path(file) if given else None)


def targets(asked: Sequence[Target], output: Path | None, spared: Path | None = None) -> tuple[Target, ...]:
    """All reports that are asked for; every file can be written.

    Args:
        asked: By `--format`; a table if it is nothing.
        output: `--output`: the file for what has none of its own.
        spared: The hand-in; no report is written over it.

    Raises:
        LabbenchError: two would go to the same place, `--output` is for nothing, or a file cannot be written.
    """
    from labbench.files import check_writable

    asked = asked or [Target("table")]
    loose = [t.form for t in asked if t.file is None]
    if len(loose) > 1:
        raise LabbenchError("output.several", forms=", ".join(loose), form=loose[1])
    if output is not None and not loose:
        raise LabbenchError("output.for_nothing", path=str(output))
    found = tuple(Target(t.form, t.file or output) for t in asked)
    files = [t.file for t in found if t.file is not None]
    places = [os.path.realpath(file) for file in files]
    for file, place in zip(files, places, strict=True):
        if places.count(place) > 1:
            raise LabbenchError("output.twice", path=str(file))
        check_writable(file, spared)
    return found


def write(app: App, report: Report, wanted: Sequence[Target]) -> None:
    """Write all reports: none before all of them are made."""
    from labbench.files import write_atomically

    contents = [(target, _content(app, report, target)) for target in wanted]
    for target, content in contents:
        if target.file is not None:
            write_atomically(target.file, content)
            said = app.say("score.written", path=str(target.file), score=report.card.score)
            app.remarks.print(said, soft_wrap=True)
    if any(target.form == "github" for target in wanted):
        _publish(report)
    for target, content in contents:
        if target.file is None:
            print_bytes(content)


def _content(app: App, report: Report, target: Target) -> bytes:
    content = SCORECARD[target.form].of_scorecard
    if target.file is not None or target.form not in _FOR_PEOPLE:
        return content(report)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from labbench.report import github

        return github.guarded(content(report).decode(), github.token()).encode()
    if target.form == "table":
        from labbench.report import terminal

        with app.console.capture() as captured:
            app.console.print(terminal.scorecard(report.card, report.spec, report.tables, report.lang))
        return captured.get().encode(sys.stdout.encoding, "backslashreplace")
    return content(report)


def _publish(report: Report) -> None:
    """Add to the files that GitHub gives a step for its outputs and its summary."""
    from labbench.report import github

    outputs, summary = (os.environ.get(name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"))
    if outputs:
        _append(Path(outputs), github.outputs(report))
    if summary:
        there = Path(summary).stat().st_size if Path(summary).exists() else 0
        _append(Path(summary), github.summary(report, github.SUMMARY_LIMIT - there))


def _append(path: Path, content: bytes) -> None:
    try:
        with path.open("ab") as file:
            file.write(content)
    except OSError as error:
        raise LabbenchError("output.not_written", path=str(path), reason=reason(error)) from error
