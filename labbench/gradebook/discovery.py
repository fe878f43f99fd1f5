"""Whose hand-ins lie in a folder, as learning platforms deliver them.

One entry of the folder is one delivery: a folder, an archive or a file. Its name tells whose it is:

    Moodle            NAME_ID_assignsubmission_file_/…        or with the file's name after the last underscore
    Canvas            NAME_[LATE_]ID_SUBMISSION_FILE          one entry for each attached file
    Gradescope        submission_NUMBER/…                     submission_metadata.yml says who
    GitHub Classroom  ASSIGNMENT-LOGIN/.git/…                 what all entries share is the assignment
    by hand           anything else                           the name is the student's

Files that somebody attached one by one belong together; of several attempts the latest counts.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labbench import inputs, scratch
from labbench.errors import LabbenchError, reason
from labbench.handin.budget import Budget
from labbench.handin.copying import copy_file
from labbench.handin.limits import SKIPPED_NAMES
from labbench.handin.names import decoded
from labbench.results import Student, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_GRADESCOPE = "submission_metadata.yml"
_MOODLE = re.compile(r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_(?P<kind>file|onlinetext)_?(?P<file>.*)")
_CANVAS = re.compile(r"(?P<name>[^_]+)_(?:LATE_)?(?P<id>\d+)_(?P<attempt>\d+)_(?P<file>.+)", re.IGNORECASE)
#: What Canvas adds to the name of a file that is handed in again: layers_1-2.py.
_AGAIN = re.compile(r"-(?P<again>\d{1,2})(?=\.\w+$)")
_SUFFIXES = re.compile(r"\.(py|zip|rar|7z|tgz|tar|gz|bz2|xz)$", re.IGNORECASE)
_MOST_YAML = 64 << 20


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one student or group handed in at one time.

    Attributes:
        students: Whose it is; several where a platform names the members of a group.
        paths: What to grade: a folder, an archive, or one or more files.
        names: What the files of `paths` were called when they were handed in, where that differs.
        at: When; of two deliveries the greater counts.
    """

    students: tuple[Student, ...]
    paths: tuple[Path, ...]
    names: Mapping[Path, str] = field(default_factory=dict)
    at: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """The delivery of a student that counts, and the others."""

    student: Student
    delivery: Delivery
    others: tuple[Delivery, ...] = ()


def find(folder: Path) -> tuple[Found, ...]:
    """All students of a folder with what they handed in, by their id.

    Raises:
        LabbenchError: it is no folder, cannot be read, or nothing is in it.
    """
    entries = _entries(folder)
    by_student: dict[str, list[tuple[Student, Delivery]]] = defaultdict(list)
    for delivery in _deliveries(folder, entries):
        for student in delivery.students:
            by_student[student.id].append((student, delivery))
    if not by_student:
        raise LabbenchError("grade.empty", path=str(folder))
    return distinct(_latest(pairs) for _, pairs in sorted(by_student.items()))


def _entries(folder: Path) -> list[Path]:
    try:
        found = sorted(folder.iterdir())
    except NotADirectoryError as error:
        raise LabbenchError("grade.no_folder", path=str(folder)) from error
    except FileNotFoundError as error:
        raise LabbenchError("grade.no_such_folder", path=str(folder)) from error
    except OSError as error:
        raise LabbenchError("grade.unreadable", path=str(folder), reason=reason(error)) from error
    return [e for e in found if e.name not in SKIPPED_NAMES and not e.name.startswith(".")]


def _deliveries(folder: Path, entries: Sequence[Path]) -> Iterable[Delivery]:
    if (folder / _GRADESCOPE).is_file():
        yield from _gradescope(folder, entries)
        return
    assignment = _assignment(entries)
    loose: dict[tuple[str, str, tuple[Any, ...]], list[tuple[Path, str]]] = defaultdict(list)
    for entry in entries:
        called = _called(entry)
        if (match := _MOODLE.fullmatch(called)) is not None:
            if match["kind"] == "file":
                loose[match["name"], match["id"], ()].append((entry, match["file"]))
        elif (match := _CANVAS.fullmatch(called)) is not None:
            again = _AGAIN.search(match["file"])
            attempt = int(again["again"]) if again else 0
            loose[match["name"], match["id"], (attempt,)].append((entry, _AGAIN.sub("", match["file"])))
        elif entry.is_dir() or _SUFFIXES.search(called):
            name = called.removeprefix(assignment) if assignment else _stem(entry)
            yield Delivery((Student(safe(name), name),), (entry,), at=(_modified(entry),))
    for (name, number, tries), parts in loose.items():
        student = Student(safe(f"{name}_{number}"), name, identifiers={"ID": number})
        yield from _together(student, parts, tries)


def _together(student: Student, parts: Sequence[tuple[Path, str]], attempt: tuple[Any, ...]) -> Iterable[Delivery]:
    """Single .py files are one delivery; every folder and archive is one of its own."""
    files = {path: name for path, name in parts if path.is_file() and name.lower().endswith(".py")}
    if files:
        yield Delivery((student,), tuple(files), files, (*attempt, max(map(_modified, files))))
    for path, name in parts:
        if path not in files:
            yield Delivery((student,), (path,), {path: name}, (*attempt, _modified(path)))


def _gradescope(folder: Path, entries: Sequence[Path]) -> Iterable[Delivery]:
    said = _metadata(folder / _GRADESCOPE)
    for entry in entries:
        if not entry.is_dir():
            continue
        # A folder that nothing is said of is somebody's, too.
        known = said.get(entry.name)
        about = known if isinstance(known, dict) else {}
        people = about.get(":submitters")
        students = tuple(_submitter(p) for p in people if isinstance(p, dict)) if isinstance(people, list) else ()
        made = str(about.get(":created_at", ""))
        yield Delivery(students or (Student(safe(entry.name), entry.name),), (entry,), at=(made, entry.name))


def _submitter(said: Mapping[str, Any]) -> Student:
    name, email, number = (str(said.get(key) or "") for key in (":name", ":email", ":sid"))
    identifiers = {"SID": number} if number else {}
    return Student(safe(number or email or name), name, email, identifiers)


def _metadata(path: Path) -> dict[str, Any]:
    import yaml

    try:
        content = inputs.content(path, _MOST_YAML)
        said = yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe ones
    except OSError as error:
        raise LabbenchError("grade.bad_metadata", path=str(path), reason=reason(error)) from error
    except (ValueError, yaml.YAMLError) as error:
        why = str(error).splitlines()[0]
        raise LabbenchError("grade.bad_metadata", path=str(path), reason=why) from error
    if not isinstance(said, dict):
        raise LabbenchError("grade.bad_metadata", path=str(path), reason=text("grade.no_mapping"))
    return said


def _assignment(entries: Sequence[Path]) -> str:
    """What the names of GitHub Classroom's clones begin with; "" if these are none."""
    clones = [e for e in entries if e.is_dir()]
    if len(clones) < 2 or not all((e / ".git").exists() for e in clones):
        return ""
    first, last = min(names := [_called(e) for e in clones]), max(names)
    shared = first[: next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]
    return shared[: shared.rfind("-") + 1]


def _stem(entry: Path) -> str:
    name = called = _called(entry)
    while not entry.is_dir() and _SUFFIXES.search(name):
        name = _SUFFIXES.sub("", name)
    return name or called


def _called(entry: Path) -> str:
    """An entry's name; some unpackers leave those of a Chinese Windows in GBK, as they came."""
    return decoded(os.fsencode(entry.name), entry.name)


def _modified(path: Path) -> int:
    try:
        return path.lstat().st_mtime_ns
    except OSError:
        return 0


def _latest(pairs: Sequence[tuple[Student, Delivery]]) -> Found:
    ranked = sorted(pairs, key=lambda pair: (pair[1].at, str(pair[1].paths[0])), reverse=True)
    (student, delivery), *others = ranked
    return Found(student, delivery, tuple(d for _, d in others))


def joined(student: Student, theirs: Iterable[Found]) -> Found:
    """What was found under several names, as one student's."""
    return _latest([(student, delivery) for one in theirs for delivery in (one.delivery, *one.others)])


def distinct(found: Iterable[Found], taken: Iterable[str] = ()) -> tuple[Found, ...]:
    """The same under ids that differ by more than upper and lower case, from `taken` too: they become file names."""
    used = {name.casefold() for name in taken}
    made = []
    for one in found:
        name, number = one.student.id, 1
        while name.casefold() in used:
            number += 1
            name = f"{one.student.id}-{number}"
        used.add(name.casefold())
        made.append(replace(one, student=replace(one.student, id=name)))
    return tuple(made)


def safe(name: str) -> str:
    """A file name made of a student's: letters of any script, digits, and . _ - @ +; 80 at most."""
    kept = re.sub(r"[^\w.@+-]+", "_", name).strip("._-")[:80].strip("._-")
    return kept or "unnamed"


@contextlib.contextmanager
def gathered(delivery: Delivery) -> Iterator[Path]:
    """One path to grade: what was delivered, or a folder of copies under their own names.

    Raises:
        LabbenchError: a file cannot be read.
    """
    if delivery.paths[0].is_dir() or delivery.paths[0].suffix.lower() != ".py":
        yield delivery.paths[0]
        return
    with scratch.folder() as folder:
        for path in delivery.paths:
            try:
                copy_file(path, folder, Budget(str(path)), Path(delivery.names.get(path, path.name)).name)
            except OSError as error:
                raise LabbenchError("handin.unreadable", path=str(path), reason=reason(error)) from error
        yield folder
