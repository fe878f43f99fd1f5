"""What every format shows of a scorecard: the results gathered by check, and their words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from labbench.report.escape import file_name
from labbench.results import Verdict
from labbench.texts import joined, render, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from labbench.catalogue import LabSpec
    from labbench.labs import Table
    from labbench.results import CheckResult, Gradebook, Row, Scorecard, Student, TierResult
    from labbench.texts import Lang

#: How many failing observations of one check are told in full.
SHOWN = 6


class Outcome(StrEnum):
    """What other systems know of a verdict."""

    PASSED = "passed"
    #: The hand-in is to blame.
    FAILED = "failed"
    #: Not run, or undecided on a busy machine: nobody is.
    SKIPPED = "skipped"
    #: We are.
    OURS = "ours"


def outcome(verdict: Verdict) -> Outcome:
    """Who is to blame, if anybody."""
    match verdict:
        case Verdict.PASS:
            return Outcome.PASSED
        case Verdict.SKIPPED | Verdict.INCONCLUSIVE:
            return Outcome.SKIPPED
        case Verdict.INTERNAL:
            return Outcome.OURS
    return Outcome.FAILED


@dataclass(frozen=True, slots=True)
class Report:
    """A scorecard with what is needed to tell of it: the lab, its own tables of it, the language."""

    card: Scorecard
    spec: LabSpec
    tables: tuple[Table, ...]
    lang: Lang

    @property
    def top(self) -> int:
        """The highest score."""
        return max(self.card.levels)

    @property
    def title(self) -> str:
        """The lab's number and title."""
        return f"{self.card.lab}  {self.spec.title[self.lang]}"

    @property
    def subtitle(self) -> str:
        """Profile, pack and isolation."""
        profile = say(f"profile.{self.card.profile.value}", self.lang)
        level = say(f"level.{self.card.isolation.level.value}", self.lang)
        return say("report.subtitle", self.lang, profile=profile, pack=self.card.pack.name, isolation=level)

    @property
    def headline(self) -> str:
        """The score, and that it is none yet if it is not final."""
        score = say("report.score", self.lang, score=self.card.score, top=self.top)
        return score if self.card.final else f"{score}  {self.reservation}"

    @property
    def reservation(self) -> str:
        """Why the score is not final; only for one that is not."""
        return say("report.not_final", self.lang, ceiling=self.card.ceiling)

    @property
    def notes(self) -> tuple[str, ...]:
        """The remarks."""
        return tuple(render(note, self.lang) for note in self.card.notes)

    def groups(self, tier: int | None) -> tuple[Group, ...]:
        """The checks of a tier; of None the notes."""
        return gather([c for c in self.card.checks if c.tier == tier], self.spec, self.lang)

    @property
    def all_groups(self) -> tuple[Group, ...]:
        """The checks of all tiers from the lowest up."""
        return tuple(group for tier in self.card.tiers for group in self.groups(tier.tier))

    @property
    def steps(self) -> tuple[tuple[TierResult, int], ...]:
        """Each tier from the lowest up, with the points that it adds to those below."""
        below = (0, *(t.tier for t in self.card.tiers))
        return tuple((tier, tier.tier - before) for tier, before in zip(self.card.tiers, below, strict=False))

    def check_title(self, result: CheckResult) -> str:
        """The title of a result's check."""
        wanted = result.check.partition(".")[0]
        return next(c.title[self.lang] for c in self.spec.checks if c.id == wanted)

    def tier_title(self, tier: TierResult) -> str:
        """What a tier is about."""
        return self.spec.tiers[tier.tier][self.lang]


@dataclass(frozen=True, slots=True)
class Group:
    """All results of one check.

    Attributes:
        id: The check's, as in the catalogue.
        title: Its title.
        members: One for each observation.
    """

    id: str
    title: str
    members: tuple[CheckResult, ...]

    @property
    def tier(self) -> int | None:
        """Where it counts; None for a note."""
        return self.members[0].tier

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """What ran and did not pass, ours and undecided ones included."""
        return tuple(m for m in self.members if m.verdict not in (Verdict.PASS, Verdict.SKIPPED))

    @property
    def skipped(self) -> tuple[CheckResult, ...]:
        """What did not run."""
        return tuple(m for m in self.members if m.verdict is Verdict.SKIPPED)

    @property
    def passed(self) -> int:
        """How many passed."""
        return len(self.members) - len(self.failed) - len(self.skipped)

    @property
    def verdict(self) -> Verdict:
        """That of the first that failed, else was skipped, else passed."""
        return (self.failed or self.skipped or self.members)[0].verdict

    @property
    def outcome(self) -> Outcome:
        """Who is to blame: the hand-in if it is for any of the results."""
        seen = {outcome(m.verdict) for m in self.members}
        order = (Outcome.FAILED, Outcome.OURS, Outcome.SKIPPED)
        return next((o for o in order if o in seen), Outcome.PASSED)

    @property
    def seconds(self) -> float:
        """CPU time."""
        return sum(m.seconds for m in self.members)


def gather(results: Sequence[CheckResult], spec: LabSpec, lang: Lang) -> tuple[Group, ...]:
    """Results by check, in their order."""
    titles = {c.id: c.title[lang] for c in spec.checks}
    return tuple(
        Group(check, titles[check], tuple(members))
        for check, members in groupby(results, key=lambda r: r.check.partition(".")[0])
    )


def label(result: CheckResult) -> str:
    """What was observed; "" if the check observes but one thing."""
    return result.check.partition(".")[2]


def reason(result: CheckResult, lang: Lang) -> str:
    """Why a result is no pass; of our own failure also whose it is. "" if there is nothing to say."""
    said = render(result.why, lang) if result.why is not None else ""
    if outcome(result.verdict) is Outcome.OURS:
        return joined(said, say("report.ours", lang))
    return said


def known(result: CheckResult, lang: Lang) -> str:
    """What known mistake a wrong result comes of; "" if nobody knows."""
    why = result.why
    return str(why.values[lang.value]) if why is not None and why.key == "check.known" else ""


def told(group: Group, lang: Lang) -> tuple[str, ...]:
    """What went wrong in a check, a line each: the first ones in full, the rest by name."""
    lines = [f"{label(m)}  {reason(m, lang)}".strip() for m in group.failed[:SHOWN]]
    if len(group.failed) > SHOWN:
        lines.append(say("report.more", lang, names=", ".join(map(label, group.failed[SHOWN:]))))
    if group.skipped:
        lines.append(unreached(group, lang))
    return tuple(lines)


def unreached(group: Group, lang: Lang) -> str:
    """How many of a check did not run, if several, and why the first did not."""
    count = len(group.skipped)
    return joined(say("report.skipped", lang, count=count) if count > 1 else "", reason(group.skipped[0], lang))


def speedups(card: Scorecard) -> tuple[CheckResult, ...]:
    """The results of the speed-up checks that passed: what was measured on work that is wrong or hidden is no time."""
    return tuple(c for c in card.checks if c.verdict is Verdict.PASS and "ratio" in c.figures)


def figures(group: Group, lang: Lang) -> str:
    """The largest error of the passed ones beside what is allowed, a speed-up, or the class; "" if there is none."""
    passed = [m.figures for m in group.members if m.verdict is Verdict.PASS]
    errors = [f["error"] for f in passed if "error" in f]
    shown = ""
    if errors:
        allowed = group.members[0].figures.get("tolerance", 0.0)
        shown = say("report.error", lang, error=f"{max(errors):.1e}", tolerance=f"{allowed:g}")
    for found in passed[:1]:
        if "ratio" in found:
            shown = speedup(found, lang)
        if "class" in found:
            shown = say("report.class", lang, number=int(found["class"]))
    return shown


def speedup(found: Mapping[str, float], lang: Lang) -> str:
    """A speed-up with its interval and the times behind it."""
    numbers = {name: f"{found[name]:.3g}" for name in ("ratio", "low", "high", "required")}
    times = {side: f"{found[f'{side}_seconds'] * 1e3:.3g}" for side in ("baseline", "candidate")}
    design = f"{found['restarts']:.0f}×{found['pairs']:.0f}"
    return say("report.speedup", lang, **numbers, **times, design=design)


def place(row: Row) -> str:
    """Where the reports on a row lie in a gradebook's folder, without their endings."""
    return f"students/{file_name(row.student.id)}/{file_name(row.lab)}"


def students(book: Gradebook) -> Iterator[tuple[Student, dict[str, Row]]]:
    """Each student with their rows by lab."""
    for _, found in groupby(book.rows, key=lambda row: row.student.id):
        rows = list(found)
        yield rows[0].student, {row.lab: row for row in rows}


def state(row: Row) -> str:
    """How a row stands: final, undecided, failed (we did), unread or missing."""
    if row.card is not None:
        return "final" if row.card.final else "undecided"
    if row.blameless:
        return "failed" if row.handin else "undecided"  # whose work it is
    return "unread" if row.handin else "missing"
