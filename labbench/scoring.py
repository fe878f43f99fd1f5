"""Judging what was observed: records and goldens → Scorecard. Pure, so a record can be judged many times."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

import labbench
from labbench.catalogue import SpeedupCheck
from labbench.checks import judge, skipped
from labbench.checks.speedup import duels, remarks, speedup
from labbench.results import Fault, Level, Observation, Profile, Scorecard, Timing, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labbench.catalogue import Check
    from labbench.checks.speedup import Match
    from labbench.labs import Case
    from labbench.observe import Record
    from labbench.results import CheckResult, Isolation, Text
    from labbench.task import Task


@dataclass(frozen=True, slots=True)
class Observed:
    """All records of one hand-in, those of the reference on the timed scenarios beside them, and the timed duels."""

    handin: str
    missing: tuple[tuple[str, str], ...]
    records: tuple[Record, ...]
    reference: tuple[Record, ...]
    isolation: Isolation
    seconds: float
    matches: tuple[Match, ...] = ()


def scorecard(task: Task, observed: Observed) -> Scorecard:
    """Judge what was observed."""
    return Scorecard(
        lab=task.lab.name,
        profile=task.profile,
        handin=observed.handin,
        checks=tuple(results(task, observed.records, observed.matches)),
        levels=tuple(sorted(task.spec.tiers)),
        isolation=observed.isolation,
        pack=task.pack.identity,
        timings=_timings(task, observed),
        duels=tuple(d for match in observed.matches for d in duels(match)),
        variant=task.lab.variant,
        measures=_measures(task, observed),
        notes=_notes(task, observed),
        environment=environment(),
        seconds=round(observed.seconds, 3),
    )


def results(task: Task, records: Sequence[Record], matches: Sequence[Match] = ()) -> list[CheckResult]:
    """One result for every observation that a check of the profile asks for, tier by tier, notes last.

    A speed-up check has one for all its observations.
    """
    by_case = {(r.scenario, r.case): r for r in records}
    by_scenario = {m.scenario: m for m in matches}
    titles = {c.id: (c.title.en, c.title.zh) for c in task.spec.checks}
    quick = task.profile is Profile.QUICK
    judged: list[CheckResult] = []
    for check in sorted(task.spec.checks, key=lambda c: c.tier or 1000):
        spec = task.spec.scenarios[check.scenario]
        if quick and spec.profile is Profile.FULL:
            continue
        if isinstance(check, SpeedupCheck):
            judged.append(speedup(check, by_scenario.get(check.scenario), titles))
            continue
        for case in task.pack.cases.get(check.scenario, ()):
            if check.case in (None, case.name):
                judged += _judge_case(task, check, case, by_case.get((check.scenario, case.name)))
    return judged


def results_of(task: Task, record: Record) -> list[CheckResult]:
    """The results that rest on one record alone."""
    case = next(c for c in task.pack.cases[record.scenario] if c.name == record.case)
    checks = task.spec.checks_of(record.scenario, record.case)
    return [result for check in checks for result in _judge_case(task, check, case, record)]


def _judge_case(task: Task, check: Check, case: Case, seen: Record | None) -> list[CheckResult]:
    if seen is None:
        return [skipped(check, name, text("check.not_run")) for name in check.observe]
    goldens = task.pack.goldens[check.scenario, case.name]
    values = _values(seen, goldens)
    judged = []
    for name in check.observe:
        value, cause = values[name]
        if cause is None:
            judged.append(judge(check, value, goldens[name], task.pack.identity.disclosure))
        else:
            judged.append(skipped(check, name, _because(task, check.scenario, cause)))
    return judged


def _values(seen: Record, expected: Iterable[str]) -> dict[str, tuple[Observation, str | None]]:
    """What to judge for each expected observation; with the name of an earlier one if that kept it from happening.

    What broke the scenario off stands at the first observation that is not there; a fault stands where it came
    first (a session that has died gives the same one to everything after).
    """
    observed = {o.name: o for o in seen.observations}
    first: dict[int, str] = {}
    for observation in seen.observations:
        if isinstance(observation.value, Fault):
            first.setdefault(id(observation.value), observation.name)
    values: dict[str, tuple[Observation, str | None]] = {}
    for name in expected:
        observation = observed.get(name) or Observation(name, seen.ended)
        fault = observation.value
        cause = first.setdefault(id(fault), name) if isinstance(fault, Fault) else name
        values[name] = (observation, None if cause == name else cause)
    return values


def _because(task: Task, scenario: str, observation: str) -> Text:
    """Why something was skipped, by the title that a reader sees at the observation that failed."""
    for check in task.spec.checks:
        if check.scenario == scenario and observation in check.observe:
            layer = f" ({observation})" if len(check.observe) > 1 else ""
            return text("check.skipped", en=check.title.en + layer, zh=check.title.zh + layer)
    return text("check.skipped", en=observation, zh=observation)


def cpu_seconds(observation: Observation) -> float:
    """What an observation took; 0 where there is none."""
    return 0.0 if isinstance(observation.value, Fault) else observation.cpu_ns / 1e9


def _measures(task: Task, observed: Observed) -> dict[str, tuple[float, ...]]:
    """What the scenarios measured, of the last that did."""
    return {
        seen.name: tuple(float(number) for number in np.ravel(seen.value))
        for record in observed.records
        for seen in record.observations
        if seen.name in task.spec.scenarios[record.scenario].measured and isinstance(seen.value, np.ndarray)
    }


def _timings(task: Task, observed: Observed) -> tuple[Timing, ...]:
    """CPU seconds by layer group: of the longest scenario that both went through."""
    if not observed.reference:
        return ()
    reference = observed.reference[-1]
    student = next(r for r in observed.records if (r.scenario, r.case) == (reference.scenario, reference.case))
    totals: dict[str, list[float]] = {}
    ours = {o.name: cpu_seconds(o) for o in reference.observations}
    for seen in student.observations:
        group = task.lab.groups.get(seen.name)
        if group is not None and cpu_seconds(seen) and seen.name in ours:
            pair = totals.setdefault(group, [0.0, 0.0])
            pair[0] += cpu_seconds(seen)
            pair[1] += ours[seen.name]
    if task.pack.identity.disclosure == "verdict":
        return tuple(Timing(group, float(f"{s:.1g}"), round(r, 6)) for group, (s, r) in totals.items())
    return tuple(Timing(group, round(s, 6), round(r, 6)) for group, (s, r) in totals.items())


def _notes(task: Task, observed: Observed) -> tuple[Text, ...]:
    used = sorted({u for r in observed.records for u in r.exit.used})
    notes = []
    for name, nearest in observed.missing:
        key = "note.missing_near" if nearest else "note.missing"
        notes.append(text(key, file=name, nearest=nearest))
    # Under `verdict` nothing is told that a hand-in could have chosen.
    if used and task.pack.identity.disclosure == "full":
        notes.append(text("note.compat", used=", ".join(used)))
    if task.lab.variant:
        notes.append(text("note.variant", variant=task.lab.variant))
    for match in observed.matches:
        notes += remarks(match, task.spec.speedups(match.scenario))
    if any(m.clean for m in observed.matches) and observed.isolation.level is not Level.STRONG:
        notes.append(text("duel.helpers"))
    if task.profile is Profile.QUICK and any(s.profile is Profile.FULL for s in task.spec.scenarios.values()):
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
