"""One hand-in × one lab × one pack → Scorecard.

`observe_handin` runs every scenario of a profile in sessions of its own and judges each record as it comes; what is
left of it is a part, small plain data. `scoring.scorecard` makes the scorecard of the parts. `grade` does both. Who
keeps the parts can go on from them later: what is there is not run again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from labbench import handin, timing
from labbench.alone import alone
from labbench.catalogue import SpeedupCheck
from labbench.checks import judge
from labbench.duel import Contest, duel
from labbench.observe import Setting, record
from labbench.results import Profile, Verdict
from labbench.scoring import Observed, Pieces, Reference, judged, results, scorecard, seconds
from labbench.worker.remote import Spec
from labbench.worker.zygote import Code, Workers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from labbench.checks.speedup import Match
    from labbench.handin import Snapshot
    from labbench.labs import Case
    from labbench.observe import Record, Wanted
    from labbench.packs.reading import Goldens
    from labbench.results import Array, Observation, Scorecard, Text
    from labbench.scoring import Part
    from labbench.task import Task


@dataclass(frozen=True, slots=True)
class Progress:
    """What is being done: an observation that has just come, out of how many in its scenario."""

    scenario: str
    observation: str
    done: int
    total: int


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Course:
    """How a grading runs.

    Attributes:
        on_progress: Hears what is being done.
        kept: Pieces of an earlier grading of the same hand-in, which are not run again.
        keep: Hears each new piece.
        overdue: Whether time is up: then nothing more is begun.
        lock: Held while something is timed, see `alone.alone`.
    """

    on_progress: OnProgress = lambda _: None
    kept: Pieces = field(default_factory=Pieces)
    keep: Callable[[Pieces], None] = lambda _: None
    overdue: Callable[[], bool] = lambda: False
    lock: Callable[[], AbstractContextManager[Text | None]] = alone


def grade(task: Task, snapshot: Snapshot, course: Course | None = None) -> Scorecard:
    """Grade what was handed in."""
    narrowed = task.narrowed(snapshot.package)
    return scorecard(narrowed, observe_handin(narrowed, snapshot, course))


def observe_handin(task: Task, snapshot: Snapshot, course: Course | None = None) -> Observed:
    """Run every scenario of the profile on the hand-in, the timed ones on the reference too, and the duels."""
    course = course or Course()
    started = timing.wall_ns()
    parts: list[Part] = []
    cut = False
    with Workers() as workers:
        with task.lab.workspace(snapshot.package, task.weights) as workspace:
            workspace.add_images(_images(task))
            for scenario, case in _plan(task):
                if (old := course.kept.part(scenario, case.name)) is not None:
                    parts.append(old)
                    continue
                if _timed_out(scenario, parts) or _hopeless(task, scenario, parts):
                    continue
                if cut := cut or course.overdue():
                    continue
                # A timeout is tried once more, for a machine may be busy; after that, later ones are believed at once.
                retry = not any(p.timed_out for p in parts)
                limits = task.spec.scenarios[scenario].limits
                setting = Setting(workers, workspace.code, limits, retry, task.lab.service)
                parts.append(judged(task, _observe(task, setting, scenario, case, course.on_progress)))
                course.keep(Pieces(parts=(parts[-1],)))
            matches, late = _duels(task, workspace.code, parts, course)
        reference = _reference(task, workers, parts, course)
        isolation = workers.isolation
    took = (timing.wall_ns() - started) / 1e9
    return Observed(snapshot.digest, snapshot.remarks, tuple(parts), reference, isolation, took, matches, cut or late)


def _plan(task: Task) -> Iterator[tuple[str, Case]]:
    for scenario in task.spec.scenarios_of(task.profile):
        for case in task.pack.cases.get(scenario, ()):
            yield scenario, case


def _images(task: Task) -> Mapping[str, Array]:
    return {path: pixels for _, case in _plan(task) for path, pixels in case.image_files().items()}


def _timed_out(scenario: str, parts: Sequence[Part]) -> bool:
    """Whether the scenario ran over its time on an earlier case: it would on this one."""
    return any(p.timed_out for p in parts if p.scenario == scenario)


def _hopeless(task: Task, scenario: str, parts: Sequence[Part]) -> bool:
    """Whether the minutes of a full scenario could no longer change the score: quick failed below it."""
    if task.spec.scenarios[scenario].profile is not Profile.FULL:
        return False
    return _failed(dataclasses.replace(task, profile=Profile.QUICK), scenario, parts)


def _failed(task: Task, scenario: str, parts: Sequence[Part]) -> bool:
    """Whether a check failed in a tier up to that which the scenario serves; duels, which come last, left out.

    A scenario that serves notes alone is for hand-ins that are right.
    """
    tiers = (c.tier for c in task.spec.checks if c.scenario == scenario and c.tier is not None)
    served = min(tiers, default=max(task.spec.tiers))
    timed = {c.id for c in task.spec.checks if isinstance(c, SpeedupCheck)}
    below = [r for r in results(task, parts) if r.tier is not None and r.tier <= served and r.check not in timed]
    return any(r.verdict is not Verdict.PASS and not r.verdict.undecided for r in below)


def _duels(task: Task, code: Code, parts: Sequence[Part], course: Course) -> tuple[tuple[Match, ...], bool]:
    """The timed duels, once all else is known: they cost seconds, which wrong work does not need.

    And whether time was up before they were all held.
    """
    timed = [s for s in task.spec.scenarios_of(task.profile) if task.spec.speedups(s)]
    worth = [s for s in timed if not _failed(task, s, parts)]
    matches = [old for s in worth if (old := course.kept.match(s)) is not None]
    left = [s for s in worth if s not in {m.scenario for m in matches}]
    if not left:
        return tuple(matches), False
    with (
        handin.opened(task.lab.reference, task.spec.files) as snapshot,
        task.lab.workspace(snapshot.package, task.weights) as workspace,
    ):
        for done, scenario in enumerate(left):
            if course.overdue():
                return tuple(matches), True
            course.on_progress(Progress(scenario, scenario, done, len(left)))
            contest = Contest(
                scenario=scenario,
                walk=task.lab.scenarios[scenario],
                draw=task.lab.draws[scenario],
                checks=task.spec.speedups(scenario),
                reference=workspace.code,
                candidate=code,
                limits=task.spec.scenarios[scenario].limits,
                disclosure=task.pack.identity.disclosure,
                lock=course.lock,
            )
            matches.append(duel(contest))
            course.keep(Pieces(matches=(matches[-1],)))
    return tuple(matches), False


def _observe(task: Task, setting: Setting, scenario: str, case: Case, on_progress: OnProgress) -> Record:
    goldens = task.pack.goldens[scenario, case.name]
    checks = task.spec.checks_of(scenario, case.name)
    lead = task.spec.scenarios[scenario].lead
    total = sum(len(c.observe) for c in checks)
    done = 0

    def correct(seen: Observation) -> Array | None:
        """The reference's value, as float32 like all that students compute with, if the hand-in's is wrong."""
        if seen.name in lead:
            return goldens[seen.name][0]
        for check in checks:
            if seen.name in check.observe and seen.name in goldens:
                right = goldens[seen.name]
                if judge(check, seen, right, task.pack.identity.disclosure).verdict is not Verdict.PASS:
                    return right[0].astype(np.float32)
        return None

    def tell(seen: Observation) -> None:
        nonlocal done
        done += 1
        on_progress(Progress(scenario, seen.name, done, max(done, total)))

    return record(setting, (scenario, task.lab.scenarios[scenario]), case, _wanted(goldens), correct, tell)


def _wanted(goldens: Goldens) -> Wanted:
    """Fetch what has a golden, in its shape; look at the rest."""
    return lambda name: Spec(shape=goldens[name][0].shape) if name in goldens else None


def _reference(task: Task, workers: Workers, parts: Sequence[Part], course: Course) -> tuple[Reference, ...]:
    """The reference on the scenarios that show times, as far as the hand-in got through them."""
    timed = [p for p in parts if p.scenario in task.lab.timed and any(p.seconds.values())]
    there = [old for p in timed if (old := course.kept.reference(p.scenario, p.case)) is not None]
    if len(there) == len(timed) or course.overdue():
        return tuple(there)
    beside = []
    with (
        handin.opened(task.lab.reference, task.spec.files) as snapshot,
        task.lab.workspace(snapshot.package, task.weights) as workspace,
    ):
        workspace.add_images(_images(task))
        for part in timed:
            limits = task.spec.scenarios[part.scenario].limits
            seen = record(
                Setting(workers, workspace.code, limits, service=task.lab.service),
                (part.scenario, task.lab.scenarios[part.scenario]),
                next(c for c in task.pack.cases[part.scenario] if c.name == part.case),
                wanted=_wanted(task.pack.goldens[part.scenario, part.case]),
            )
            beside.append(Reference(part.scenario, part.case, seconds(seen)))
            course.keep(Pieces(references=(beside[-1],)))
    return tuple(beside)
