"""`labbench run LAB`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labbench.cli.app import progress, status
from labbench.cli.base import command as define
from labbench.cli.base import option
from labbench.errors import ExitCode
from labbench.texts import render

if TYPE_CHECKING:
    from labbench.cli.app import App
    from labbench.running import Assignment, Outcome, Step


@define(
    "run",
    "help.run",
    [
        click.argument("lab"),
        option("--submission", type=click.Path(path_type=Path), default=Path(), help_key="help.submission"),
        option("--image", type=click.Path(path_type=Path), help_key="help.image"),
        option("--weights", type=click.Path(path_type=Path), help_key="help.weights"),
        option("--main", "as_main", is_flag=True, help_key="help.main"),
    ],
)
def command(app: App, lab: str, submission: Path, image: Path | None, weights: Path | None, *, as_main: bool) -> int:
    """Do the lab's main job with the student's code."""
    from labbench import catalogue, labs
    from labbench.running import Assignment
    from labbench.vgg import weights as store

    entries = catalogue.load()
    name = catalogue.name_of(entries, lab)
    show = progress(app)
    found = store.resolve(weights, show) if weights is not None else store.preferred(show)
    what = Assignment(labs.load(name), entries.labs[name], submission, found.path)
    if as_main:
        return _run_main(app, what)
    code = _run(app, what, image)
    if found.source == "synthetic":
        app.remarks.print(app.say("run.synthetic"), style="dim", soft_wrap=True)
    return code


def _run(app: App, what: Assignment, image: Path | None) -> int:
    from labbench.running import run
    from labbench.vgg import pictures

    path = image if image is not None else pictures.picture(pictures.cat()).path
    pixels = pictures.square(pictures.open_rgb(path))
    app.console.print(app.say("run.start", lab=what.lab.name, image=path.name))
    with status(app) as show:
        show(app.say("run.reference"))

        def on_step(step: Step) -> None:
            app.console.print(_line(step), style="red" if step.wrong else "")
            left = f"{int(step.remaining) // 60}:{int(step.remaining) % 60:02}"
            show(app.say("run.next", name=step.following, left=left) if step.following else "")

        outcome = run(what, pixels, on_step)
    _report(app, outcome)
    return ExitCode.DONE if outcome.fault is None else ExitCode.BELOW


def _line(step: Step) -> str:
    """One line a layer: what, shape, time, error, time left."""
    error = "" if step.error is None else f"{step.error:.1e}"
    left = f"{int(step.remaining) // 60}:{int(step.remaining) % 60:02}"
    shape = "×".join(map(str, step.shape))
    return f"{step.done:>3}/{step.total}  {step.name:<12} {shape:<16} {step.seconds:8.3f} s  {error:>8}  {left:>6}"


def _report(app: App, outcome: Outcome) -> None:
    from labbench.report import terminal
    from labbench.vgg.classes import class_names

    app.console.print()
    if outcome.fault is not None:
        where = app.say("run.stopped_at", name=outcome.stopped_at) if outcome.stopped_at else app.say("run.stopped")
        app.console.print(f"{where} {render(outcome.fault.why, app.lang)}", style="red")
    for class_id, probability in outcome.best:
        name = class_names()[class_id] if class_id < len(class_names()) else ""
        app.console.print(f"{probability:8.4f}  {class_id:>4}  {name}")
    if outcome.table is not None:
        app.console.print()
        app.console.print(terminal.lab_table(outcome.table, app.lang))
    if outcome.timings:
        app.console.print(terminal.timing_table(outcome.timings, app.lang))
    app.console.print(app.say("run.time", layers=f"{outcome.seconds:.2f}", loading=f"{outcome.loading:.2f}"))
    if outcome.exit.used:
        app.console.print(app.say("note.compat", used=", ".join(outcome.exit.used)), style="dim")
    if outcome.exit.output.strip():
        app.console.print(app.say("run.printed"), style="dim")
        app.console.print(outcome.exit.output.rstrip(), style="dim")


def _run_main(app: App, what: Assignment) -> int:
    from labbench.running import run_file
    from labbench.worker.faults import Cleaner

    cleaner = Cleaner()

    def echo(data: bytes) -> None:
        sys.stdout.write(cleaner.feed(data))
        sys.stdout.flush()

    fault = run_file(what, echo)
    if fault is None:
        return ExitCode.DONE
    app.complain(render(fault.why, app.lang))
    return ExitCode.BELOW
