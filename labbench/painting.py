"""A lab's main job on a student's code, `labbench run`: a style transfer, step by step.

The loop is the course's, walked by the lab's scenario in one session; the features, losses, gradients and Adam are the
hand-in's. What is shown is made here: a picture of the hand-in's is its numbers plus the mean colour of the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labbench.checks.closeness import nonfinite
from labbench.labs import Transfer
from labbench.observe import observe, walked
from labbench.results import Fault, Verdict
from labbench.vgg import matfile
from labbench.worker.remote import Spec
from labbench.worker.zygote import Workers

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from labbench.labs import Case
    from labbench.results import Array, Observation
    from labbench.running import Assignment
    from labbench.worker.session import Exit


@dataclass(frozen=True, slots=True)
class Painted:
    """A step that has just been made; number 0 is the start, when no step has been.

    Attributes:
        number: Of the step, out of `total`.
        content: The content loss of the picture before it, as it enters the total; 0 at the start.
        style: The style loss, likewise.
        seconds: How long the step took.
        remaining: In how many seconds the last step will probably have been made.
        picture: The picture after it, uint8 (H, W, 3).
    """

    number: int
    total: int
    content: float
    style: float
    seconds: float
    remaining: float
    picture: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a transfer ended: why it broke off, if it did, and how its session ended."""

    fault: Fault | None
    exit: Exit


def paint(what: Assignment, case: Case, on_step: Callable[[Painted], None]) -> Ending:
    """Transfer the style of one picture to the content of another.

    Args:
        what: What to run.
        case: The pictures and the number of steps, as the job's `case` makes it.
        on_step: Told of each step, number 0 first.

    Raises:
        LabbenchError: the hand-in cannot be read, or the lab's job is another one.
    """
    job = what.job(Transfer)
    mean = matfile.open_weights(what.weights).mean
    with (
        Workers() as workers,
        what.opened() as snapshot,
        what.lab.workspace(snapshot.package, what.weights) as workspace,
    ):
        workspace.add_images(case.image_files())
        with workers.session(workspace.code, what.spec.job.limits) as session:
            progress = _Progress(case, job, mean, on_step)
            fault = walked(observe(session, job.scenario, case, _wanted), progress.take)
            return Ending(fault, session.close())


def _wanted(name: str) -> Spec | None:
    """Features are only timed."""
    return None if name.endswith("_features") else Spec()


class _Progress:
    """Makes steps of what is observed, and estimates the time that the rest will take."""

    def __init__(
        self, case: Case, job: Transfer, mean: NDArray[np.float64], on_step: Callable[[Painted], None]
    ) -> None:
        self._total, self._passes, self._mean = int(case.params["steps"] or 0), job.passes, mean
        self._on_step = on_step
        self._pace = self._seconds = self._spent = 0.0
        self._losses: dict[str, float] = {}

    def take(self, seen: Observation) -> None:
        """Take an observation into account; a picture completes a step.

        Raises:
            Fault: a number is none; no later step could mend it.
        """
        if isinstance(seen.value, np.ndarray) and (why := nonfinite(seen.value)) is not None:
            raise Fault(Verdict.NONFINITE, why)
        self._seconds += seen.wall_ns / 1e9
        kind, _, number = seen.name.rpartition("_")
        if seen.name == "content_features":
            self._pace = self._passes * seen.wall_ns / 1e9
        elif kind in ("content_loss", "style_loss") and isinstance(seen.value, np.ndarray):
            self._losses[kind] = float(seen.value)
        elif kind == "picture" and isinstance(seen.value, np.ndarray):
            self._complete(int(number), seen.value)

    def _complete(self, number: int, picture: Array) -> None:
        if number:
            self._spent += self._seconds
            self._pace = self._spent / number
        content, style = (self._losses.get(kind, 0.0) for kind in ("content_loss", "style_loss"))
        remaining = self._pace * (self._total - number)
        pixels = visible(picture, self._mean)
        self._on_step(Painted(number, self._total, content, style, self._seconds, remaining, pixels))
        self._seconds = 0.0


def visible(image: Array, mean: NDArray[np.float64]) -> NDArray[np.uint8]:
    """What an image (1, 3, H, W), RGB minus the mean colour (3,), looks like: uint8 (H, W, 3)."""
    pixels = image[0].transpose(1, 2, 0).astype(np.float64) + mean
    return np.asarray(np.clip(np.rint(pixels), 0, 255), dtype=np.uint8)
