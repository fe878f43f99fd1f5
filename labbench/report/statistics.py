"""What a class did in one lab, in numbers: pure functions of the rows of a gradebook."""

from __future__ import annotations

import statistics
from bisect import insort
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labbench.report import view
from labbench.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from labbench.catalogue import LabSpec
    from labbench.results import Level, Row, Scorecard, Student
    from labbench.texts import Lang

#: How many of the most frequent mistakes, and of the best, are listed.
LISTED = 10


@dataclass(frozen=True, slots=True)
class Share:
    """How one check went: how many hand-ins passed it whole, failed it, did not get there, or are undecided."""

    title: str
    tier: int | None
    passed: int
    failed: int
    skipped: int
    undecided: int

    @property
    def rate(self) -> float:
        """Share of all that passed."""
        total = self.passed + self.failed + self.skipped + self.undecided
        return self.passed / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Mistake:
    """What so many hand-ins did wrong first in a check; `known` is what mistake that is, "" if nobody knows."""

    title: str
    label: str
    verdict: Verdict
    known: str
    count: int


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a leader board."""

    student: Student
    place: str
    value: float
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True, slots=True)
class Board:
    """The best of one speed-up check, with their 99 % intervals."""

    title: str
    required: float
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Noise:
    """How sure the speed-ups are: half the width of their intervals by the ratio, of the middle one and the widest."""

    count: int
    middle: float
    widest: float


@dataclass(frozen=True, slots=True)
class LabStatistics:
    """One lab of a gradebook.

    Attributes:
        lab: The lab.
        scores: How many got each possible score, 0 first, of all that have a grade by a scorecard.
        states: How many rows stand how; see `view.state`.
        mean: Of all grades, 0 where nothing was handed in; None if there is none.
        median: Likewise.
        shares: How each check went.
        mistakes: The most frequent ones.
        boards: The best of each speed-up check.
        quickest: Those of full score whose code took the least CPU time.
        levels: How many were graded under which isolation.
        inactive: What kept isolation layers from being active, and how often.
        noise: How sure the speed-ups are; None if there are none.
        seconds: What grading took, all together.
    """

    lab: str
    scores: Mapping[int, int]
    states: Mapping[str, int]
    mean: float | None
    median: float | None
    shares: tuple[Share, ...]
    mistakes: tuple[Mistake, ...]
    boards: tuple[Board, ...]
    quickest: tuple[Place, ...]
    levels: Mapping[Level, int]
    inactive: tuple[tuple[str, int], ...]
    noise: Noise | None
    seconds: float


def of_labs(rows: Iterable[Row], specs: Mapping[str, LabSpec], lang: Lang) -> dict[str, LabStatistics]:
    """Those of each lab, from one walk over the rows, none of which is kept."""
    seen = {lab: _Seen(spec, lang) for lab, spec in specs.items()}
    for row in rows:
        seen[row.lab].add(row)
    return {lab: found.statistics(lab) for lab, found in seen.items()}


class _Seen:
    """What the rows of a lab have shown so far."""

    def __init__(self, spec: LabSpec, lang: Lang) -> None:
        self._spec, self._lang = spec, lang
        self._states: Counter[str] = Counter()
        self._grades: list[int] = []
        self._scores: Counter[int] = Counter()
        self._standings: Counter[tuple[str, str]] = Counter()
        self._mistakes: Counter[tuple[str, str, Verdict, str]] = Counter()
        self._places: dict[str, list[Place]] = {}
        self._required: dict[str, float] = {}
        self._quickest: list[Place] = []
        self._levels: Counter[Level] = Counter()
        self._inactive: Counter[str] = Counter()
        self._halves: list[float] = []
        self._seconds = 0.0

    def add(self, row: Row) -> None:
        """One more."""
        self._states[view.state(row)] += 1
        if (grade := row.grade) is not None:
            self._grades.append(grade)
        if row.card is not None:
            self._add_checks(row.card)
            self._add_times(row, row.card)
            self._levels[row.card.isolation.level] += 1
            self._inactive.update(row.card.isolation.inactive)
            self._seconds += row.card.seconds

    def _add_checks(self, card: Scorecard) -> None:
        if card.final:
            self._scores[card.score] += 1
        for group in view.gather(card.checks, self._spec, self._lang):
            self._standings[group.id, _standing(group)] += 1
            # Only what failed first: what comes after it often only follows.
            first = next((m for m in group.failed if not m.verdict.undecided), None)
            if first is not None and group.tier is not None:
                known = view.known(first, self._lang)
                self._mistakes[group.title, view.label(first), first.verdict, known] += 1

    def _add_times(self, row: Row, card: Scorecard) -> None:
        for c in view.speedups(card):
            place = Place(row.student, view.place(row), *(c.figures[name] for name in ("ratio", "low", "high")))
            _enter(self._places.setdefault(c.check, []), place, key=lambda p: -p.value)
            self._required.setdefault(c.check, c.figures["required"])
        if card.final and card.score == max(card.levels) and (seconds := cpu_seconds(card)):
            _enter(self._quickest, Place(row.student, view.place(row), seconds), key=lambda p: p.value)
        figures = (c.figures for c in card.checks if c.figures.get("ratio"))
        self._halves += ((f["high"] - f["low"]) / (2 * f["ratio"]) for f in figures)

    def statistics(self, lab: str) -> LabStatistics:
        """All of them."""
        titles = {c.id: c.title[self._lang] for c in self._spec.checks}
        halves = self._halves
        return LabStatistics(
            lab=lab,
            scores={level: self._scores[level] for level in (0, *sorted(self._spec.tiers))},
            states=self._states,
            mean=statistics.fmean(self._grades) if self._grades else None,
            median=statistics.median(self._grades) if self._grades else None,
            shares=self._shares(),
            mistakes=tuple(Mistake(*what, count) for what, count in self._mistakes.most_common(LISTED)),
            boards=tuple(Board(titles[c], self._required[c], tuple(p)) for c, p in self._places.items()),
            quickest=tuple(self._quickest),
            levels=self._levels,
            inactive=tuple(self._inactive.most_common()),
            noise=Noise(len(halves), statistics.median(halves), max(halves)) if halves else None,
            seconds=self._seconds,
        )

    def _shares(self) -> tuple[Share, ...]:
        ran = {check for check, _ in self._standings}
        return tuple(
            Share(
                c.title[self._lang],
                c.tier,
                *(self._standings[c.id, s] for s in ("passed", "failed", "skipped", "undecided")),
            )
            for c in self._spec.checks
            if c.id in ran
        )


def _enter(places: list[Place], place: Place, key: Callable[[Place], float]) -> None:
    """Put one in its place on a board; of equal ones the first stands first."""
    insort(places, place, key=key)
    del places[LISTED:]


def _standing(group: view.Group) -> str:
    verdicts = {m.verdict for m in group.members}
    if any(view.outcome(v) is view.Outcome.FAILED for v in verdicts):
        return "failed"
    if any(v.undecided for v in verdicts):
        return "undecided"
    return "skipped" if Verdict.SKIPPED in verdicts else "passed"


def cpu_seconds(card: Scorecard) -> float:
    """What the hand-in's code took: its timed layers, or all its checks if a lab times none."""
    timed = sum(t.student for t in card.timings)
    return timed or sum(c.seconds for c in card.checks if c.tier is not None)
