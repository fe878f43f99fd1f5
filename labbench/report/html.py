"""Scorecards and gradebooks as HTML pages: each one file, without scripts, readable offline and on paper. Pure.

jinja2 escapes whatever a template shows, after `visible` has written out control characters; the pages forbid scripts
and all loading by their own policy, should something slip through.
"""

from __future__ import annotations

import math
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
    from labbench.results import CheckResult, Gradebook, Likeness, Row, Student

_TEMPLATES = Path(__file__).resolve().parent / "templates"


def scorecard(report: Report, student: Student | None = None, index: str = "") -> bytes:
    """A student's page.

    Args:
        report: What is shown.
        student: Whose it is, if that is known.
        index: Link to the gradebook's index, if it is part of one.
    """
    return _page("scorecard.html", report.lang, report=report, card=report.card, student=student, index=index)


def gradebook(book: Gradebook, specs: Mapping[str, LabSpec], lang: Lang) -> bytes:
    """The index of a gradebook."""
    labs = [
        (specs[lab], statistics.of_lab(lab, [row for row in book.rows if row.lab == lab], specs[lab], lang))
        for lab in book.labs
    ]
    students = [(who, [rows.get(lab) for lab in book.labs]) for who, rows in view.students(book)]
    linked = {key: row for row in book.rows for key in ((row.lab, row.student.id), (row.lab, row.handin))}
    return _page("index.html", lang, book=book, labs=labs, students=students, pairs=_pairs(book.alike, linked))


def _pairs(
    alike: tuple[Likeness, ...], linked: Mapping[tuple[str, str], Row]
) -> list[tuple[Likeness, list[tuple[str, Row | None]]]]:
    """Each pair of likes with the rows they belong to, by student or by hand-in."""
    return [(pair, [(name, linked.get((pair.lab, name))) for name in (pair.first, pair.second)]) for pair in alike]


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
        label=view.label, speedups=view.speedups, place=view.place, state=view.state, interval=interval,
        outcome=view.outcome, scale=scale, line=line, url=lambda path: quote(path),
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
