"""One hand-in × one lab × one pack → Scorecard.

Observing and judging are apart: `observe_handin` runs every scenario of a profile in sessions of its own and keeps
the records; `scoring.scorecard` judges them, as often as one likes. `grade` does both.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labbench import handin, timing
from labbench.catalogue import SpeedupCheck
from labbench.checks import judge
from labbench.duel import Contest, duel
from labbench.observe import Record, Setting, record
from labbench.results import Profile, Verdict
from labbench.scoring import Observed, cpu_seconds, results, results_of, scorecard
from labbench.worker.remote import Spec
from labbench.worker.zygote import Code, Workers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from labbench.checks.speedup import Match
    from labbench.handin import Snapshot
    from labbench.labs import Case
    from labbench.observe import Wanted
    from labbench.packs.reading import Goldens
    from labbench.results import Array, CheckResult, Observation, Scorecard
    from labbench.task import Task


@dataclass(frozen=True, slots=True)
class Progress:
    """What is being done: an observation that has just come, out of how many in its scenario."""

    scenario: str
    observation: str
    done: int
    total: int


OnProgress = Callable[[Progress], None]
OnResults = Callable[["Sequence[CheckResult]"], None]


def grade(
    task: Task, submission: Path, on_progress: OnProgress | None = None, on_results: OnResults | None = None
) -> Scorecard:
    """Grade what was handed in.

    Args:
        task: What to grade against.
        submission: The hand-in, as a folder, an archive or a file.
        on_progress: Told of each observation as it comes.
        on_results: Told the results of each scenario as soon as it has been walked, before the duels.

    Raises:
        LabbenchError: the hand-in cannot be read at all.
    """
    with handin.opened(submission, task.spec.files) as snapshot:
        narrowed = task.narrowed(snapshot.package)
        return scorecard(narrowed, observe_handin(narrowed, snapshot, on_progress, on_results))


def observe_handin(
    task: Task, snapshot: Snapshot, on_progress: OnProgress | None = None, on_results: OnResults | None = None
) -> Observed:
    """Run every scenario of the profile on the hand-in, the timed ones on the reference too, and the duels."""
    started = timing.wall_ns()
    records: list[Record] = []
    with Workers() as workers:
        with task.lab.workspace(snapshot.package, task.weights) as workspace:
            workspace.add_images(_images(task))
            for scenario, case in _plan(task):
                if _timed_out(scenario, records) or _hopeless(task, scenario, records):
                    continue
                # A timeout is tried once more, for a machine may be busy; after that, later ones are believed at once.
                retry = not any(r.timed_out for r in records)
                limits = task.spec.scenarios[scenario].limits
                setting = Setting(workers, workspace.code, limits, retry, task.lab.service)
                seen = _observe(task, setting, scenario, case, on_progress)
                records.append(seen)
                if on_results is not None:
                    on_results(results_of(task, seen))
            matches = _duels(task, workspace.code, records, on_progress)
        reference = _reference(task, workers, records)
        isolation = workers.isolation
    seconds = (timing.wall_ns() - started) / 1e9
    return Observed(snapshot.digest, snapshot.missing, tuple(records), reference, isolation, seconds, matches)


def _plan(task: Task) -> Iterator[tuple[str, Case]]:
    for scenario in task.spec.scenarios_of(task.profile):
        for case in task.pack.cases.get(scenario, ()):
            yield scenario, case


def _images(task: Task) -> Mapping[str, Array]:
    return {path: pixels for _, case in _plan(task) for path, pixels in case.image_files().items()}


def _timed_out(scenario: str, records: Sequence[Record]) -> bool:
    """Whether the scenario ran over its time on an earlier case: it would on this one."""
    return any(r.timed_out for r in records if r.scenario == scenario)


def _hopeless(task: Task, scenario: str, records: Sequence[Record]) -> bool:
    """Whether the minutes of a full scenario could no longer change the score: quick failed below it."""
    if task.spec.scenarios[scenario].profile is not Profile.FULL:
        return False
    return _failed(dataclasses.replace(task, profile=Profile.QUICK), scenario, records)


def _failed(task: Task, scenario: str, records: Sequence[Record]) -> bool:
    """Whether a check failed in a tier up to that which the scenario serves; duels, which come last, left out.

    A scenario that serves notes alone is for hand-ins that are right.
    """
    tiers = (c.tier for c in task.spec.checks if c.scenario == scenario and c.tier is not None)
    served = min(tiers, default=max(task.spec.tiers))
    timed = {c.id for c in task.spec.checks if isinstance(c, SpeedupCheck)}
    below = [r for r in results(task, records) if r.tier is not None and r.tier <= served and r.check not in timed]
    return any(r.verdict is not Verdict.PASS and not r.verdict.undecided for r in below)


def _duels(task: Task, code: Code, records: Sequence[Record], on_progress: OnProgress | None) -> tuple[Match, ...]:
    """The timed duels, once all else is known: they cost seconds, which wrong work does not need."""
    timed = [s for s in task.spec.scenarios_of(task.profile) if task.spec.speedups(s)]
    worth = [s for s in timed if not _failed(task, s, records)]
    if not worth:
        return ()
    matches = []
    with (
        handin.opened(task.lab.reference, task.spec.files) as snapshot,
        task.lab.workspace(snapshot.package, task.weights) as workspace,
    ):
        for done, scenario in enumerate(worth):
            if on_progress is not None:
                on_progress(Progress(scenario, scenario, done, len(worth)))
            contest = Contest(
                scenario=scenario,
                walk=task.lab.scenarios[scenario],
                draw=task.lab.draws[scenario],
                checks=task.spec.speedups(scenario),
                reference=workspace.code,
                candidate=code,
                limits=task.spec.scenarios[scenario].limits,
                disclosure=task.pack.identity.disclosure,
            )
            matches.append(duel(contest))
    return tuple(matches)


def _observe(task: Task, setting: Setting, scenario: str, case: Case, on_progress: OnProgress | None) -> Record:
    goldens = task.pack.goldens[scenario, case.name]
    checks = task.spec.checks_of(scenario, case.name)
    lead = task.spec.scenarios[scenario].lead
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
        if on_progress is not None:
            total = sum(len(c.observe) for c in checks)
            on_progress(Progress(scenario, seen.name, done, max(done, total)))

    return record(setting, (scenario, task.lab.scenarios[scenario]), case, _wanted(goldens), correct, tell)


def _wanted(goldens: Goldens) -> Wanted:
    """Fetch what has a golden, in its shape; look at the rest."""
    return lambda name: Spec(shape=goldens[name][0].shape) if name in goldens else None


def _reference(task: Task, workers: Workers, records: Sequence[Record]) -> tuple[Record, ...]:
    """The reference on the scenarios that show times, as far as the hand-in got through them."""
    timed = [r for r in records if r.scenario in task.lab.timed and any(cpu_seconds(o) for o in r.observations)]
    if not timed:
        return ()
    with (
        handin.opened(task.lab.reference, task.spec.files) as snapshot,
        task.lab.workspace(snapshot.package, task.weights) as workspace,
    ):
        workspace.add_images(_images(task))
        return tuple(
            record(
                Setting(workers, workspace.code, task.spec.scenarios[r.scenario].limits, service=task.lab.service),
                (r.scenario, task.lab.scenarios[r.scenario]),
                next(c for c in task.pack.cases[r.scenario] if c.name == r.case),
                wanted=_wanted(task.pack.goldens[r.scenario, r.case]),
            )
            for r in timed
        )
