"""A scorecard for a person at a terminal, or for a log: rich renderables, no printing."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text as Styled

from labbench.results import Verdict
from labbench.texts import Lang, render, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from labbench.catalogue import LabSpec
    from labbench.labs import Table
    from labbench.results import CheckResult, Scorecard, Timing

#: How many failing layers of one check are shown in full.
_SHOWN = 6
_STYLES = {
    Verdict.PASS: "green",
    Verdict.SKIPPED: "dim",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.INTERNAL: "yellow",
}


def scorecard(card: Scorecard, spec: LabSpec, tables: Sequence[Table], lang: Lang) -> RenderableType:
    """Everything `labbench score` shows."""
    parts: list[RenderableType] = [_heading(card, spec, lang)]
    for tier in card.tiers:
        state = "report.reached" if tier.reached else "report.not_reached"
        title = Styled(f"\n{tier.tier:>3}  {spec.tiers[tier.tier][lang]}  ", "bold")
        parts += [title.append(say(state, lang), "green" if tier.reached else "red")]
        parts += _checks([c for c in card.checks if c.tier == tier.tier], spec, lang)
    notes = [c for c in card.checks if c.tier is None]
    if notes:
        parts += [Styled(f"\n  +  {say('report.notes', lang)}", "bold"), *_checks(notes, spec, lang)]
    for table in tables:
        parts += [Styled(""), lab_table(table, lang)]
    if card.timings:
        parts += [Styled(""), timing_table(card.timings, lang)]
    parts += [Styled(f"· {render(n, lang)}", "dim") for n in card.notes]
    return Group(*parts, _score(card, lang))


def lab_table(table: Table, lang: Lang) -> Grid:
    """The handout's own table: its Chinese column names, with English beside them in English."""
    grid = Grid(header_style="bold")
    for column in table.columns:
        grid.add_column(column.zh if lang is Lang.ZH else f"{column.zh}\n{column.en}", overflow="fold")
    for row in table.rows:
        grid.add_row(*map(Styled, row))
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


def _heading(card: Scorecard, spec: LabSpec, lang: Lang) -> Styled:
    profile = say(f"profile.{card.profile.value}", lang)
    level = say(f"level.{card.isolation.level.value}", lang)
    subtitle = say("report.subtitle", lang, profile=profile, pack=card.pack.name, isolation=level)
    return Styled.assemble((f"{card.lab}  {spec.title[lang]}", "bold"), "  ", (subtitle, "dim"))


def _checks(results: Sequence[CheckResult], spec: LabSpec, lang: Lang) -> list[RenderableType]:
    titles = {c.id: c.title[lang] for c in spec.checks}
    parts: list[RenderableType] = []
    for check, members in groupby(results, key=lambda r: r.check.partition(".")[0]):
        parts += _check(titles[check], list(members), lang)
    return parts


def _check(title: str, members: Sequence[CheckResult], lang: Lang) -> list[RenderableType]:
    """One line a check; a line more for each layer that failed."""
    failed = [m for m in members if m.verdict not in (Verdict.PASS, Verdict.SKIPPED)]
    skipped = [m for m in members if m.verdict is Verdict.SKIPPED]
    worst = (failed or skipped or list(members))[0].verdict
    line = Styled("     ")
    line.append(f"{say(f'verdict.{worst.value}', lang)}  ", _STYLES.get(worst, "red"))
    line.append(title)
    if len(members) > 1:
        line.append(f"  {len(members) - len(failed) - len(skipped)}/{len(members)}")
    line.append(_figures(members, lang), "dim")
    parts: list[RenderableType] = [line]
    parts += [_reason(m, lang) for m in failed[:_SHOWN]]
    if len(failed) > _SHOWN:
        rest = ", ".join(m.check.partition(".")[2] for m in failed[_SHOWN:])
        parts.append(Padding(Styled(say("report.more", lang, names=rest), "red"), (0, 0, 0, 9), expand=False))
    if skipped:
        parts.append(_reason(skipped[0], lang, count=len(skipped)))
    return parts


def _figures(members: Sequence[CheckResult], lang: Lang) -> str:
    """The largest error of the passed ones beside what is allowed, and the time."""
    shown = ""
    errors = [m.figures["error"] for m in members if m.verdict is Verdict.PASS and "error" in m.figures]
    if errors:
        allowed = members[0].figures.get("tolerance", 0.0)
        shown = "  " + say("report.error", lang, error=f"{max(errors):.1e}", tolerance=f"{allowed:g}")
    ratios = [m.figures for m in members if "ratio" in m.figures and m.verdict is Verdict.PASS]
    if ratios:
        shown = "  " + _ratio(ratios[0], lang)
    classes = [m.figures for m in members if m.verdict is Verdict.PASS and "class" in m.figures]
    if classes:
        shown = "  " + say("report.class", lang, number=int(classes[0]["class"]))
    seconds = sum(m.seconds for m in members)
    return f"{shown}  {seconds:.2f} s" if seconds else shown


def _ratio(figures: Mapping[str, float], lang: Lang) -> str:
    """A speed-up with its interval and the times behind it."""
    numbers = {name: f"{figures[name]:.3g}" for name in ("ratio", "low", "high", "required")}
    times = {side: f"{figures[f'{side}_seconds'] * 1e3:.3g}" for side in ("baseline", "candidate")}
    design = f"{figures['restarts']:.0f}×{figures['pairs']:.0f}"
    return say("report.speedup", lang, **numbers, **times, design=design)


def _reason(result: CheckResult, lang: Lang, count: int = 1) -> Padding:
    label = result.check.partition(".")[2]
    said = render(result.why, lang) if result.why is not None else ""
    line = Styled()
    if count > 1:
        line.append(say("report.skipped", lang, count=count) + " ", "dim")
    elif label:
        line.append(f"{label}  ", "bold")
    line.append(said, "dim" if result.verdict is Verdict.SKIPPED else "red")
    return Padding(line, (0, 0, 0, 9), expand=False)


def _score(card: Scorecard, lang: Lang) -> Styled:
    style = "bold green" if card.score == max(card.levels) else "bold yellow"
    line = Styled("\n" + say("report.score", lang, score=card.score, top=max(card.levels)), style)
    if not card.final:
        line.append("  " + say("report.not_final", lang, ceiling=card.ceiling), "yellow")
    return line
