"""Scorecards and gradebooks as HTML pages: each one file, without scripts, readable offline and on paper. Pure.

jinja2 escapes whatever a template shows, after `visible` has written out control characters; the pages forbid scripts
and all loading by their own policy, should something slip through.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import jinja2

from labbench.report import statistics, view
from labbench.report.escape import line, visible
from labbench.texts import Lang, render, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labbench.catalogue import LabSpec
    from labbench.report.view import Report
    from labbench.results import CheckResult, Gradebook, Row, Student

_TEMPLATES = Path(__file__).resolve().parent / "templates"


def scorecard(report: Report, student: Student | None = None, index: str = "") -> bytes:
    """A student's page.

    Args:
        report: What is shown.
        student: Whose it is, if that is known.
        index: Link to the gradebook's index, if it is part of one.
    """
    return _page("scorecard.html", report.lang, report=report, card=report.card, student=student, index=index)


@dataclass(frozen=True, slots=True)
class Cell:
    """What the index shows of a row, whose scorecard is not kept.

    Attributes:
        row: The row, without its scorecard.
        grade: Its grade.
        page: Where its page is; "" if it has none.
        state: How it stands.
    """

    row: Row
    grade: int | None
    page: str
    state: str


def gradebook(book: Gradebook, specs: Mapping[str, LabSpec], lang: Lang) -> bytes:
    """The index of a gradebook."""
    found = statistics.of_labs(book.rows, {lab: specs[lab] for lab in book.labs}, lang)
    students: dict[str, tuple[Student, dict[str, Cell]]] = {}
    linked: dict[tuple[str, str], Cell] = {}
    for row in book.rows:
        cell = linked[row.lab, row.handin] = linked[row.lab, row.student.id] = _cell(row)
        students.setdefault(row.student.id, (row.student, {}))[1][row.lab] = cell
    pairs = [
        (pair, [(name, linked.get((pair.lab, name))) for name in (pair.first, pair.second)]) for pair in book.alike
    ]
    labs = [(specs[lab], found[lab]) for lab in book.labs]
    return _page("index.html", lang, book=book, labs=labs, students=students, pairs=pairs)


def _cell(row: Row) -> Cell:
    page = f"{view.place(row)}.html" if row.card is not None else ""
    return Cell(replace(row, card=None), row.grade, page, view.state(row))


def _page(template: str, lang: Lang, **content: Any) -> bytes:
    said: str = (
        _environment()
        .get_template(template)
        .render(
            lang="zh-CN" if lang is Lang.ZH else "en",
            chinese=lang is Lang.ZH,
            t=lambda key, **values: say(key, lang, **values),
            told=lambda text: render(text, lang),
            reason=lambda result: view.reason(result, lang),
            unreached=lambda group: view.unreached(group, lang),
            figures=lambda group: view.figures(group, lang),
            **content,
        )
    )
    return said.encode()


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        label=view.label, speedups=view.speedups, interval=interval, outcome=view.outcome, scale=scale, line=line,
        url=lambda path: quote(path),
    )  # fmt: skip
    return environment


def _harmless(value: object) -> object:
    # What has `__html__` is markup of ours, made by a macro.
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def scale(results: tuple[CheckResult, ...]) -> float:
    """The speed-up at the right end of a drawing of them all."""
    return max((max(r.figures["high"], r.figures["required"]) for r in results), default=1.0) * 1.1


def interval(value: float, end: float) -> float:
    """Where a speed-up stands between 1× (0) and the right end (100), on a logarithmic scale."""
    if value <= 1 or end <= 1:
        return 0.0
    return round(min(100.0, 100 * math.log(value) / math.log(end)), 2)
