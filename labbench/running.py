"""A lab's main job on a student's code, `labbench run`: classification, and the hand-in's own main file.

The reference walks the same picture first, which takes seconds; each layer of the student's is then compared as it
comes. The walk goes on from the student's own values, right or wrong: it is their net that classifies.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from labbench import handin
from labbench.catalogue import spellings
from labbench.checks.classification import best
from labbench.checks.closeness import relative_error, unfit
from labbench.errors import LabbenchError
from labbench.labs import Classification, Inference, Transfer
from labbench.observe import Record, Setting, record
from labbench.results import Fault
from labbench.scoring import seconds, timings
from labbench.worker.installed import IN_THE_WAY
from labbench.worker.remote import Spec, run_main
from labbench.worker.zygote import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from labbench.catalogue import LabSpec
    from labbench.handin import Snapshot
    from labbench.labs import Lab, Table
    from labbench.results import Array, Observation, Text, Timing
    from labbench.worker.installed import Libraries
    from labbench.worker.session import Exit, Service


_Job = TypeVar("_Job", Classification, Transfer, Inference)
#: A layer that differs by more is shown as wrong; as for the whole net in labs.yaml.
WRONG = 1e-3


@dataclass(frozen=True, slots=True)
class Step:
    """A layer that has just been walked.

    `error` is relative to the reference (l2); None where nothing can be compared. `remaining` is in seconds.
    `following` is the layer that comes next, "" after the last.
    """

    name: str
    done: int
    total: int
    shape: tuple[int, ...]
    seconds: float
    remaining: float
    error: float | None
    following: str

    @property
    def wrong(self) -> bool:
        """Whether it differs from the reference by more than the whole net may."""
        return self.error is not None and not self.error <= WRONG


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run.

    Attributes:
        fault: Why it broke off, if it did, and after which layer.
        best: The five most probable classes with their probabilities.
        seconds: CPU seconds of the layers.
        loading: CPU seconds of what is no layer: building, loading, reading the picture.
        table: The lab's own table, if it got to the end.
        timings: By layer group.
        exit: How the session ended.
    """

    fault: Fault | None
    stopped_at: str
    best: tuple[tuple[int, float], ...]
    seconds: float
    loading: float
    table: Table | None
    timings: tuple[Timing, ...]
    exit: Exit


@dataclass(frozen=True, slots=True)
class Assignment:
    """What to run.

    Attributes:
        lab: The lab.
        spec: Its entry in the catalogue.
        submission: The hand-in.
        weights: The weights file.
        libraries: Of a real device, which the hand-in uses in place of the emulated one.
        on_remark: Told what a person should know of the hand-in.
    """

    lab: Lab
    spec: LabSpec
    submission: Path
    weights: Path
    libraries: Libraries | None = None
    on_remark: Callable[[Text], None] = lambda _: None

    @contextmanager
    def opened(self) -> Iterator[Snapshot]:
        """A snapshot of the hand-in.

        Raises:
            LabbenchError: it cannot be read.
        """
        with handin.opened(self.submission, self.spec.files) as snapshot:
            for remark in snapshot.remarks:
                self.on_remark(remark)
            yield snapshot

    def on_device(self, libraries: Libraries) -> Assignment:
        """The same on a real device: without the emulated one and its clients."""
        return replace(self, lab=replace(self.lab, service=None, clients=()), libraries=libraries)

    def workers(self) -> Workers:
        """For the hand-in's sessions; those of a real device go without the layers that would keep it away."""
        if self.libraries is None:
            return Workers()
        return Workers({"off": list(IN_THE_WAY)}, self.libraries)

    def job(self, kind: type[_Job]) -> _Job:
        """The lab's main job, which is of that kind.

        Raises:
            LabbenchError: the lab has none.
        """
        if not isinstance(self.lab.job, kind):
            raise LabbenchError("lab.no_job", lab=self.lab.name)
        return self.lab.job


def run(what: Assignment, image: Array, on_step: Callable[[Step], None]) -> Outcome:
    """Classify a picture, uint8 (224, 224, 3).

    Raises:
        LabbenchError: the hand-in cannot be read.
    """
    job = what.job(Classification)
    case = job.case(image)
    with Workers() as workers, what.opened() as snapshot:
        reference = _walk_reference(what, workers, image)
        goldens = {o.name: o.value for o in reference.observations if isinstance(o.value, np.ndarray)}
        errors: dict[str, float | None] = {}
        clock = _Clock({s.name: s.work for s in job.steps})

        def tell(seen: Observation) -> None:
            errors[seen.name] = _error(seen, goldens)
            on_step(clock.step(seen, errors[seen.name]))

        with what.lab.workspace(snapshot.package, what.weights) as workspace:
            workspace.add_images(case.image_files())
            seen = record(
                Setting(workers, workspace.code, what.spec.job.limits, retry=False, service=what.lab.service),
                (job.scenario, what.lab.scenarios[job.scenario]),
                case,
                on_observation=tell,
            )
    return _outcome(what, seen, reference, errors)


def run_file(what: Assignment, on_output: Callable[[bytes], None]) -> Fault | None:
    """Run the hand-in's main file as `python FILE` would, from inside its folder.

    Args:
        what: What to run.
        on_output: Told what it prints, as it prints it; untrusted bytes.

    Returns:
        Why it broke off, if it did.

    Raises:
        LabbenchError: the hand-in cannot be read.
    """
    with (
        what.workers() as workers,
        what.opened() as snapshot,
        what.lab.workspace(snapshot.package, what.weights) as workspace,
        workers.session(workspace.inside, what.spec.job.limits, on_output, _service(what)) as session,
    ):
        try:
            run_main(session, str(workspace.inside.package / _main_file(what.spec, snapshot.package)))
        except Fault as fault:
            return fault
    return None


def _service(what: Assignment) -> Service | None:
    return what.lab.service() if what.lab.service is not None else None


def _main_file(spec: LabSpec, package: Path) -> str:
    """The main file, by the name under which it was handed in."""
    names = next((n for n in map(spellings, spec.files) if spec.main in n), (spec.main,))
    return next((n for n in names if (package / n).is_file()), spec.main)


def reference_seconds(what: Assignment, image: Array) -> float:
    """CPU seconds that the layers of the lab's reference take for a picture, uint8 (224, 224, 3)."""
    with Workers() as workers:
        seen = _walk_reference(what, workers, image).observations
    return sum(o.cpu_ns for o in seen if o.name in what.lab.groups) / 1e9


def _walk_reference(what: Assignment, workers: Workers, image: Array) -> Record:
    job = what.job(Classification)
    case = job.case(image)
    with (
        handin.opened(what.lab.reference, what.spec.files) as snapshot,
        what.lab.workspace(snapshot.package, what.weights) as workspace,
    ):
        workspace.add_images(case.image_files())
        setting = Setting(workers, workspace.code, what.spec.job.limits, service=what.lab.service)
        return record(setting, (job.scenario, what.lab.scenarios[job.scenario]), case, wanted=lambda _: Spec())


class _Clock:
    """How long the rest will take, from the pace so far."""

    def __init__(self, work: Mapping[str, float]) -> None:
        self._work = work
        self._left = sum(work.values())
        self._done_work = self._spent = 0.0
        self._count = 0

    def step(self, seen: Observation, error: float | None) -> Step:
        """Take a layer into account."""
        share = self._work.get(seen.name, 0.0)
        # What is no layer (loading) says nothing of the pace.
        if share:
            self._done_work += share
            self._spent += seen.wall_ns / 1e9
        self._left -= share
        self._count += 1
        pace = self._spent / self._done_work if self._done_work else 0.0
        names = list(self._work)
        following = names[self._count] if self._count < len(names) else ""
        remaining = max(pace * self._left, 0.0)
        return Step(seen.name, self._count, len(names), seen.shape, seen.cpu_ns / 1e9, remaining, error, following)


def _error(seen: Observation, goldens: Mapping[str, Array]) -> float | None:
    golden = goldens.get(seen.name)
    if golden is None or not isinstance(seen.value, np.ndarray) or unfit(seen.value, golden) is not None:
        return None
    return relative_error(seen.value, golden, "l2")


def _outcome(what: Assignment, seen: Record, reference: Record, errors: Mapping[str, float | None]) -> Outcome:
    values = {o.name: o.value for o in seen.observations}
    faults = [(o.name, o.value) for o in seen.observations if isinstance(o.value, Fault)]
    at, fault = faults[0] if faults else ("", seen.ended)
    job = what.job(Classification)
    answer = values.get(job.answer)
    classes = best(answer) if isinstance(answer, np.ndarray) else ()
    table = job.table(errors, *classes[0]) if classes else None
    layers = sum(o.cpu_ns for o in seen.observations if o.name in what.lab.groups) / 1e9
    total = sum(o.cpu_ns for o in seen.observations) / 1e9
    both = timings(what.lab.groups, seconds(seen), seconds(reference))
    return Outcome(fault, at, classes, layers, total - layers, table, both, seen.exit)
