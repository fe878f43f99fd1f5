"""Judging what was observed: record and goldens → part, parts → Scorecard. Pure.

A part is what is left of a record when it has been judged: verdicts and seconds, small plain data without arrays. So a
grading needs no memory for what is behind it, and one that was broken off can go on from the parts it has.
"""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

import labbench
from labbench.catalogue import CloseCheck, SpeedupCheck
from labbench.checks import judge, result_id, skipped
from labbench.checks.diagnosis import mistaken
from labbench.checks.speedup import Match, duels, remarks, speedup
from labbench.results import (
    CheckResult,
    Disclosure,
    Fault,
    Isolation,
    Level,
    Observation,
    Profile,
    Scorecard,
    Timing,
    Verdict,
    text,
)
from labbench.worker.habits import helped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from labbench.catalogue import Check
    from labbench.observe import Record
    from labbench.results import Text
    from labbench.task import Task


@dataclass(frozen=True, slots=True)
class Part:
    """What one session came to: a scenario on a case, judged.

    Attributes:
        scenario: The scenario's name.
        case: The case's name.
        results: One for every observation that a check asks for.
        seconds: CPU seconds by observation, as they came.
        measures: What the scenario measured, by observation.
        used: Habits of old versions that were made to work.
        timed_out: Whether a limit on time cut it short.
    """

    scenario: str
    case: str
    results: tuple[CheckResult, ...]
    seconds: Mapping[str, float]
    measures: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    used: tuple[str, ...] = ()
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """CPU seconds of the reference by observation, where it walked a timed scenario beside the hand-in."""

    scenario: str
    case: str
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Pieces:
    """What a grading consists of, each piece paid for with seconds of running; of two of the same, the last counts."""

    parts: tuple[Part, ...] = ()
    references: tuple[Reference, ...] = ()
    matches: tuple[Match, ...] = ()

    def __add__(self, more: Pieces) -> Pieces:
        return Pieces(self.parts + more.parts, self.references + more.references, self.matches + more.matches)

    @property
    def scenarios(self) -> frozenset[str]:
        """Of which there is something."""
        return frozenset(
            [p.scenario for p in self.parts]
            + [r.scenario for r in self.references]
            + [m.scenario for m in self.matches]
        )

    def part(self, scenario: str, case: str) -> Part | None:
        """The part of a scenario on a case, if there is one."""
        return next((p for p in reversed(self.parts) if (p.scenario, p.case) == (scenario, case)), None)

    def reference(self, scenario: str, case: str) -> Reference | None:
        """The reference's seconds for a scenario on a case, if they are there."""
        return next((r for r in reversed(self.references) if (r.scenario, r.case) == (scenario, case)), None)

    def match(self, scenario: str) -> Match | None:
        """The duel of a timed scenario, if it was held."""
        return next((m for m in reversed(self.matches) if m.scenario == scenario), None)


@dataclass(frozen=True, slots=True)
class Observed:
    """All that one hand-in came to.

    Attributes:
        handin: Its digest.
        remarks: What is to be said of its files, as in `Snapshot`.
        parts: Of each scenario × case that was walked.
        reference: Of the timed scenarios.
        isolation: The layers around the sessions.
        seconds: Wall time.
        matches: The timed duels.
        cut: Whether time was up before everything was run.
    """

    handin: str
    remarks: tuple[Text, ...]
    parts: tuple[Part, ...]
    reference: tuple[Reference, ...]
    isolation: Isolation
    seconds: float
    matches: tuple[Match, ...] = ()
    cut: bool = False


def scorecard(task: Task, observed: Observed) -> Scorecard:
    """Judge what was observed."""
    return Scorecard(
        lab=task.lab.name,
        profile=task.profile,
        handin=observed.handin,
        checks=tuple(_explained(c, observed) for c in results(task, observed.parts, observed.matches)),
        levels=tuple(sorted(task.spec.tiers)),
        isolation=observed.isolation,
        pack=task.pack.identity,
        timings=_timings(task, observed),
        duels=tuple(d for match in observed.matches for d in duels(match)),
        variant=task.lab.variant,
        measures={name: numbers for part in observed.parts for name, numbers in part.measures.items()},
        notes=_notes(task, observed),
        environment=environment(),
        seconds=round(observed.seconds, 3),
    )


def _explained(result: CheckResult, observed: Observed) -> CheckResult:
    """What was not run for want of time says so."""
    if observed.cut and result.why == text("check.not_run"):
        return dataclasses.replace(result, why=text("check.cut"))
    return result


def judged(task: Task, seen: Record) -> Part:
    """Judge a record by the checks on its scenario and case."""
    checks = (c for c in task.spec.checks_of(seen.scenario, seen.case) if not isinstance(c, SpeedupCheck))
    measured = task.spec.scenarios[seen.scenario].measured
    return Part(
        seen.scenario,
        seen.case,
        tuple(result for check in checks for result in _judge(task, check, seen)),
        seconds(seen),
        {
            o.name: tuple(float(number) for number in np.ravel(o.value))
            for o in seen.observations
            if o.name in measured and isinstance(o.value, np.ndarray)
        },
        tuple(seen.exit.used),
        seen.timed_out,
    )


def seconds(seen: Record) -> dict[str, float]:
    """What each observation took; 0 where there is none."""
    return {o.name: 0.0 if isinstance(o.value, Fault) else o.cpu_ns / 1e9 for o in seen.observations}


def results(task: Task, parts: Iterable[Part], matches: Sequence[Match] = ()) -> list[CheckResult]:
    """One result for every observation that a check of the profile asks for, tier by tier, notes last.

    A speed-up check has one for all its observations.
    """
    by_case = {(p.scenario, p.case): p for p in parts}
    by_scenario = {m.scenario: m for m in matches}
    titles = {c.id: (c.title.en, c.title.zh) for c in task.spec.checks}
    quick = task.profile is Profile.QUICK
    found: list[CheckResult] = []
    for check in sorted(task.spec.checks, key=lambda c: c.tier or 1000):
        spec = task.spec.scenarios[check.scenario]
        if quick and spec.profile is Profile.FULL:
            continue
        if isinstance(check, SpeedupCheck):
            found.append(speedup(check, by_scenario.get(check.scenario), titles))
            continue
        for case in task.pack.cases.get(check.scenario, ()):
            if check.case in (None, case.name):
                found += _results(check, by_case.get((check.scenario, case.name)))
    return found


def _results(check: Check, part: Part | None) -> list[CheckResult]:
    if part is None:
        return [skipped(check, name, text("check.not_run")) for name in check.observe]
    mine = {result_id(check, name) for name in check.observe}
    return [result for result in part.results if result.check in mine]


def _judge(task: Task, check: Check, seen: Record) -> Iterator[CheckResult]:
    goldens = task.pack.goldens[check.scenario, seen.case]
    values = _values(seen, goldens)
    for name in check.observe:
        value, cause = values[name]
        if cause is None:
            yield _named(task, check, seen, value, judge(check, value, goldens[name], task.pack.identity.disclosure))
        else:
            yield skipped(check, name, _because(task, seen, cause))


def _named(task: Task, check: Check, seen: Record, got: Observation, result: CheckResult) -> CheckResult:
    """A wrong result together with the known mistake that gives just that, if the pack knows one."""
    known = task.pack.mistakes.get((seen.scenario, seen.case, got.name), {})
    if not known or result.verdict is not Verdict.WRONG or result.why is None:
        return result
    if not isinstance(check, CloseCheck) or not isinstance(got.value, np.ndarray):
        return result
    name = mistaken(check, got.value, known)
    title = next((m.title for m in task.lab.mistakes if m.name == name), None)
    if title is None:
        return result
    return dataclasses.replace(result, why=text("check.known", why=result.why, en=title["en"], zh=title["zh"]))


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


def _because(task: Task, seen: Record, observation: str) -> Text:
    """Why something was skipped, by the title that a reader sees at the observation that failed."""
    for check in task.spec.checks_of(seen.scenario, seen.case):
        if observation in check.observe:
            layer = f" ({observation})" if len(check.observe) > 1 else ""
            return text("check.skipped", en=check.title.en + layer, zh=check.title.zh + layer)
    return text("check.skipped", en=observation, zh=observation)


def _timings(task: Task, observed: Observed) -> tuple[Timing, ...]:
    """CPU seconds by layer group: of the longest scenario that both went through."""
    if not observed.reference:
        return ()
    reference = observed.reference[-1]
    student = next(p for p in observed.parts if (p.scenario, p.case) == (reference.scenario, reference.case))
    found = timings(task.lab.groups, student.seconds, reference.seconds)
    if task.pack.identity.disclosure is Disclosure.VERDICT:
        return tuple(dataclasses.replace(t, student=float(f"{t.student:.1g}")) for t in found)
    return found


def timings(
    groups: Mapping[str, str], student: Mapping[str, float], reference: Mapping[str, float]
) -> tuple[Timing, ...]:
    """CPU seconds by group of what both sides did, from those by observation; 0 seconds: it was not done."""
    totals: dict[str, list[float]] = {}
    for name, took in student.items():
        if name in groups and took and name in reference:
            pair = totals.setdefault(groups[name], [0.0, 0.0])
            pair[0] += took
            pair[1] += reference[name]
    return tuple(Timing(group, round(s, 6), round(r, 6)) for group, (s, r) in totals.items())


def _notes(task: Task, observed: Observed) -> tuple[Text, ...]:
    used = sorted({u for part in observed.parts for u in part.used})
    notes = [*([text("note.cut")] if observed.cut else []), *observed.remarks]
    # Under `verdict` nothing is told that a hand-in could have chosen.
    if used and task.pack.identity.disclosure is Disclosure.FULL:
        notes.append(helped(used))
    if task.lab.variant:
        notes.append(text("note.variant", variant=task.lab.variant))
    for match in observed.matches:
        notes += remarks(match, task.spec.speedups(match.scenario))
    if any(m.clean for m in observed.matches) and observed.isolation.level is not Level.STRONG:
        notes.append(text("duel.helpers"))
    if task.profile is Profile.QUICK and any(s.profile is Profile.FULL for s in task.spec.scenarios.values()):
        notes.append(text("note.quick"))
    if task.pack.identity.disclosure is Disclosure.FULL:
        notes.append(text("note.public_pack", pack=task.pack.identity.name))
    return tuple(notes)


def environment() -> dict[str, str]:
    """The versions a scorecard rests on."""
    return {
        "labbench": labbench.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": _system(),
        "machine": platform.machine(),
    }


def _system() -> str:
    """System, release and C library; not `platform.platform`, which runs the program `uname` for the processor."""
    return "-".join(filter(None, (platform.system(), platform.release(), *platform.libc_ver())))
