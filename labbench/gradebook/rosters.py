"""A class list: a CSV with a heading, as schools and platforms export them, in any of their usual encodings."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labbench import inputs
from labbench.errors import LabbenchError, reason
from labbench.gradebook.discovery import Found, distinct, safe
from labbench.results import Student, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

#: What the columns are called, lower case; the first that is there counts.
_COLUMNS = {
    "id": ("id", "student id", "学号", "sid", "sis user id", "id number", "idnumber", "username", "login",
           "sis login id", "github username", "identifier"),
    "name": ("name", "姓名", "student", "full name", "student name"),
    "first": ("first name", "名"),
    "last": ("last name", "surname", "姓"),
    "email": ("email", "邮箱", "email address", "e-mail", "电子邮件", "邮件"),
    "group": ("group", "组", "小组", "组名", "group name"),
}  # fmt: skip
#: In the first cell of a gradebook that Canvas exported: a line of maxima, not of a student.
_CANVAS_POINTS = "Points Possible"
_MOST_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a roster."""

    student: Student
    group: str = ""


def read(path: Path) -> tuple[Entry, ...]:
    """The students of a roster.

    Raises:
        LabbenchError: it cannot be read, has no column that tells students apart, or names one twice.
    """
    rows = _rows(path)
    if not rows:
        raise LabbenchError("roster.empty", path=str(path))
    heading = [cell.strip() for cell in rows[0][1]]
    column = {cell.lower(): i for i, cell in reversed(list(enumerate(heading)))}
    known = {kind: _first(column, names) for kind, names in _COLUMNS.items()}
    if known["id"] is None and known["email"] is None and known["name"] is None:
        raise LabbenchError("roster.no_column", path=str(path), got=", ".join(heading)[:200])
    entries: dict[str, Entry] = {}
    for number, row in rows[1:]:
        entry = _entry(row, heading, known)
        if entry is None:
            continue
        if entry.student.id.casefold() in entries:
            raise LabbenchError("roster.twice", path=str(path), line=number, student=entry.student.id)
        entries[entry.student.id.casefold()] = entry
    return tuple(entries.values())


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """The rows that are not empty, each with the number of its line."""
    try:
        content = inputs.content(path, _MOST_BYTES)
    except OSError as error:
        raise LabbenchError("roster.unreadable", path=str(path), reason=reason(error)) from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            decoded = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise LabbenchError("roster.unreadable", path=str(path), reason=text("roster.no_text"))
    heading = decoded.partition("\n")[0]
    delimiter = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(decoded.replace("\0", "")), delimiter=delimiter)
    try:
        return [(reader.line_num, row) for row in reader if any(row)]
    except csv.Error as error:
        raise LabbenchError("roster.unreadable", path=str(path), reason=str(error)) from error


def _first(column: dict[str, int], names: Sequence[str]) -> int | None:
    return next((column[name] for name in names if name in column), None)


def _entry(row: Sequence[str], heading: Sequence[str], known: dict[str, int | None]) -> Entry | None:
    def cell(kind: str) -> str:
        at = known[kind]
        return row[at].strip() if at is not None and at < len(row) else ""

    name = cell("name") or " ".join(filter(None, (cell("first"), cell("last"))))
    key = cell("id") or cell("email") or name
    if not key or row[0].strip() == _CANVAS_POINTS:
        return None
    used = {known[kind] for kind in ("name", "email", "group")}
    identifiers = {
        h: v.strip() for i, (h, v) in enumerate(zip(heading, row, strict=False)) if h and v and i not in used
    }
    return Entry(Student(safe(key), name, cell("email"), identifiers), cell("group"))


def merged(entries: Iterable[Entry], found: Sequence[Found]) -> tuple[tuple[Found, ...], tuple[Student, ...]]:
    """What the roster's students handed in, under their names of the roster; and those who handed in nothing.

    A delivery is a student's if it bears their id, another of their identifiers, their address, their name or their
    group's, whichever comes first. What is nobody's stays under its own name, after the others.
    """
    by_key: dict[str, list[Found]] = {}
    for one in found:
        for key in _keys(one.student):
            by_key.setdefault(key, []).append(one)
    entries = tuple(entries)
    named = Counter(k for entry in entries for k in _keys(entry.student))
    matched, missing, used = [], [], set()
    for entry in entries:
        # What names two students of the roster names neither.
        keys = [k for k in _keys(entry.student) if named[k] == 1] + ([entry.group.casefold()] if entry.group else [])
        hits = next((by_key[k] for k in keys if len(by_key.get(k, ())) == 1), None)
        if hits is None:
            missing.append(entry.student)
            continue
        matched.append(Found(entry.student, hits[0].delivery, hits[0].others))
        used.add(hits[0].student.id)
    taken = [*(one.student.id for one in matched), *(student.id for student in missing)]
    rest = distinct((one for one in found if one.student.id not in used), taken)
    return (*matched, *rest), tuple(missing)


def _keys(student: Student) -> list[str]:
    """What may name them, the surest first."""
    said = [student.id, *student.identifiers.values(), student.email, student.email.partition("@")[0], student.name]
    return list(dict.fromkeys(key.casefold() for words in said if words for key in (words, safe(words))))
