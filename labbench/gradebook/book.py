"""What a class came to: a gradebook whose scorecards stay in the journal until somebody looks at them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from labbench.gradebook import likeness
from labbench.results import Gradebook, Row, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labbench.gradebook.discovery import Delivery, Found
    from labbench.gradebook.journal import Journal
    from labbench.gradebook.reading import Class, Handed


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
    keys = {(student, item.lab): item.key for item in read.items.values() for student in item.students}
    bare = [_row(task, one, lab, journal, read, keys.get((one.student.id, lab), "")) for one in task.found
            for lab in task.specs]  # fmt: skip
    nothing = text("grade.nothing")
    bare += [(Row(student, lab, "", why=nothing), "") for student in task.missing for lab in task.specs]
    bare.sort(key=lambda pair: pair[0].student.id.casefold())
    alike = [
        pair
        for lab, prints in read.prints.items()
        for pair in likeness.alike(lab, prints, likeness.fingerprints(task.templates[lab]))
    ]
    return Gradebook(
        tuple(task.specs), Rows(tuple(bare), journal), tuple(alike), journal.started, round(journal.seconds, 3)
    )


def _row(task: Class, one: Found, lab: str, journal: Journal, read: Handed, key: str) -> tuple[Row, str]:
    """A row without its scorecard, and the key of the one it has."""
    counts = read.counts.get((one.student.id, lab), one.delivery)
    others = tuple(_shown(task, d) for d in (one.delivery, *one.others) if d is not counts)
    row = Row(one.student, lab, _shown(task, counts), others=others)
    if key and journal.has(key):
        return row, key
    unknown = text("grade.not_yet"), True
    why, ours = journal.failures.get(key, unknown) if key else read.unreadable[one.student.id, lab]
    return replace(row, why=why, blameless=ours), ""


def _shown(task: Class, delivery: Delivery) -> str:
    return ", ".join(str(p.relative_to(task.folder)) for p in delivery.paths)
