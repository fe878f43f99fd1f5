"""A lab's main job on a student's code, `labbench run`: pictures classified on a device, emulated or real.

The harness loops: it loads a picture, runs the net and reads the probabilities, for a student's own loop is often bound
to names that exist only when their file is the main one. Then a reference does the same on the processor.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from labbench.checks.classification import best
from labbench.checks.closeness import nonfinite
from labbench.errors import LabbenchError
from labbench.labs import Inference, Timed
from labbench.observe import observe, walked
from labbench.results import Fault, Verdict, text
from labbench.running import reference_seconds
from labbench.texts.untrusted import clean
from labbench.vgg import pictures
from labbench.worker.remote import Spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from labbench.labs import Table
    from labbench.results import Observation, Text
    from labbench.running import Assignment
    from labbench.vgg.filelist import Labelled
    from labbench.worker.session import Exit

#: Names of layers are the hand-in's.
_NAME_LIMIT = 40
#: A device's probabilities come as a tuple.
_PROBABILITIES = Spec(limit=1 << 20, sequence=True)


@dataclass(frozen=True, slots=True)
class Classified:
    """A picture that has just been classified.

    Attributes:
        number: Which one, from 1, out of `total`.
        picture: The picture.
        best: The five most probable classes with their probabilities.
        seconds: Wall seconds of a forward pass, the last.
        remaining: In how many seconds the last picture will probably have been classified.
    """

    number: int
    total: int
    picture: Labelled
    best: tuple[tuple[int, float], ...]
    seconds: float
    remaining: float

    @property
    def right(self) -> bool:
        """Whether the true class is the most probable one."""
        return self.best[0][0] == self.picture.label

    @property
    def among(self) -> bool:
        """Whether the true class is among the five."""
        return any(number == self.picture.label for number, _ in self.best)


class Audience(Protocol):
    """Who is told how it goes, as it goes."""

    def chosen(self, library: str) -> None:
        """The hand-in uses this library."""

    def loaded(self, name: str, done: int, total: int) -> None:
        """So many layers of the emulated device have their parameters, this one since now."""

    def classified(self, seen: Classified) -> None:
        """A picture has been classified."""

    def comparing(self) -> None:
        """The reference runs on the processor."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended: why it broke off, if it did; the tables and what is to be said of them; the session's end."""

    fault: Fault | None
    tables: tuple[Table, ...]
    remarks: tuple[Text, ...]
    exit: Exit


@dataclass(frozen=True, slots=True)
class Batch:
    """What to classify, and what to compare its time with.

    Attributes:
        images: The pictures.
        processor: The reference of the lab that does the same on the processor.
        own: The student's own seconds for that lab, if they said.
    """

    images: tuple[Labelled, ...]
    processor: Assignment
    own: float | None


def infer(what: Assignment, batch: Batch, audience: Audience) -> Ending:
    """Classify pictures.

    Raises:
        LabbenchError: the hand-in or a picture cannot be read, the lab's job is another one, or the library that the
            hand-in uses is not installed where it is to run on a real device.
    """
    job = what.job(Inference)
    images = [pictures.square(pictures.open_rgb(image.path)) for image in batch.images]
    with (
        what.workers() as workers,
        what.opened() as snapshot,
        what.lab.workspace(snapshot.package, what.weights) as workspace,
    ):
        library = what.lab.choice(snapshot.package)
        if what.libraries is not None and library not in what.libraries.folders:
            raise LabbenchError("run.no_library", library=library)
        audience.chosen(library)
        case = job.case(library, images, job.forwards)
        workspace.add_images(case.image_files())
        service = None
        if what.libraries is None:
            service = job.device(lambda name, done, total: audience.loaded(clean(name, _NAME_LIMIT), done, total))
        with workers.session(workspace.code, what.spec.job.limits, service=service) as session:
            run = _Run(batch.images, audience)
            fault = walked(observe(session, job.scenario, case, _wanted), run.take)
            closed = session.close()
    if fault is not None:
        return Ending(fault, (), (), closed)
    audience.comparing()
    reference = reference_seconds(batch.processor, images[0])
    forwards = run.work.pop("forward_seconds", run.walls)
    timed = Timed(library, tuple(forwards), run.work, reference, batch.own, run.first)
    return Ending(None, job.tables(timed), job.remarks(timed), closed)


def _wanted(_name: str) -> Spec:
    return _PROBABILITIES


@dataclass(slots=True)
class _Run:
    """Makes results of what is observed.

    Attributes:
        walls: Wall seconds of each pass on the first picture.
        work: By name, what the emulated device says of its passes on the first picture, and of its layers.
        first: Class and probability of the first picture.
    """

    images: Sequence[Labelled]
    audience: Audience
    walls: list[float] = field(default_factory=list)
    work: dict[str, list[float]] = field(default_factory=dict)
    first: tuple[int, float] = (0, 0.0)
    _seconds: float = 0.0

    def take(self, seen: Observation) -> None:
        """Take an observation into account.

        Raises:
            Fault: these are no probabilities.
        """
        kind, _, number = seen.name.partition("_")
        if kind == "pass":
            self._seconds = seen.wall_ns / 1e9
            if number == "0":
                self.walls.append(self._seconds)
        elif kind == "probabilities":
            self._classified(int(number), np.asarray(seen.value, dtype=np.float64).ravel())
        elif kind != "loaded":
            self.work[seen.name] = np.asarray(seen.value, dtype=np.float64).tolist()

    def _classified(self, index: int, probabilities: NDArray[np.float64]) -> None:
        if (why := nonfinite(probabilities)) is not None:
            raise Fault(Verdict.NONFINITE, why)
        if not probabilities.size:
            raise Fault(Verdict.SHAPE, text("dlp.no_output"))
        classes = best(probabilities)
        if index == 0:
            self.first = classes[0]
        total = len(self.images)
        remaining = self._seconds * (total - index - 1)
        self.audience.classified(Classified(index + 1, total, self.images[index], classes, self._seconds, remaining))
