"""A gradebook as CSV: ours for people, and what Moodle and Canvas import. Pure.

All are UTF-8 with CRLF, all words in quotes, and no cell of a stranger's words is a formula to a spreadsheet. What is
undecided is no grade, in no column of grades. docs/formats.md tells what the importers do with each cell.
"""

from __future__ import annotations

import csv
import io
from functools import reduce
from typing import TYPE_CHECKING

from labbench.report import view
from labbench.report.escape import cell
from labbench.results import Verdict
from labbench.texts import render, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from labbench.catalogue import LabSpec
    from labbench.results import Gradebook, Row, Scorecard, Student
    from labbench.texts import Lang

#: Excel takes a CSV file for UTF-8 only with it.
_MARK = "\ufeff"
#: No grade, to Moodle: of an empty cell it makes a 0 where the column becomes a new grade item. As a key: nobody's.
_MOODLE_NONE = "-"
#: What Canvas writes and takes, anywhere in the first cell, for the line of the maxima, which is no student's.
CANVAS_POINTS = "Points Possible"
#: The columns of ours.
_COLUMNS = (
    "id", "name", "email", "lab", "grade", "top", "state", "score", "ceiling", "passed", "failed", "undecided",
    "slowest", "fastest", "seconds", "profile", "isolation", "pack", "handin", "others", "why", "digest",
)  # fmt: skip

_Cell = str | int | float | None


def ours(book: Gradebook, specs: Mapping[str, LabSpec], lang: Lang) -> bytes:
    """One line for each student and lab, with all that a person sorts and filters by."""
    header = [say(f"column.{name}", lang) for name in _COLUMNS]
    return _MARK.encode() + _csv(header, (_ours(row, specs[row.lab], lang) for row in book.rows))


def _ours(row: Row, spec: LabSpec, lang: Lang) -> list[_Cell]:
    who = row.student
    start = [who.id, who.name, who.email, row.lab, row.grade, max(spec.tiers), say(f"state.{view.state(row)}", lang)]
    end = [row.handin, ", ".join(row.others), render(row.why, lang) if row.why is not None else ""]
    return [*start, *_measured(row.card, lang), *end, row.card.handin if row.card is not None else ""]


def _measured(card: Scorecard | None, lang: Lang) -> list[_Cell]:
    if card is None:
        return [None] * 11
    counted = [c.verdict for c in card.checks if c.tier is not None]
    speedups = [c.figures["ratio"] for c in view.speedups(card)]
    return [
        card.score,
        card.ceiling,
        sum(v is Verdict.PASS for v in counted),
        sum(view.outcome(v) is view.Outcome.FAILED for v in counted),
        sum(v.undecided for v in counted),
        round(min(speedups), 2) if speedups else None,
        round(max(speedups), 2) if speedups else None,
        round(card.seconds, 1),
        say(f"profile.{card.profile.value}", lang),
        say(f"level.{card.isolation.level.value}", lang),
        card.pack.name,
    ]


def moodle(book: Gradebook, specs: Mapping[str, LabSpec], lang: Lang) -> bytes:
    """One line a student; for each lab a column of grades and one of feedback, which Moodle wants together."""
    header = ["Email address", "ID number", "Username"]
    for lab in book.labs:
        title = say("sheet.assignment", lang, lab=lab)
        header += [title, say("sheet.feedback", lang, title=title)]
    return _csv(header, (_moodle(who, rows, book.labs, specs, lang) for who, rows in view.students(book)))


def _moodle(
    who: Student, rows: Mapping[str, Row], labs: Sequence[str], specs: Mapping[str, LabSpec], lang: Lang
) -> list[_Cell]:
    known = {"ID number": who.id, **who.identifiers}
    keys = [who.email or known.get("Email address", ""), known["ID number"], known.get("Username", "")]
    # With an empty key, or 0, Moodle would give the line to the student of the line above.
    cells: list[_Cell] = [_MOODLE_NONE if key.strip() in ("", "0") else key for key in keys]
    for lab in labs:
        row = rows.get(lab)
        if row is None or row.grade is None:
            cells += [_MOODLE_NONE, ""]
        else:
            cells += [row.grade, feedback(row, specs[lab], lang)]
    return cells


def feedback(row: Row, spec: LabSpec, lang: Lang) -> str:
    """A few sentences for a student: the score and the checks that failed."""
    if row.card is None:
        return render(row.why, lang) if row.why is not None else say("state.missing", lang)
    report = view.Report(row.card, spec, (), lang)
    failed = [g.title for g in report.all_groups if g.outcome is view.Outcome.FAILED]
    if not failed:
        return report.headline
    checks = reduce(lambda first, more: say("sheet.listed", lang, first=first, next=more), failed)
    return say("sheet.not_passed", lang, score=report.headline, checks=checks)


def canvas(book: Gradebook, specs: Mapping[str, LabSpec], lang: Lang) -> bytes:
    """One line a student, one column a lab, which Canvas finds by its title."""
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    header += [say("sheet.assignment", lang, lab=lab) for lab in book.labs]
    points: list[_Cell] = [CANVAS_POINTS, "", "", "", "", *(max(specs[lab].tiers) for lab in book.labs)]
    rows = (_canvas(who, rows, book.labs) for who, rows in view.students(book))
    return _csv(header, (row for part in ([points], rows) for row in part))


def _canvas(who: Student, rows: Mapping[str, Row], labs: Sequence[str]) -> list[_Cell]:
    keys = [who.identifiers.get(key, "") for key in ("ID", "SIS User ID", "SIS Login ID", "Section")]
    name = (who.name or who.id).replace(CANVAS_POINTS, CANVAS_POINTS.lower())
    return [name, *keys, *(rows[lab].grade if lab in rows else None for lab in labs)]


def _csv(header: Sequence[str], rows: Iterable[Sequence[_Cell]]) -> bytes:
    out = io.StringIO(newline="")
    # Unquoted words with a semicolon would be two cells to LibreOffice.
    writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(header)
    for row in rows:
        writer.writerow([cell(c) if isinstance(c, str) and c != _MOODLE_NONE else c for c in row])
    return out.getvalue().encode()
