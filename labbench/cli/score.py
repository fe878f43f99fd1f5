"""`labbench score --lab LAB`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from labbench.cli.app import progress, status
from labbench.cli.base import PATH, option
from labbench.cli.base import command as define
from labbench.cli.output import Form, targets, write
from labbench.cli.strictness import STRICTNESS
from labbench.errors import ExitCode
from labbench.results import Level, Profile

if TYPE_CHECKING:
    from labbench.cli.app import App
    from labbench.cli.output import Target
    from labbench.results import Scorecard

#: What is said of an exit code.
_WHY = {ExitCode.BELOW: "score.below", ExitCode.NOT_FINAL: "score.not_final"}


@define(
    "score",
    "help.score",
    [
        option("--lab", required=True, help_key="help.lab"),
        option("--submission", type=PATH, default=Path(), help_key="help.submission"),
        option("--quick/--full", "quick", default=True, help_key="help.quick"),
        option("--pack", type=PATH, envvar="LABBENCH_PACK", help_key="help.pack"),
        option("--format", "forms", type=Form(), multiple=True, metavar=f"{Form.name}[=FILE]", help_key="help.format"),
        option("--output", type=PATH, help_key="help.output"),
        *STRICTNESS,
        option("--fail-under", type=click.IntRange(0, 100), metavar="N", help_key="help.fail_under"),
    ],
)
def command(
    app: App,
    lab: str,
    submission: Path,
    pack: Path | None,
    forms: tuple[Target, ...],
    output: Path | None,
    fail_under: int | None,
    required: str | None,
    *,
    quick: bool,
    allow_weak: bool,
) -> int:
    """Grade one hand-in."""
    from labbench import handin, labs
    from labbench.grading import Course, grade
    from labbench.policy import require
    from labbench.report.view import Report
    from labbench.task import prepare_for

    wanted = targets(forms, output, submission)
    plugin, spec = labs.find(lab)
    # Opened first: what is wrong with it shows before the weights are built.
    with handin.opened(submission, spec.files) as snapshot:
        with progress(app) as told:
            task = prepare_for(plugin, spec, Profile.QUICK if quick else Profile.FULL, pack, told)
        require(task.pack.identity, Level(required) if required else None, allow_weak=allow_weak)
        with status(app) as show:
            show(app.say("score.starting"))
            course = Course(lambda at: show(f"{at.scenario} {at.done}/{at.total}  {at.observation}"))
            card = grade(task, snapshot, course)
    write(app, Report(card, task.spec, task.lab.tables(card), app.lang), wanted)
    code = exit_code(card, fail_under)
    if code is not ExitCode.DONE:
        app.complain(app.say(_WHY[code], score=card.score, ceiling=card.ceiling, wanted=fail_under))
    return code


def exit_code(card: Scorecard, fail_under: int | None) -> ExitCode:
    """What a scorecard ends the command with."""
    if fail_under is not None:
        if card.ceiling < fail_under:
            return ExitCode.BELOW
        return ExitCode.DONE if card.score >= fail_under else ExitCode.NOT_FINAL
    return ExitCode.DONE if card.final else ExitCode.NOT_FINAL
