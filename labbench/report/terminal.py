"""A scorecard for a person at a terminal, or for a log: rich renderables, no printing."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console
from rich.console import Group as Lines
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text as Styled

from labbench.report import LOG_WIDTH, view
from labbench.report.escape import visible
from labbench.report.view import Report
from labbench.results import Verdict
from labbench.texts import Lang, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from labbench.catalogue import LabSpec
    from labbench.labs import Table
    from labbench.report.view import Group
    from labbench.results import CheckResult, Scorecard, Timing

_STYLES = {
    Verdict.PASS: "green",
    Verdict.SKIPPED: "dim",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.INTERNAL: "yellow",
}


def scorecard(card: Scorecard, spec: LabSpec, tables: Sequence[Table], lang: Lang) -> RenderableType:
    """Everything `labbench score` shows."""
    report = Report(card, spec, tuple(tables), lang)
    parts: list[RenderableType] = [_heading(report)]
    for tier in card.tiers:
        state = "report.reached" if tier.reached else "report.not_reached"
        title = Styled(f"\n{tier.tier:>3}  {report.tier_title(tier)}  ", "bold")
        parts += [title.append(say(state, lang), "green" if tier.reached else "red")]
        parts += [part for group in report.groups(tier.tier) for part in _check(group, lang)]
    notes = report.groups(None)
    if notes:
        parts += [Styled(f"\n  +  {say('report.notes', lang)}", "bold")]
        parts += [part for group in notes for part in _check(group, lang)]
    for table in tables:
        parts += [Styled(""), lab_table(table, lang)]
    if card.timings:
        parts += [Styled(""), timing_table(card.timings, lang)]
    parts += [Styled(f"· {visible(note)}", "dim") for note in report.notes]
    return Lines(*parts, _score(report))


def encode(report: Report) -> bytes:
    """The same for a file."""
    return plain(report).encode()


def plain(report: Report) -> str:
    """The same without colours, for a log."""
    out = io.StringIO()
    console = Console(file=out, width=LOG_WIDTH, color_system=None, force_terminal=False, highlight=False, emoji=False,
                      markup=False, _environ={})  # fmt: skip
    console.print(scorecard(report.card, report.spec, report.tables, report.lang))
    return out.getvalue()


def lab_table(table: Table, lang: Lang) -> Grid:
    """The handout's own table: its Chinese column names, with English beside them in English."""
    grid = Grid(header_style="bold")
    for column in table.columns:
        grid.add_column(column.zh if lang is Lang.ZH else f"{column.zh}\n{column.en}", overflow="fold")
    for row in table.rows:
        grid.add_row(*(Styled(visible(text)) for text in row))
    return grid


def timing_table(timings: Sequence[Timing], lang: Lang) -> Grid:
    """CPU seconds by layer group, the hand-in's beside the reference's."""
    grid = Grid(header_style="bold")
    grid.add_column(say("report.group", lang))
    for key in ("report.student", "report.reference", "report.ratio"):
        grid.add_column(say(key, lang), justify="right")
    for row in timings:
        grid.add_row(row.group, f"{row.student:.3f}", f"{row.reference:.3f}", f"{row.ratio:.1f}×")
    student, reference = sum(t.student for t in timings), sum(t.reference for t in timings)
    total = f"{student / reference:.1f}×" if reference else "–"
    grid.add_row(say("report.total", lang), f"{student:.3f}", f"{reference:.3f}", total, style="bold")
    return grid


def _heading(report: Report) -> Styled:
    return Styled.assemble((report.title, "bold"), "  ", (report.subtitle, "dim"))


def _check(group: Group, lang: Lang) -> list[RenderableType]:
    """One line a check; a line more for each layer that failed."""
    line = Styled()
    line.append(f"{say(f'verdict.{group.verdict.value}', lang)}  ", _STYLES.get(group.verdict, "red"))
    line.append(group.title)
    if len(group.members) > 1:
        line.append(f"  {group.passed}/{len(group.members)}")
    figures = view.figures(group, lang)
    line.append(f"  {figures}" if figures else "", "dim")
    line.append(f"  {group.seconds:.2f} s" if group.seconds else "", "dim")
    parts: list[RenderableType] = [Padding(line, (0, 0, 0, 5), expand=False)]
    parts += [_reason(m, lang) for m in group.failed[: view.SHOWN]]
    if len(group.failed) > view.SHOWN:
        rest = ", ".join(map(view.label, group.failed[view.SHOWN :]))
        parts.append(Padding(Styled(say("report.more", lang, names=rest), "red"), (0, 0, 0, 9), expand=False))
    if len(group.skipped) == 1:
        parts.append(_reason(group.skipped[0], lang))
    elif group.skipped:
        parts.append(Padding(Styled(visible(view.unreached(group, lang)), "dim"), (0, 0, 0, 9), expand=False))
    return parts


def _reason(result: CheckResult, lang: Lang) -> Padding:
    line = Styled()
    if view.label(result):
        line.append(f"{view.label(result)}  ", "bold")
    line.append(visible(view.reason(result, lang)), "dim" if result.verdict is Verdict.SKIPPED else "red")
    return Padding(line, (0, 0, 0, 9), expand=False)


def _score(report: Report) -> Styled:
    style = "bold green" if report.card.score == report.top else "bold yellow"
    line = Styled("\n" + say("report.score", report.lang, score=report.card.score, top=report.top), style)
    if not report.card.final:
        line.append("  " + report.reservation, "yellow")
    return line
