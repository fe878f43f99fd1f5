"""`labbench run LAB`, where the job is to classify pictures on a device."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labbench.cli.app import clock, status
from labbench.cli.run_end import printed
from labbench.errors import ExitCode, LabbenchError
from labbench.labs import Inference
from labbench.texts import joined, render

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from labbench.cli.app import App
    from labbench.inferring import Batch, Classified, Ending
    from labbench.running import Assignment


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for; None: the default."""

    image: Path | None
    file_list: Path | None
    own: float | None


def on_real_device(app: App, what: Assignment) -> Assignment:
    """The same with the vendor's library, if there is one; says so.

    Raises:
        LabbenchError: none is installed.
    """
    from labbench.worker import installed

    names = tuple(what.lab.variants)
    libraries = installed.find(names, what.job(Inference).variables)
    if not libraries.folders:
        raise LabbenchError("run.no_library", library=" / ".join(names))
    app.remarks.print(app.say("run.real", layers=", ".join(installed.IN_THE_WAY)), style="yellow", soft_wrap=True)
    return what.on_device(libraries)


def infer(app: App, what: Assignment, request: Request) -> ExitCode:
    """Classify pictures with the student's net; show the classes, how often they are right, and the times."""
    from labbench import inferring

    batch = _batch(what, request)
    with status(app) as show:
        screen = _Screen(app, what, batch, show)
        show(app.say("run.loading"))
        ending = inferring.infer(what, batch, screen)
    _report(app, screen.seen, ending)
    return ExitCode.DONE if ending.fault is None else ExitCode.BELOW


def _batch(what: Assignment, request: Request) -> Batch:
    from labbench import inferring, labs
    from labbench.running import Assignment
    from labbench.vgg import filelist

    job = what.job(Inference)
    listed = filelist.read(request.file_list) if request.file_list is not None else ()
    image = request.image if listed else request.image or job.picture
    images = (filelist.Labelled(image, None), *listed) if image is not None else listed
    lab, spec = labs.find(job.processor)
    processor = Assignment(lab, spec, lab.reference, what.weights)
    return inferring.Batch(images, processor, request.own)


@dataclass(slots=True)
class _Screen:
    """Shows how it goes; `seen` are the pictures that have been classified."""

    app: App
    what: Assignment
    batch: Batch
    show: Callable[[str], None]
    seen: list[Classified] = field(default_factory=list)

    def chosen(self, library: str) -> None:
        """What is done, and by which library; nothing is said before, for it may be refused."""
        images = self.batch.images
        key = "run.inference" if len(images) == 1 else "run.inferences"
        said = self.app.say(key, lab=self.what.lab.name, count=len(images), image=images[0].path.name)
        self.app.console.print(said, soft_wrap=True)
        real = self.what.libraries
        said = (
            self.app.say("run.library", library=library)
            if real is None
            else self.app.say("run.library_real", library=library, folder=real.folders[library])
        )
        self.app.console.print(said, soft_wrap=True)

    def loaded(self, name: str, done: int, total: int) -> None:
        """In place where there is a terminal, else a line a layer."""
        said = self.app.say("run.loaded", name=name, done=done, total=total)
        self.show(said)
        if not self.app.console.is_terminal:
            self.app.console.print(said, style="dim")

    def classified(self, seen: Classified) -> None:
        """The five best classes of a picture."""
        from labbench.vgg.classes import class_name

        self.seen.append(seen)
        self.app.console.print()
        self.app.console.print(_heading(self.app, seen), style="bold", soft_wrap=True)
        for class_id, probability in seen.best:
            self.app.console.print(f"{probability:8.4f}  {class_id:>4}  {class_name(class_id)}", soft_wrap=True)
        self.show(self.app.say("run.classifying", left=clock(seen.remaining)))

    def comparing(self) -> None:
        """The reference runs on the processor."""
        self.show(self.app.say("run.comparing"))


def _heading(app: App, seen: Classified) -> str:
    from labbench.vgg.classes import class_name

    heading = f"{seen.number}/{seen.total}  {seen.picture.path.name}"
    label = seen.picture.label
    if label is None:
        return heading
    result = app.say("run.top1" if seen.right else "run.top5" if seen.among else "run.missed")
    return f"{heading}  {app.say('run.label', label=label, name=class_name(label), result=result)}"


def _report(app: App, seen: list[Classified], ending: Ending) -> None:
    from labbench.report import terminal

    app.console.print()
    labelled = [one for one in seen if one.picture.label is not None]
    if labelled:
        app.console.print(_accuracy(app, labelled))
    if ending.fault is not None:
        app.console.print(joined(app.say("run.stopped"), render(ending.fault.why, app.lang)), style="red")
    for table in ending.tables:
        app.console.print(terminal.lab_table(table, app.lang))
    for remark in ending.remarks:
        app.console.print(render(remark, app.lang), style="dim")
    printed(app, ending.exit)


def _accuracy(app: App, seen: list[Classified]) -> str:
    total, top1, top5 = len(seen), sum(one.right for one in seen), sum(one.among for one in seen)
    shares = {"share1": f"{top1 / total:.1%}", "share5": f"{top5 / total:.1%}"}
    return app.say("run.accuracy", total=total, top1=top1, top5=top5, **shares)
