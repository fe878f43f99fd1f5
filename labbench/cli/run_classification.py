"""`labbench run LAB`, where the job is a classification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labbench.cli.app import clock, status
from labbench.cli.run_end import printed
from labbench.errors import ExitCode
from labbench.texts import joined, render

if TYPE_CHECKING:
    from pathlib import Path

    from labbench.cli.app import App
    from labbench.running import Assignment, Outcome, Step


def classify(app: App, what: Assignment, image: Path | None) -> ExitCode:
    """Show what each layer of the student's net makes of a picture, and the classes."""
    from labbench.running import run
    from labbench.vgg import pictures

    path = image if image is not None else pictures.picture(pictures.cat()).path
    pixels = pictures.square(pictures.open_rgb(path))
    app.console.print(app.say("run.start", lab=what.lab.name, image=path.name))
    with status(app) as show:
        show(app.say("run.reference"))

        def on_step(step: Step) -> None:
            app.console.print(_line(step), style="red" if step.wrong else "")
            show(app.say("run.next", name=step.following, left=clock(step.remaining)) if step.following else "")

        outcome = run(what, pixels, on_step)
    _report(app, outcome)
    return ExitCode.DONE if outcome.fault is None else ExitCode.BELOW


def _line(step: Step) -> str:
    """One line a layer: what, shape, time, error, time left."""
    error = "" if step.error is None else f"{step.error:.1e}"
    shape = "×".join(map(str, step.shape))
    left = clock(step.remaining)
    return f"{step.done:>3}/{step.total}  {step.name:<12} {shape:<16} {step.seconds:8.3f} s  {error:>8}  {left:>6}"


def _report(app: App, outcome: Outcome) -> None:
    from labbench.report import terminal
    from labbench.vgg.classes import class_name

    app.console.print()
    if outcome.fault is not None:
        where = app.say("run.stopped_at", name=outcome.stopped_at) if outcome.stopped_at else app.say("run.stopped")
        app.console.print(joined(where, render(outcome.fault.why, app.lang)), style="red")
    for class_id, probability in outcome.best:
        app.console.print(f"{probability:8.4f}  {class_id:>4}  {class_name(class_id)}")
    if outcome.table is not None:
        app.console.print()
        app.console.print(terminal.lab_table(outcome.table, app.lang))
    if outcome.timings:
        app.console.print(terminal.timing_table(outcome.timings, app.lang))
    app.console.print(app.say("run.time", layers=f"{outcome.seconds:.2f}", loading=f"{outcome.loading:.2f}"))
    printed(app, outcome.exit)
