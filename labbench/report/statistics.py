"""What a class did in one lab, in numbers: pure functions of the rows of a gradebook."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labbench.report import view
from labbench.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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


def of_lab(lab: str, rows: Sequence[Row], spec: LabSpec, lang: Lang) -> LabStatistics:
    """All of one lab, from its rows."""
    graded = [(row, row.card) for row in rows if row.card is not None]
    cards = [card for _, card in graded]
    grades = [row.grade for row in rows if row.grade is not None]
    final = Counter(card.score for card in cards if card.final)
    return LabStatistics(
        lab=lab,
        scores={level: final[level] for level in (0, *sorted(spec.tiers))},
        states=Counter(view.state(row) for row in rows),
        mean=statistics.fmean(grades) if grades else None,
        median=statistics.median(grades) if grades else None,
        shares=_shares(cards, spec, lang),
        mistakes=_mistakes(cards, spec, lang),
        boards=_boards(graded, spec, lang),
        quickest=_quickest(graded),
        levels=Counter(card.isolation.level for card in cards),
        inactive=tuple(Counter(why for card in cards for why in card.isolation.inactive).most_common()),
        noise=_noise(cards),
        seconds=sum(card.seconds for card in cards),
    )


def _shares(cards: Iterable[Scorecard], spec: LabSpec, lang: Lang) -> tuple[Share, ...]:
    seen: Counter[tuple[str, str]] = Counter()
    for card in cards:
        seen.update((group.id, _standing(group)) for group in view.gather(card.checks, spec, lang))
    ran = {check for check, _ in seen}
    return tuple(
        Share(c.title[lang], c.tier, *(seen[c.id, s] for s in ("passed", "failed", "skipped", "undecided")))
        for c in spec.checks
        if c.id in ran
    )


def _standing(group: view.Group) -> str:
    verdicts = {m.verdict for m in group.members}
    if any(view.outcome(v) is view.Outcome.FAILED for v in verdicts):
        return "failed"
    if any(v.undecided for v in verdicts):
        return "undecided"
    return "skipped" if Verdict.SKIPPED in verdicts else "passed"


def _mistakes(cards: Iterable[Scorecard], spec: LabSpec, lang: Lang) -> tuple[Mistake, ...]:
    """Of each check only what failed first: what comes after it often only follows."""
    seen: Counter[tuple[str, str, Verdict, str]] = Counter()
    for card in cards:
        for group in view.gather([c for c in card.checks if c.tier is not None], spec, lang):
            first = next((m for m in group.failed if not m.verdict.undecided), None)
            if first is not None:
                seen[group.title, view.label(first), first.verdict, view.known(first, lang)] += 1
    return tuple(Mistake(*what, count) for what, count in seen.most_common(LISTED))


def _boards(graded: Sequence[tuple[Row, Scorecard]], spec: LabSpec, lang: Lang) -> tuple[Board, ...]:
    found: dict[str, list[tuple[Place, float]]] = {}
    for row, card in graded:
        for c in view.speedups(card):
            f = c.figures
            place = Place(row.student, view.place(row), f["ratio"], f["low"], f["high"])
            found.setdefault(c.check, []).append((place, f["required"]))
    titles = {c.id: c.title[lang] for c in spec.checks}
    return tuple(
        Board(titles[check], places[0][1], tuple(sorted((p for p, _ in places), key=lambda p: -p.value)[:LISTED]))
        for check, places in found.items()
    )


def _quickest(graded: Sequence[tuple[Row, Scorecard]]) -> tuple[Place, ...]:
    places = [
        Place(row.student, view.place(row), cpu_seconds(card))
        for row, card in graded
        if card.final and card.score == max(card.levels)
    ]
    return tuple(sorted((p for p in places if p.value), key=lambda p: p.value)[:LISTED])


def cpu_seconds(card: Scorecard) -> float:
    """What the hand-in's code took: its timed layers, or all its checks if a lab times none."""
    timed = sum(t.student for t in card.timings)
    return timed or sum(c.seconds for c in card.checks if c.tier is not None)


def _noise(cards: Iterable[Scorecard]) -> Noise | None:
    figures = [c.figures for card in cards for c in card.checks if "ratio" in c.figures]
    halves = [(f["high"] - f["low"]) / (2 * f["ratio"]) for f in figures if f["ratio"]]
    return Noise(len(halves), statistics.median(halves), max(halves)) if halves else None
