"""A scorecard as GitHub's Markdown, for a step summary or a comment. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labbench.report import view
from labbench.report.escape import markdown
from labbench.report.view import Outcome
from labbench.texts import Lang, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labbench.labs import Table
    from labbench.report.view import Group, Report

_MARKS = {Outcome.PASSED: "✅", Outcome.FAILED: "❌", Outcome.SKIPPED: "⏭️", Outcome.OURS: "🔧"}


def encode(report: Report) -> bytes:
    """The whole report."""
    return ("\n".join(_lines(report)) + "\n").encode()


def _lines(report: Report) -> Iterator[str]:
    lang = report.lang
    yield f"## {markdown(report.title)}"
    yield ""
    yield f"**{markdown(report.headline)}** · {markdown(report.subtitle)}"
    for tier in report.card.tiers:
        reached = say("report.reached" if tier.reached else "report.not_reached", lang)
        yield from ("", f"### {tier.tier}: {markdown(report.tier_title(tier))} ({reached})", "")
        yield from _checks(report.groups(tier.tier), lang)
    notes = report.groups(None)
    if notes or report.notes:
        yield from ("", f"### {markdown(say('report.notes', lang))}", "")
        yield from _checks(notes, lang)
        yield from (f"- · {markdown(note)}" for note in report.notes)
    for table in report.tables:
        yield ""
        yield from _table(table, lang)


def _checks(groups: tuple[Group, ...], lang: Lang) -> Iterator[str]:
    for group in groups:
        word = say(f"verdict.{group.verdict.value}", lang)
        count = f" {group.passed}/{len(group.members)}" if len(group.members) > 1 else ""
        figures = view.figures(group, lang)
        yield (
            f"- {_MARKS[group.outcome]} **{markdown(word)}** {markdown(group.title)}{count}"
            + (f" — {markdown(figures)}" if figures else "")
        )
        yield from (f"  - · {markdown(told)}" for told in view.told(group, lang))


def _table(table: Table, lang: Lang) -> Iterator[str]:
    names = [c.zh if lang is Lang.ZH else c.en for c in table.columns]
    yield _row(names)
    yield _row(["---"] * len(names), escaped=True)
    yield from (_row(row) for row in table.rows)


def _row(cells: tuple[str, ...] | list[str], *, escaped: bool = False) -> str:
    return "| " + " | ".join(cells if escaped else map(_cell, cells)) + " |"


def _cell(words: str) -> str:
    return "<br>".join(map(markdown, words.split("\n")))
