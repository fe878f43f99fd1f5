"""What every floor above speaks: verdicts, observations, check results, scorecards. Frozen, JSON round-trip."""

from __future__ import annotations

from collections.abc import Collection, Mapping  # noqa: TC003 - msgspec reads the annotations
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from labbench.texts import Plain, Text, text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.generic]
    Value = Array | float | str

__all__ = ["Call", "CheckResult", "Disclosure", "Duel", "Fault", "Gradebook", "Isolation", "Level", "Likeness",
           "Observation", "PackId", "Plain", "Profile", "Row", "Scorecard", "Student", "Text", "TierResult", "Timing",
           "Verdict", "text"]  # fmt: skip


class Verdict(StrEnum):
    """What a check can end with; the one list, everywhere."""

    PASS = "pass"  # noqa: S105 - not a password
    WRONG = "wrong"
    SHAPE = "shape"
    TYPE = "type"
    NONFINITE = "nonfinite"
    ERROR = "error"
    NOT_IMPLEMENTED = "not_implemented"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    OUTPUT = "output"
    FORBIDDEN = "forbidden"
    SKIPPED = "skipped"
    INCONCLUSIVE = "inconclusive"
    INTERNAL = "internal"

    @property
    def undecided(self) -> bool:
        """Whether the hand-in is not to blame: `ceiling` counts it as passed, and no grade is final."""
        return self in (Verdict.INCONCLUSIVE, Verdict.INTERNAL)


class Profile(StrEnum):
    """How thoroughly: piece by piece in seconds, or the course's own procedure too."""

    QUICK = "quick"
    FULL = "full"


class Disclosure(StrEnum):
    """How much of the golden values a message may show."""

    FULL = "full"
    VERDICT = "verdict"


class Level(StrEnum):
    """How well a hand-in is locked in on this machine."""

    STRONG = "strong"
    LIMITED = "limited"


class Fault(Exception):  # noqa: N818 - the field's word: it is a value as often as it is raised
    """Why there is no value: the hand-in's failure as data. `why` never holds untrusted control characters."""

    def __init__(self, verdict: Verdict, why: Text) -> None:
        self.verdict = verdict
        self.why = why
        super().__init__(verdict, why)


@dataclass(frozen=True, slots=True)
class Call:
    """One request that a session answered, on the grader's own clocks (ns).

    `gap_ns` is CPU time the session burnt before the request, when it should have been idle.
    """

    name: str
    cpu_ns: int
    wall_ns: int
    gap_ns: int = 0


@dataclass(frozen=True, slots=True)
class Observation:
    """One named value that a scenario drew from a hand-in, or the fault in its place.

    `cpu_ns` and `wall_ns` cover the requests since the observation before, this one's fetch included. `shape` is that
    of an array that was looked at but not fetched (then `value` is None).
    """

    name: str
    value: Value | Fault | None
    cpu_ns: int = 0
    wall_ns: int = 0
    shape: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The verdict on one observation.

    `tier` is None for a note, which never costs points. `figures` hold the measured numbers together with
    their tolerance.
    """

    check: str
    tier: int | None
    verdict: Verdict
    figures: Mapping[str, float] = field(default_factory=dict)
    why: Text | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class TierResult:
    """One step of the score: reached when all its checks and all tiers below passed."""

    tier: int
    reached: bool
    reachable: bool


@dataclass(frozen=True, slots=True)
class Timing:
    """CPU seconds of one group of layers, the hand-in's beside the reference's on the same machine."""

    group: str
    student: float
    reference: float

    @property
    def ratio(self) -> float:
        """How many times the reference's time the hand-in needed."""
        return self.student / self.reference if self.reference else float("nan")


@dataclass(frozen=True, slots=True)
class Duel:
    """How many times as fast as the lab's own loops the hand-in's fast version is, for one timed observation.

    Attributes:
        scenario: The timed scenario.
        observation: What was timed; joined by "+" for the sum of several.
        ratio: Time of the loops by time of the hand-in.
        low: Lower end of the ratio's 99 % interval, with room for what identical code differed by.
        high: Its upper end.
        restarts: How often all processes were started anew.
        pairs: Pairs of timed rounds in each restart; the least where they differ.
        baseline_seconds: Median time of the loops for one round.
        candidate_seconds: Median time of the hand-in for one round.
        own_ratio: Time of the hand-in's own loops by time of its fast version; None if they were not timed.
    """

    scenario: str
    observation: str
    ratio: float
    low: float
    high: float
    restarts: int
    pairs: int
    baseline_seconds: float
    candidate_seconds: float
    own_ratio: float | None = None

    @property
    def design(self) -> str:
        """Like "3×5"."""
        return f"{self.restarts}×{self.pairs}"


@dataclass(frozen=True, slots=True)
class Isolation:
    """The layers around the hand-in: the active ones with what they hold, the others with the reason."""

    level: Level
    layers: tuple[str, ...]
    inactive: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PackId:
    """Which goldens a scorecard rests on."""

    name: str
    digest: str
    disclosure: Disclosure
    weights: str


@dataclass(frozen=True)
class Scorecard:
    """One hand-in × one lab × one pack.

    `variant` is which of several ways to do the lab was graded, "" if it has but one; `measures` are numbers that are
    shown and not judged, by the observation they came from.
    """

    lab: str
    profile: Profile
    handin: str
    checks: tuple[CheckResult, ...]
    levels: tuple[int, ...]
    isolation: Isolation
    pack: PackId
    timings: tuple[Timing, ...] = ()
    duels: tuple[Duel, ...] = ()
    variant: str = ""
    measures: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    notes: tuple[Text, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @cached_property
    def tiers(self) -> tuple[TierResult, ...]:
        """All tiers from the lowest to the highest."""
        reached = reachable = True
        ladder = []
        for level in sorted(self.levels):
            verdicts = [c.verdict for c in self.checks if c.tier == level]
            # A tier without a check (of the profile) is never reached: nothing would have been shown.
            reachable = reachable and bool(verdicts) and all(v is Verdict.PASS or v.undecided for v in verdicts)
            reached = reachable and reached and all(v is Verdict.PASS for v in verdicts)
            ladder.append(TierResult(level, reached, reachable))
        return tuple(ladder)

    @property
    def score(self) -> int:
        """The highest tier reached, else 0."""
        return max((t.tier for t in self.tiers if t.reached), default=0)

    @property
    def ceiling(self) -> int:
        """What the score would be if everything undecided turned out well."""
        return max((t.tier for t in self.tiers if t.reachable), default=0)

    @property
    def final(self) -> bool:
        """Whether nothing undecided could change the score."""
        return self.score == self.ceiling


@dataclass(frozen=True, slots=True)
class Student:
    """Who handed in (a person or a group), as a platform's export or a roster names them.

    Attributes:
        id: What tells them apart in this gradebook; it also names their files.
        name: As people call them; "" if nobody said.
        email: Their address; "" if nobody said.
        identifiers: Other platforms' keys for them by their column's name, like {"SIS Login ID": "zhang3"}.
    """

    id: str
    name: str = ""
    email: str = ""
    identifiers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One student × one lab in a gradebook.

    Attributes:
        student: Whose row it is.
        lab: The lab.
        handin: What was graded, relative to the graded folder; "" if nothing was handed in.
        card: The scorecard; None if there is none.
        why: Why there is none.
        others: What else they handed in and does not count, relative to the graded folder.
        blameless: Whether it is not theirs that there is no scorecard, but our failure, or that nobody can tell whose a
            hand-in is; such a row is no grade.
    """

    student: Student
    lab: str
    handin: str
    card: Scorecard | None = None
    why: Text | None = None
    others: tuple[str, ...] = ()
    blameless: bool = False

    @property
    def grade(self) -> int | None:
        """The score to export; 0 where nothing was (readably) handed in, None while it is undecided."""
        if self.card is None:
            return None if self.blameless else 0
        return self.card.score if self.card.final else None


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two hand-ins to one lab that a human should look at side by side: what share of their tokens agree."""

    lab: str
    first: str
    second: str
    share: float


@dataclass(frozen=True, slots=True)
class Gradebook:
    """Many students × one or more labs.

    Attributes:
        labs: The labs in the order they were asked for.
        rows: One for each student and lab, by student. They may be read while they are walked: walk them, keep none.
        alike: Near-identical hand-ins, most alike first.
        started: When grading began, ISO 8601 with offset.
        seconds: Wall time it took, over all runs.
    """

    labs: tuple[str, ...]
    rows: Collection[Row]
    alike: tuple[Likeness, ...] = ()
    started: str = ""
    seconds: float = 0.0
