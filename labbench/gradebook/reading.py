"""A class before it is graded: every hand-in opened for a moment, since its digest says whether it has been graded."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from labbench import handin
from labbench.errors import LabbenchError, unexpected
from labbench.gradebook import likeness
from labbench.gradebook.discovery import gathered
from labbench.gradebook.keys import key, sources

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labbench.catalogue import LabSpec
    from labbench.gradebook.discovery import Delivery, Found
    from labbench.gradebook.likeness import Prints
    from labbench.gradebook.packs import Packs
    from labbench.gradebook.rosters import Unclear
    from labbench.results import Level, Profile, Student, Text
    from labbench.vgg.store import Progress


@dataclass(frozen=True, slots=True)
class Only:
    """Which hand-ins to grade, if not all that have no scorecard yet.

    Attributes:
        failed: Those that failed on our side or whose scorecard is not final.
        changed: Those that no run has tried yet.
        students: These, also if they have a scorecard.
    """

    failed: bool = False
    changed: bool = False
    students: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Class:
    """What is to be graded.

    Attributes:
        folder: Where the hand-ins lie; rows name them relative to it.
        found: The students and what they handed in.
        missing: Those who handed in nothing.
        specs: The catalogue's entries of the labs, in order.
        profile: quick or full.
        level: How well hand-ins are locked in here.
        seconds: The most one hand-in may take for one lab, by the wall clock.
        templates: Where the stubs of each lab lie, which all hand-ins have in common.
        unclear: Those of whom nobody can tell what they handed in.
        only: Which hand-ins, if not all that have no scorecard yet.
    """

    folder: Path
    found: tuple[Found, ...]
    missing: tuple[Student, ...]
    specs: Mapping[str, LabSpec]
    profile: Profile
    level: Level
    seconds: float
    templates: Mapping[str, Path]
    unclear: tuple[Unclear, ...] = ()
    only: Only | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One hand-in × one lab, and whose it is: more than one student's if they handed in the same."""

    key: str
    lab: str
    digest: str
    delivery: Delivery
    students: tuple[str, ...]


@dataclass(slots=True)
class Handed:
    """What reading all hand-ins came to; by student and lab, where nothing else is said.

    Attributes:
        items: What to grade, by its key.
        keys: The key of what is graded.
        counts: The delivery that counts.
        unreadable: Why it cannot be read, and whether that is our failure.
        prints: Fingerprints by lab and student.
    """

    items: dict[str, Item] = field(default_factory=dict)
    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    counts: dict[tuple[str, str], Delivery] = field(default_factory=dict)
    unreadable: dict[tuple[str, str], tuple[Text, bool]] = field(default_factory=dict)
    prints: dict[str, dict[str, Prints]] = field(default_factory=dict)


def read_all(task: Class, packs: Packs, progress: Progress | None) -> Handed:
    """Read every hand-in of a class for each of its labs; what cannot be read is a row with the reason."""
    read = Handed()
    for lab in task.specs:
        source = sources(lab)
        read.prints[lab] = {}
        for number, one in enumerate(task.found):
            if progress is not None:
                progress("grade.reading", (number + 1) / len(task.found))
            place = one.student.id, lab
            try:
                read.counts[place], digest, prints = _opened(task.specs[lab], one, task.folder)
            except LabbenchError as error:
                # Where it cannot be unpacked for want of room is not its fault.
                read.unreadable[place] = error.text, error.text.key == "handin.not_written"
                continue
            except Exception as error:  # noqa: BLE001 - a row that says so, and the next hand-in
                read.unreadable[place] = unexpected(error), True
                continue
            read.prints[lab][one.student.id] = prints
            name = read.keys[place] = key(digest, lab, task.profile, packs.digest(lab), source, task.level)
            first = read.items.get(name) or Item(name, lab, digest, read.counts[place], ())
            read.items[name] = replace(first, students=(*first.students, one.student.id))
    return read


def _opened(spec: LabSpec, one: Found, folder: Path) -> tuple[Delivery, str, Prints]:
    """The delivery that counts, its digest and its fingerprints: the latest that holds anything of the lab.

    Raises:
        LabbenchError: it cannot be read.
    """
    refused: LabbenchError | None = None
    for delivery in (one.delivery, *one.others):
        path = delivery.paths[0]
        try:
            with gathered(delivery) as path, handin.opened(path, spec.files) as snapshot:
                return delivery, snapshot.digest, likeness.fingerprints(snapshot.package)
        except LabbenchError as error:
            refused = refused or _delivered(error, path, shown(delivery, folder))
            if error.text.key != "handin.no_package":  # a report, or another lab's work
                break
    assert refused is not None  # noqa: S101 - there is at least one delivery
    raise refused


def _delivered(error: LabbenchError, path: Path, name: str) -> LabbenchError:
    """The refusal in words of what was delivered: where that lies, or was copied to, is not a student's concern."""
    said = {k: v.replace(str(path), name) if isinstance(v, str) else v for k, v in error.text.values.items()}
    return LabbenchError(error.text.key, exit_code=error.exit_code, **said)


def shown(delivery: Delivery, folder: Path) -> str:
    """What was delivered, relative to the folder of all hand-ins."""
    return ", ".join(str(path.relative_to(folder)) for path in delivery.paths)
