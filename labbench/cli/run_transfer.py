"""`labbench run LAB`, where the job is a style transfer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labbench.cli.app import clock, status
from labbench.cli.run_end import printed
from labbench.errors import ExitCode
from labbench.labs import Transfer
from labbench.texts import joined, render

if TYPE_CHECKING:
    from labbench.album import Album
    from labbench.cli.app import App
    from labbench.labs import Case
    from labbench.painting import Ending, Painted
    from labbench.running import Assignment


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for; None: the default."""

    content: Path | None
    style: Path | None
    steps: int | None
    size: tuple[int, int] | None
    out: Path | None


def transfer(app: App, what: Assignment, request: Request) -> ExitCode:
    """Let the student's code make a picture; on Ctrl-C or SIGTERM, too, what was made is kept."""
    from labbench.album import Album
    from labbench.cli import Terminated
    from labbench.vgg import pictures

    job = what.job(Transfer)
    content, style = request.content or job.content, request.style or job.style
    steps = request.steps or job.steps
    original = pictures.open_rgb(content)
    height, width = request.size or pictures.proportional(original)
    case = job.case(
        pictures.resized(original, height, width), pictures.resized(pictures.open_rgb(style), height, width), steps
    )
    album = Album(request.out or Path(f"labbench-{what.lab.name}"), steps)
    names = {"content": content.name, "style": style.name}
    app.console.print(app.say("run.transfer", lab=what.lab.name, **names, steps=steps, height=height, width=width))
    try:
        ending = _paint(app, what, case, album)
    except (KeyboardInterrupt, Terminated):
        _finish(app, case, album)
        raise
    return _report(app, case, album, ending)


def _paint(app: App, what: Assignment, case: Case, album: Album) -> Ending:
    from labbench.painting import paint

    with status(app) as show:
        show(app.say("run.preparing"))

        def on_step(step: Painted) -> None:
            album.add(step.number, step.picture, (step.content, step.style))
            app.console.print(_line(step) if step.number else app.say("run.estimate", left=clock(step.remaining)))
            if not step.number:
                app.console.print(app.say("run.transfer_columns"))
            following, left = min(step.number + 1, step.total), clock(step.remaining)
            show(app.say("run.step", number=following, total=step.total, left=left))

        return paint(what, case, on_step)


def _line(step: Painted) -> str:
    """One line a step: losses, their sum, seconds, time left."""
    losses = f"{step.content:10.4g}  {step.style:10.4g}  {step.content + step.style:10.4g}"
    return f"{step.number:>5}/{step.total}  {losses}  {step.seconds:8.2f} s  {clock(step.remaining):>7}"


def _report(app: App, case: Case, album: Album, ending: Ending) -> ExitCode:
    if ending.fault is not None:
        after = album.last()
        said = (
            app.say("run.stopped_after", number=after[0], total=case.params["steps"])
            if after
            else app.say("run.stopped")
        )
        app.console.print(joined(said, render(ending.fault.why, app.lang)), style="red")
        _hint_at_size(app, case)
    _finish(app, case, album)
    printed(app, ending.exit)
    return ExitCode.DONE if ending.fault is None else ExitCode.BELOW


def _hint_at_size(app: App, case: Case) -> None:
    """Many a right hand-in is made for maps of even sides only, as the course has them."""
    from labbench.vgg import pictures

    height, width = case.images["content"].shape[:2]
    even = tuple(map(pictures.halvable, (height, width)))
    if even != (height, width):
        app.console.print(app.say("run.odd_maps", height=height, width=width, even=f"{even[0]}x{even[1]}"))


def _finish(app: App, case: Case, album: Album) -> None:
    """Keep the last picture, draw the figures, say where they are."""
    last = album.last()
    if last is None:
        app.console.print(app.say("run.nothing_made"))
        return
    number, path = last
    app.console.print(app.say("run.kept", number=number, total=case.params["steps"], path=str(path)), soft_wrap=True)
    figures = album.figures(case.images["content"], case.images["style"], app.lang)
    if figures is not None:
        table, curve = figures
        app.console.print(app.say("run.drawn", table=str(table), curve=str(curve)), soft_wrap=True)
