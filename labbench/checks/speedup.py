"""The verdict on a timed duel: how many times as fast as the lab's own loops. Pure: a match in, results out.

A match is what was measured: in each restart some pairs, in each pair one round of the loops, one of the hand-in, and
one of the loops again in a process of their own (the control), all on the same fresh input.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labbench import timing
from labbench.checks.ratios import Estimate, estimate
from labbench.results import CheckResult, Duel, Text, Verdict, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labbench.catalogue import SpeedupCheck
    from labbench.results import Call

#: Seconds of one round, by observation.
Times = Mapping[str, float]

#: No request is answered in less CPU time, in seconds: whoever shows less has no clock that works.
RESOLUTION = 10e-6
#: A decision needs that many pairs in a restart, and to pass, that many restarts: process starts differ.
LEAST_PAIRS = 3
LEAST_RESTARTS = 2
#: What a session may burn while it should stand still: this share of the call, or this many ns.
_GAP_SHARE, _GAP_NS = 0.02, 100_000
#: Seconds that the whole process tree may have used beyond the requests. No share of them: a hand-in can burn seconds
#: where nobody times it, and a share of those is room enough for a helper.
_HIDDEN_SECONDS = 0.05
#: A ratio that many times the expected one is for a person to look at.
_REVIEW = 20


@dataclass(frozen=True, slots=True)
class Pair:
    """One round of each side on the same inputs."""

    baseline: Times
    candidate: Times
    control: Times


@dataclass(frozen=True, slots=True)
class Match:
    """All that a duel showed.

    Attributes:
        scenario: The timed scenario.
        restarts: The pairs of each restart.
        failures: Results that are settled without any times: a wrong output, a fault.
        foul: Why the times cannot be believed, if the hand-in did anything that makes it so.
        broken: Why the lab's own side failed, if it did.
        own: Rounds of the hand-in's own loops.
        waited: (CPU, wall) seconds of a round in which the hand-in waited rather than computed; then the wall clock
            counted.
        crowded: Why other work may have been timed at the same time, if the machine's timing lock was not to be had.
    """

    scenario: str
    restarts: tuple[tuple[Pair, ...], ...] = ()
    failures: tuple[CheckResult, ...] = ()
    foul: Text | None = None
    broken: Text | None = None
    own: tuple[Times, ...] = ()
    waited: tuple[float, float] | None = None
    crowded: Text | None = None

    @property
    def clean(self) -> bool:
        """Whether the times stand for something."""
        return not self.failures and self.foul is None and self.broken is None and any(self.restarts)


def seconds(times: Times, observe: Sequence[str]) -> float:
    """What the observations took together."""
    return sum(times[name] for name in observe)


def measured(restarts: Sequence[Sequence[Pair]], observe: Sequence[str]) -> Estimate:
    """The ratio of the loops' time to the hand-in's, its interval widened by what the control differs by."""
    kept = [pairs for pairs in restarts if pairs]
    ratio, control = (
        estimate(
            [
                [math.log(seconds(p.baseline, observe) / seconds(getattr(p, other), observe)) for p in pairs]
                for pairs in kept
            ]
        )
        for other in ("candidate", "control")
    )
    return ratio.widened(control)


def clockless(restarts: Sequence[Sequence[Pair]], observe: Sequence[str]) -> bool:
    """Whether some time is too short to be one."""
    sides = [side for pairs in restarts for p in pairs for side in (p.baseline, p.candidate, p.control)]
    return any(seconds(times, observe) <= RESOLUTION for times in sides)


def undecided(check: SpeedupCheck, restarts: Sequence[Sequence[Pair]]) -> bool:
    """Whether the interval holds the requirement, so that more restarts may tell."""
    return not clockless(restarts, check.observe) and measured(restarts, check.observe).straddles(check.required)


def below(check: SpeedupCheck, restarts: Sequence[Sequence[Pair]], bar: float) -> bool:
    """Whether the ratio is so far below `bar` that no more pairs are needed to see it."""
    if len(restarts[0]) < LEAST_PAIRS or clockless(restarts, check.observe):
        return False
    # One restart says little of the next: identical code differs by up to 1.74 on a busy machine.
    margin = 2.0 if len(restarts) < LEAST_RESTARTS else 1.2
    return measured(restarts, check.observe).high * margin < bar


def speedup(check: SpeedupCheck, match: Match | None, titles: Mapping[str, tuple[str, str]]) -> CheckResult:
    """The verdict.

    Args:
        check: What is asked.
        match: What the duel showed; None if there was none, for it could not change the score.
        titles: English and Chinese titles of the checks, by id.
    """
    if match is None:
        return CheckResult(check.id, check.tier, Verdict.SKIPPED, why=text("check.not_run"))
    for failure in match.failures:
        if failure.check == check.id:
            return failure
    if match.failures:
        en, zh = titles[match.failures[0].check]
        return CheckResult(check.id, check.tier, Verdict.SKIPPED, why=text("check.skipped", en=en, zh=zh))
    if match.broken is not None:
        return CheckResult(check.id, check.tier, Verdict.INTERNAL, why=match.broken)
    if match.foul is not None:
        return CheckResult(check.id, check.tier, Verdict.FORBIDDEN, why=match.foul)
    if clockless(match.restarts, check.observe):
        return CheckResult(check.id, check.tier, Verdict.INTERNAL, why=text("duel.no_clock"))
    if not any(match.restarts):
        return CheckResult(check.id, check.tier, Verdict.INCONCLUSIVE, why=text("duel.no_time"))
    return _decide(check, match)


def _decide(check: SpeedupCheck, match: Match) -> CheckResult:
    duel = _duel(match, check.observe)
    figures = {
        "ratio": duel.ratio,
        "low": duel.low,
        "high": duel.high,
        "required": check.required,
        "restarts": float(duel.restarts),
        "pairs": float(duel.pairs),
        "baseline_seconds": duel.baseline_seconds,
        "candidate_seconds": duel.candidate_seconds,
    }
    said = {"ratio": f"{duel.ratio:.3g}", "low": f"{duel.low:.3g}", "high": f"{duel.high:.3g}"}
    said |= {"required": f"{check.required:g}", "design": duel.design}
    whole = [pairs for pairs in match.restarts if len(pairs) >= LEAST_PAIRS]
    if whole and duel.high < check.required:
        return CheckResult(check.id, check.tier, Verdict.WRONG, figures, text("duel.slow", **said))
    if len(whole) >= LEAST_RESTARTS and duel.low >= check.required:
        return CheckResult(check.id, check.tier, Verdict.PASS, figures)
    return CheckResult(check.id, check.tier, Verdict.INCONCLUSIVE, figures, text("duel.unclear", **said))


def duels(match: Match) -> tuple[Duel, ...]:
    """The numbers for the reader: of each observation, and of all together if there are several."""
    if not match.clean:
        return ()
    names = tuple(next(p for pairs in match.restarts for p in pairs).baseline)
    groups = [(name,) for name in names] + ([names] if len(names) > 1 else [])
    return tuple(_duel(match, group) for group in groups if not clockless(match.restarts, group))


def _duel(match: Match, observe: Sequence[str]) -> Duel:
    found = measured(match.restarts, observe)
    kept = [pairs for pairs in match.restarts if pairs]
    baseline, candidate = (
        statistics.median(seconds(getattr(p, side), observe) for pairs in kept for p in pairs)
        for side in ("baseline", "candidate")
    )
    own = [seconds(times, observe) for times in match.own if set(observe) <= times.keys()]
    return Duel(
        scenario=match.scenario,
        observation="+".join(observe),
        ratio=found.ratio,
        low=found.low,
        high=found.high,
        restarts=len(kept),
        pairs=min(map(len, kept)),
        baseline_seconds=baseline,
        candidate_seconds=candidate,
        own_ratio=statistics.median(own) / candidate if own else None,
    )


def remarks(match: Match, checks: Sequence[SpeedupCheck]) -> list[Text]:
    """What a reader should know of how the times came about."""
    said = [] if match.crowded is None else [match.crowded]
    if match.clean and not timing.FOREIGN_CPU_CLOCK:
        said.append(text("duel.wall_clock"))
    if match.waited is not None:
        cpu, wall = match.waited
        said.append(text("duel.waited", cpu=f"{cpu:.3g}", wall=f"{wall:.3g}"))
    for check in checks if match.clean else ():
        if check.expected is not None and not clockless(match.restarts, check.observe):
            ratio = measured(match.restarts, check.observe).ratio
            if ratio > _REVIEW * check.expected:
                names = {"en": check.title.en, "zh": check.title.zh}
                said.append(text("duel.review", ratio=f"{ratio:.3g}", usual=f"{check.expected:g}", **names))
    return said


def foul(calls: Sequence[Call], startup_ns: int, tree_seconds: float) -> Text | None:
    """Why a session's times cannot be believed: work between the requests, or in processes beside its own.

    Args:
        calls: Its ledger.
        startup_ns: CPU time before its first request.
        tree_seconds: CPU time of all its processes together, once it has ended; 0 if nobody knows.
    """
    for call in calls:
        if call.gap_ns > max(_GAP_SHARE * call.cpu_ns, _GAP_NS):
            return text("duel.gap", idle=f"{call.gap_ns / 1e6:.3g}", call=f"{call.cpu_ns / 1e6:.3g}")
    seen = (startup_ns + sum(c.cpu_ns + c.gap_ns for c in calls)) / 1e9
    # 0: whoever would have counted was killed.
    if not tree_seconds or tree_seconds - seen > _HIDDEN_SECONDS:
        return text("duel.hidden", tree=f"{tree_seconds:.3g}", seen=f"{seen:.3g}")
    return None
