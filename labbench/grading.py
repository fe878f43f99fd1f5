"""One hand-in × one lab × one pack → Scorecard.

Observing and judging are apart: `observe_handin` runs every scenario of a profile in sessions of its own and keeps
the records; `scorecard` judges records, as often as one likes. `grade` does both.
"""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

import labbench
from labbench import handin, timing
from labbench.checks import judge, skipped
from labbench.observe import Record, Setting, record, shapes_only
from labbench.results import CheckResult, Fault, Observation, Profile, Scorecard, Timing, Verdict, text
from labbench.worker.isolation import active
from labbench.worker.remote import Spec
from labbench.worker.workspace import Workspace
from labbench.worker.zygote import Workers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from labbench.catalogue import Check
    from labbench.handin import Snapshot
    from labbench.labs import Case
    from labbench.results import Array, Text
    from labbench.task import Task
    from labbench.worker.zygote import Code


@dataclass(frozen=True, slots=True)
class Progress:
    """What is being done: an observation that has just come, out of how many in its scenario."""

    scenario: str
    observation: str
    done: int
    total: int


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Observed:
    """All records of one hand-in; those of the reference on the timed scenarios beside them."""

    handin: str
    missing: tuple[tuple[str, str], ...]
    records: tuple[Record, ...]
    reference: tuple[Record, ...]
    seconds: float


def grade(task: Task, submission: Path, on_progress: OnProgress | None = None) -> Scorecard:
    """Grade what was handed in.

    Raises:
        LabbenchError: the hand-in cannot be read at all.
    """
    with handin.opened(submission, task.spec.files) as snapshot:
        return scorecard(task, observe_handin(task, snapshot, on_progress))


def observe_handin(task: Task, snapshot: Snapshot, on_progress: OnProgress | None = None) -> Observed:
    """Run every scenario of the profile on the hand-in, and the timed ones on the reference too."""
    started = timing.wall_ns()
    files = task.lab.files(task.weights)
    records: list[Record] = []
    with Workers() as workers:
        with Workspace(snapshot.package, files) as workspace:
            workspace.add_images(_images(task))
            for scenario, case in _plan(task):
                if _hopeless(task, scenario, records):
                    continue
                records.append(_observe(task, workers, workspace.code, scenario, case, on_progress))
        reference = _reference(task, workers, records)
    seconds = (timing.wall_ns() - started) / 1e9
    return Observed(snapshot.digest, snapshot.missing, tuple(records), reference, seconds)


def _plan(task: Task) -> Iterator[tuple[str, Case]]:
    for scenario in task.spec.scenarios_of(task.profile):
        for case in task.pack.cases.get(scenario, ()):
            yield scenario, case


def _images(task: Task) -> Mapping[str, Array]:
    return {path: pixels for _, case in _plan(task) for path, pixels in case.image_files().items()}


def _hopeless(task: Task, scenario: str, records: Sequence[Record]) -> bool:
    """Whether the minutes of a full scenario could no longer change the score: quick failed below it."""
    if task.spec.scenarios[scenario].profile is not Profile.FULL:
        return False
    served = min((c.tier for c in task.spec.checks if c.scenario == scenario and c.tier is not None), default=0)
    quick = results(dataclasses.replace(task, profile=Profile.QUICK), records)
    below = [r.verdict for r in quick if r.tier is not None and r.tier <= served]
    return any(v is not Verdict.PASS and not v.undecided for v in below)


def _observe(
    task: Task, workers: Workers, code: Code, scenario: str, case: Case, on_progress: OnProgress | None
) -> Record:
    goldens = task.pack.goldens[scenario, case.name]
    checks = task.spec.checks_of(scenario, case.name)
    done = 0

    def correct(seen: Observation) -> Array | None:
        """The reference's value, as float32 like all that students compute with, if the hand-in's is wrong."""
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

    def wanted(name: str) -> Spec | None:
        return Spec(shape=goldens[name][0].shape) if name in goldens else None

    setting = Setting(workers, code, task.spec.scenarios[scenario].limits)
    return record(setting, (scenario, task.lab.scenarios[scenario]), case, wanted, correct, tell)


def _reference(task: Task, workers: Workers, records: Sequence[Record]) -> tuple[Record, ...]:
    """The reference on the scenarios that show times, as far as the hand-in got through them."""
    timed = [r for r in records if r.scenario in task.lab.timed and any(_cpu(o) for o in r.observations)]
    if not timed:
        return ()
    with (
        handin.opened(task.lab.reference, task.spec.files) as snapshot,
        Workspace(snapshot.package, task.lab.files(task.weights)) as workspace,
    ):
        workspace.add_images(_images(task))
        return tuple(
            record(
                Setting(workers, workspace.code, task.spec.scenarios[r.scenario].limits),
                (r.scenario, task.lab.scenarios[r.scenario]),
                next(c for c in task.pack.cases[r.scenario] if c.name == r.case),
                wanted=shapes_only,
            )
            for r in timed
        )


# -- judging --------------------------------------------------------------------------------------------------


def scorecard(task: Task, observed: Observed) -> Scorecard:
    """Judge what was observed."""
    return Scorecard(
        lab=task.lab.name,
        profile=task.profile,
        handin=observed.handin,
        checks=tuple(results(task, observed.records)),
        levels=tuple(sorted(task.spec.tiers)),
        isolation=active(),
        pack=task.pack.identity,
        timings=_timings(task, observed),
        notes=_notes(task, observed),
        environment=environment(),
        seconds=round(observed.seconds, 3),
    )


def results(task: Task, records: Sequence[Record]) -> list[CheckResult]:
    """One result for every observation that a check of the profile asks for, tier by tier, notes last."""
    by_case = {(r.scenario, r.case): r for r in records}
    quick = task.profile is Profile.QUICK
    judged: list[CheckResult] = []
    for check in sorted(task.spec.checks, key=lambda c: c.tier or 1000):
        spec = task.spec.scenarios[check.scenario]
        if quick and spec.profile is Profile.FULL:
            continue
        for case in task.pack.cases.get(check.scenario, ()):
            if check.case in (None, case.name):
                judged += _judge_case(task, check, case, by_case.get((check.scenario, case.name)))
    return judged


def _judge_case(task: Task, check: Check, case: Case, seen: Record | None) -> list[CheckResult]:
    if seen is None:
        return [skipped(check, name, text("check.after_quick")) for name in check.observe]
    goldens = task.pack.goldens[check.scenario, case.name]
    observed = {o.name: o for o in seen.observations}
    broke_at = next((name for name in goldens if name not in observed), None)
    judged = []
    for name in check.observe:
        if name in observed:
            judged.append(judge(check, observed[name], goldens[name], task.pack.identity.disclosure))
        elif seen.ended is not None and name == broke_at and not _reported(seen, seen.ended):
            # What kept the rest from happening stands at the first observation that is not there.
            judged.append(judge(check, Observation(name, seen.ended), goldens[name], task.pack.identity.disclosure))
        else:
            judged.append(skipped(check, name, text("check.skipped", after=_cause(seen, broke_at))))
    return judged


def _reported(seen: Record, fault: Fault) -> bool:
    return any(o.value is fault for o in seen.observations)


def _cause(seen: Record, broke_at: str | None) -> str:
    """The observation after which nothing more came."""
    for observation in seen.observations:
        if observation.value is seen.ended:
            return observation.name
    return broke_at or seen.scenario


def _cpu(observation: Observation) -> float:
    return 0.0 if isinstance(observation.value, Fault) else observation.cpu_ns / 1e9


def _timings(task: Task, observed: Observed) -> tuple[Timing, ...]:
    """CPU seconds by layer group: of the longest scenario that both went through."""
    if not observed.reference:
        return ()
    reference = observed.reference[-1]
    student = next(r for r in observed.records if (r.scenario, r.case) == (reference.scenario, reference.case))
    totals: dict[str, list[float]] = {}
    ours = {o.name: _cpu(o) for o in reference.observations}
    for seen in student.observations:
        group = task.lab.groups.get(seen.name)
        if group is not None and _cpu(seen) and seen.name in ours:
            pair = totals.setdefault(group, [0.0, 0.0])
            pair[0] += _cpu(seen)
            pair[1] += ours[seen.name]
    return tuple(Timing(group, round(s, 6), round(r, 6)) for group, (s, r) in totals.items())


def _notes(task: Task, observed: Observed) -> tuple[Text, ...]:
    used = sorted({u for r in observed.records for u in r.exit.used})
    notes = []
    for name, nearest in observed.missing:
        key = "note.missing_near" if nearest else "note.missing"
        notes.append(text(key, file=name, nearest=nearest))
    if used:
        notes.append(text("note.compat", used=", ".join(used)))
    if task.profile is Profile.QUICK:
        notes.append(text("note.quick"))
    if task.pack.identity.disclosure == "full":
        notes.append(text("note.public_pack", pack=task.pack.identity.name))
    return tuple(notes)


def environment() -> dict[str, str]:
    """The versions a scorecard rests on."""
    return {
        "labbench": labbench.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(terse=True),
        "machine": platform.machine(),
    }
