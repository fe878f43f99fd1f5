"""What a class came to: a gradebook whose scorecards stay in the journal until somebody looks at them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from labbench.gradebook import likeness
from labbench.gradebook.reading import shown
from labbench.results import Gradebook, Row, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labbench.gradebook.discovery import Found
    from labbench.gradebook.journal import Journal
    from labbench.gradebook.reading import Class, Handed
    from labbench.gradebook.rosters import Unclear


@dataclass(frozen=True, slots=True)
class Rows(Collection[Row]):
    """Rows that read their scorecards while they are walked: of thousands, only one is in memory.

    Attributes:
        bare: Each without its scorecard, and the key of the one it has; "" if it has none.
        journal: Where the scorecards are.
    """

    bare: tuple[tuple[Row, str], ...]
    journal: Journal

    def __len__(self) -> int:
        return len(self.bare)

    def __contains__(self, row: object) -> bool:
        return any(one == row for one in self)

    def __iter__(self) -> Iterator[Row]:
        return (replace(row, card=self.journal.found(key)) if key else row for row, key in self.bare)


def made(task: Class, journal: Journal, read: Handed) -> Gradebook:
    """The gradebook of what has been graded, to be looked at while the journal is open."""
    bare = [_row(task, journal, read, one, lab) for one in task.found for lab in task.specs]
    nothing = text("grade.nothing")
    bare += [(Row(student, lab, "", why=nothing), "") for student in task.missing for lab in task.specs]
    bare += [(_unclear(task, one, lab), "") for one in task.unclear for lab in task.specs]
    bare.sort(key=lambda pair: pair[0].student.id.casefold())
    alike = [
        pair
        for lab, prints in read.prints.items()
        for pair in likeness.alike(lab, prints, likeness.fingerprints(task.templates[lab]))
    ]
    return Gradebook(
        tuple(task.specs), Rows(tuple(bare), journal), tuple(alike), journal.started, round(journal.seconds, 3)
    )


def _row(task: Class, journal: Journal, read: Handed, one: Found, lab: str) -> tuple[Row, str]:
    """A row without its scorecard, and the key of the one it has."""
    place = one.student.id, lab
    counts, key = read.counts.get(place, one.delivery), read.keys.get(place)
    others = tuple(shown(d, task.folder) for d in (one.delivery, *one.others) if d is not counts)
    row = Row(one.student, lab, shown(counts, task.folder), others=others)
    if key is None:
        why, ours = read.unreadable[place]
        return replace(row, why=why, blameless=ours), ""
    if journal.has(key):
        return row, key
    return replace(row, why=journal.failures.get(key, text("grade.not_yet")), blameless=True), ""


def _unclear(task: Class, one: Unclear, lab: str) -> Row:
    """The row of a student whose hand-in may be another's."""
    maybe = ", ".join(shown(found.delivery, task.folder) for found in one.maybe)
    return Row(one.student, lab, "", why=text("grade.whose", handins=maybe), blameless=True)
