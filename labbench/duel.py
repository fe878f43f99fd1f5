"""The timed duel: the lab's own loops against a hand-in's fast version, on the same fresh inputs, in turn.

Theory of operation. Three sides play: the baseline (the reference, type 0), the control (the same code in a process of
its own) and the candidate (the hand-in, type 1). For each restart every side gets a newly exec'd zygote, since
forks of one zygote share its address layout and with it a bias that no number of pairs averages out. A pair is one
round of each side on the same case, drawn from a fresh seed, in shuffled order. What the baseline observes is the
golden: each output of the candidate is verified, the untimed warm-up's too. Time is CPU time on the grader's own
clock, and a side stands still (SIGSTOP) while another plays, so that it can neither disturb nor work ahead. At the end
of a session the CPU time of its whole process tree must be what the requests account for. How far the control differs
from the baseline, which is the same code, widens the candidate's interval.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from labbench import timing
from labbench.alone import alone
from labbench.checks import judge
from labbench.checks.speedup import LEAST_PAIRS, Match, Pair, below, foul, undecided
from labbench.observe import Ended, observe
from labbench.results import Fault, Observation, Verdict, text
from labbench.worker.zygote import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from labbench.catalogue import Limits, SpeedupCheck
    from labbench.checks.speedup import Times
    from labbench.labs import Case, Draw, ScenarioFunction
    from labbench.results import CheckResult, Disclosure, Text
    from labbench.worker.session import Session
    from labbench.worker.zygote import Code

LOOPS, FAST = 0, 1
#: A shorter round of the candidate's, in seconds of CPU, is played on several inputs.
_SHORT = 2e-3
#: Most inputs in a pair, and most seconds of the baseline's for them.
_MOST_INPUTS, _MOST_SECONDS = 4, 0.25
#: The hand-in's own loops are for information: that many rounds, as long as they take no more seconds.
_OWN_ROUNDS, _OWN_SECONDS = 3, 1.5


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: restarts × pairs, the longer plan's restarts, the seconds after which nothing begins."""

    restarts: int = 3
    longer: int = 5
    pairs: int = 5
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Contest:
    """Who plays what.

    Attributes:
        scenario: The timed scenario's name.
        walk: The scenario.
        draw: Makes a fresh case.
        checks: What is asked of it.
        reference: The lab's own code.
        candidate: The hand-in.
        limits: Of each session.
        disclosure: How much messages may tell.
        workers: Makes a zygote that has not been started yet.
        lock: Held while it is measured; gives the reason if it could not be had.
    """

    scenario: str
    walk: ScenarioFunction
    draw: Draw
    checks: tuple[SpeedupCheck, ...]
    reference: Code
    candidate: Code
    limits: Limits
    disclosure: Disclosure
    workers: Callable[[], Workers] = Workers
    lock: Callable[[], AbstractContextManager[Text | None]] = alone


@dataclass(frozen=True, slots=True)
class _Side:
    session: Session
    version: int


@dataclass(slots=True)
class _Restart:
    """What has come of a restart so far."""

    pairs: list[Pair] = field(default_factory=list)
    failures: tuple[CheckResult, ...] = ()
    foul: Text | None = None
    broken: Text | None = None
    own: list[Times] = field(default_factory=list)
    waited: tuple[float, float] | None = None

    @property
    def over(self) -> bool:
        """Whether the match is settled without more times."""
        return bool(self.failures or self.foul or self.broken)


class _Stop(Exception):  # noqa: N818 - nothing went wrong with labbench
    """The match ends here; the restart says why."""


def duel(contest: Contest, plan: Plan | None = None) -> Match:
    """Measure until the checks are decided, or the plan is over.

    Raises:
        LabbenchError: no session can be started here at all.
    """
    plan = plan or Plan()
    contest = dataclasses.replace(contest, limits=_within(contest.limits, plan))
    with contest.lock() as crowded:
        deadline = timing.wall_ns() + int(plan.seconds * 1e9)
        played: list[_Restart] = []
        while not _finished(contest, plan, played, deadline):
            played.append(_restart(contest, plan, played, deadline))
    last = played[-1]
    return Match(
        scenario=contest.scenario,
        restarts=_restarts(played),
        failures=last.failures,
        foul=last.foul,
        broken=last.broken,
        own=tuple(times for p in played for times in p.own),
        waited=next((p.waited for p in played if p.waited), None),
        crowded=crowded,
    )


def _within(limits: Limits, plan: Plan) -> Limits:
    """The limits, so tight that a session ends long before the plan: nobody can sit a duel out and stay undecided."""
    return msgspec.structs.replace(limits, cpu_seconds=min(limits.cpu_seconds, max(1, int((plan.seconds / 2 - 5) / 3))))


def _restarts(played: Sequence[_Restart]) -> tuple[tuple[Pair, ...], ...]:
    return tuple(tuple(p.pairs) for p in played if p.pairs)


def _finished(contest: Contest, plan: Plan, played: Sequence[_Restart], deadline: int) -> bool:
    if not played:
        return False
    if played[-1].over or timing.wall_ns() > deadline or len(played) >= plan.longer:
        return True
    restarts = _restarts(played)
    # Slower than the loops: minutes would not make it faster.
    if any(below(c, restarts, 1.0) for c in contest.checks if c.tier is not None):
        return True
    return len(played) >= plan.restarts and not any(undecided(c, restarts) for c in contest.checks)


def _restart(contest: Contest, plan: Plan, played: Sequence[_Restart], deadline: int) -> _Restart:
    """Start all sides anew and play the pairs of one restart."""
    now = _Restart()
    with contextlib.ExitStack() as stack, contextlib.suppress(_Stop):
        baseline, control, candidate = (
            _Side(stack.enter_context(stack.enter_context(contest.workers()).session(code, contest.limits)), version)
            for code, version in (
                (contest.reference, LOOPS),
                (contest.reference, LOOPS),
                (contest.candidate, FAST),
            )
        )
        sides = {"baseline": baseline, "control": control, "candidate": candidate}
        warm = _round(contest, now, sides, _fresh(contest))
        inputs = _inputs(warm)
        while len(now.pairs) < plan.pairs and timing.wall_ns() < deadline:
            rounds = [_round(contest, now, sides, _fresh(contest)) for _ in range(inputs)]
            now.pairs.append(_pair(now, rounds))
            if len(now.pairs) == LEAST_PAIRS and _lost(contest, played, now):
                break  # the other restarts are still needed for an interval that is worth its name
        if not played:
            stack.enter_context(own := contest.workers())
            _play_own(contest, now, own)
        # The foul is looked for once nothing of the hand-in's is alive.
        exit_ = candidate.session.close()
        now.foul = foul(candidate.session.ledger, candidate.session.startup_ns, exit_.cpu_seconds)
    return now


def _lost(contest: Contest, played: Sequence[_Restart], now: _Restart) -> bool:
    restarts = _restarts([*played, now])
    return any(below(c, restarts, c.required) for c in contest.checks if c.tier is not None)


def _fresh(contest: Contest) -> Case:
    return contest.draw(np.random.default_rng(secrets.randbits(128)))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one side showed on one case."""

    observations: Mapping[str, Observation]
    ended: Fault | None

    def get(self, name: str) -> Observation:
        """An observation, or in its place why it did not come."""
        return self.observations.get(name) or Observation(name, self.ended)

    @property
    def fault(self) -> Fault | None:
        values = [o.value for o in self.observations.values()]
        return next((v for v in values if isinstance(v, Fault)), self.ended)


def _play(contest: Contest, side: _Side, case: Case) -> _Seen:
    versioned = dataclasses.replace(case, params={**case.params, "type": side.version})
    seen: dict[str, Observation] = {}
    ended = None
    for step in observe(side.session, contest.walk, versioned):
        if isinstance(step, Ended):
            ended = step.fault
        else:
            seen[step.name] = step
    return _Seen(seen, ended)


def _round(contest: Contest, now: _Restart, sides: Mapping[str, _Side], case: Case) -> Mapping[str, _Seen]:
    """Each side plays the case, in random order; the candidate's outputs are verified.

    Raises:
        _Stop: an output is wrong, or a side failed.
    """
    order = secrets.SystemRandom().sample(sorted(sides), len(sides))
    seen = {name: _play(contest, sides[name], case) for name in order}
    broken = seen["baseline"].fault or seen["control"].fault
    if broken is not None:
        now.broken = text("duel.broken")
        raise _Stop
    right = {name: o.value for name, o in seen["baseline"].observations.items()}
    now.failures = tuple(failed for check in contest.checks if (failed := _failed(contest, check, right, seen)))
    if now.failures:
        raise _Stop
    return seen


def _failed(
    contest: Contest, check: SpeedupCheck, right: Mapping[str, object], seen: Mapping[str, _Seen]
) -> CheckResult | None:
    for name in check.observe:
        golden = right.get(name)
        goldens = (golden,) if isinstance(golden, np.ndarray) else ()
        result = judge(check, seen["candidate"].get(name), goldens, contest.disclosure)
        if result.verdict is not Verdict.PASS:
            return dataclasses.replace(result, figures={})
    return None


def _inputs(warm: Mapping[str, _Seen]) -> int:
    """On how many inputs a pair is played, so that the candidate's time is no trifle."""
    ours, theirs = (sum(o.cpu_ns for o in warm[s].observations.values()) / 1e9 for s in ("baseline", "candidate"))
    if not theirs or not ours:
        return 1
    return max(1, min(_MOST_INPUTS, math.ceil(_SHORT / theirs), int(_MOST_SECONDS / ours)))


def _pair(now: _Restart, rounds: Sequence[Mapping[str, _Seen]]) -> Pair:
    """The times of some rounds, added up: CPU time, or the wall's if the candidate waited instead of computing."""
    candidate = [o for r in rounds for o in r["candidate"].observations.values()]
    cpu, wall = sum(o.cpu_ns for o in candidate) / 1e9, sum(o.wall_ns for o in candidate) / 1e9
    waited = wall > 3 * cpu + 0.5
    if waited:
        now.waited = now.waited or (cpu, wall)

    def times(side: str) -> dict[str, float]:
        sums: dict[str, float] = {}
        for name in rounds[0]["baseline"].observations:
            seen = [r[side].get(name) for r in rounds]
            sums[name] = sum(o.wall_ns if waited else o.cpu_ns for o in seen) / 1e9 / len(rounds)
        return sums

    return Pair(times("baseline"), times("candidate"), times("control"))


def _play_own(contest: Contest, now: _Restart, workers: Workers) -> None:
    """The hand-in's own loops, for information: nothing depends on them, so nothing they do wrong matters."""
    started = timing.wall_ns()
    with workers.session(contest.candidate, contest.limits) as session:
        for i in range(1 + _OWN_ROUNDS):
            seen = _play(contest, _Side(session, LOOPS), _fresh(contest))
            if seen.fault is not None:
                return
            if i:  # the first is the warm-up
                now.own.append({name: o.cpu_ns / 1e9 for name, o in seen.observations.items()})
            if timing.wall_ns() - started > _OWN_SECONDS * 1e9:
                return
