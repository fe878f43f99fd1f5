"""A class list: a CSV with a heading, as schools and platforms export them, in any of their usual encodings."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labbench import inputs
from labbench.errors import LabbenchError, reason
from labbench.gradebook.discovery import Found, distinct, joined, safe
from labbench.report.sheets import CANVAS_POINTS
from labbench.results import Student, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
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
_MOST_BYTES = 16 << 20
#: Characters a word in the name of a hand-in must have to name somebody: `lab3` or `v2` do not.
_FEWEST_ASCII, _FEWEST_OTHERS = 5, 2
#: In Moodle's grading worksheet; the names of its downloads hold the number.
_PARTICIPANT = re.compile(r"\D+(?P<number>\d+)")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a roster."""

    student: Student
    group: str = ""


@dataclass(frozen=True, slots=True)
class Unclear:
    """A student, and what may be theirs, but may be somebody else's too."""

    student: Student
    maybe: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Roll:
    """Whose hand-ins were found, those who handed in nothing, and those of whom nobody can tell."""

    found: tuple[Found, ...]
    missing: tuple[Student, ...] = ()
    unclear: tuple[Unclear, ...] = ()


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
    if not key or row[0].strip() == CANVAS_POINTS:
        return None
    used = {known[kind] for kind in ("name", "email", "group")}
    identifiers = {
        h: v.strip() for i, (h, v) in enumerate(zip(heading, row, strict=False)) if h and v and i not in used
    }
    if participant := _PARTICIPANT.fullmatch(identifiers.get("Identifier", "")):
        identifiers["Participant"] = participant["number"]
    return Entry(Student(safe(key), name, cell("email"), identifiers), cell("group"))


def merged(entries: Iterable[Entry], found: Sequence[Found]) -> Roll:
    """Whose of the roster's students what was found is.

    A delivery is a student's if it bears their id, another of their identifiers, their address, their name, their id
    or name amid other words, or their group's name, whichever comes first. What is nobody's stays under its own name,
    after the others; so does what may be somebody else's too, and those whose it may be get no grade: not a stranger's,
    nor a zero for work that is there.
    """
    entries = tuple(entries)
    named = Counter(key for entry in entries for key in _keys(entry.student))
    by_key, by_name = _indexed(found, _keys), _indexed(found, lambda student: _both(student.id, student.name))
    by_word = _indexed(found, lambda student: _words(student.id))

    def own(student: Student) -> list[Found]:
        # What names two students of the roster names neither.
        sure, likely = ([key for key in keys(student) if named[key] == 1] for keys in (_keys, _in_words))
        hits = (by[key] for by, keys in ((by_key, sure), (by_word, likely)) for key in keys if key in by)
        return next(hits, [])

    claims = Counter(one.student.id for entry in entries for one in own(entry.student))

    def free(hits: Iterable[Found]) -> list[Found]:
        return [one for one in hits if not claims[one.student.id]]

    here, missing, unclear = [], [], []
    for entry in entries:
        student = entry.student
        theirs = own(student) or free(by_name.get(entry.group.casefold(), ()) if entry.group else ())
        if theirs and all(claims[one.student.id] < 2 for one in theirs) and _one_account(theirs):
            here.append((student, theirs))
        elif maybe := theirs or free(one for key in _keys(student) for one in by_key.get(key, ())):
            unclear.append(Unclear(student, tuple({one.student.id: one for one in maybe}.values())))
        else:
            missing.append(student)
    used = {one.student.id for _, theirs in here for one in theirs}
    rest = distinct((one for one in found if one.student.id not in used), (entry.student.id for entry in entries))
    return Roll((*(joined(*pair) for pair in here), *rest), tuple(missing), tuple(unclear))


def _one_account(theirs: Sequence[Found]) -> bool:
    """Whether it may all be one person's: two accounts of a platform are two people of one name."""
    return len({str(one.student.identifiers) for one in theirs if one.student.identifiers}) < 2


def _indexed(found: Iterable[Found], keys: Callable[[Student], Iterable[str]]) -> dict[str, list[Found]]:
    by_key: dict[str, list[Found]] = {}
    for one in found:
        for key in keys(one.student):
            by_key.setdefault(key, []).append(one)
    return by_key


def _keys(student: Student) -> list[str]:
    """What may name them, the surest first."""
    return _both(
        student.id, *student.identifiers.values(), student.email, student.email.partition("@")[0], student.name
    )


def _in_words(student: Student) -> list[str]:
    """What may name them amid other words."""
    return [key for key in _both(student.id, student.name) if key in _words(key)]


def _words(name: str) -> list[str]:
    """The words of a name, as of `2021001_张三_lab3`; none so short that it may mean anything."""
    words = {word for pattern in (r"[^\W_]+", r"\d+|[^\W\d_]+") for word in re.findall(pattern, name.casefold())}
    return [word for word in words if len(word) >= (_FEWEST_ASCII if word.isascii() else _FEWEST_OTHERS)]


def _both(*said: str) -> list[str]:
    """Each as it is, and as it is where it has become a file name."""
    return list(dict.fromkeys(key.casefold() for words in said if words for key in (words, safe(words))))
