"""A scorecard as what Autolab (Tango) reads: the last two lines of the output. Pure.

The last line holds the score under the lab's name, which must be the problem's name in Autolab, and the speed-ups for
the scoreboard. Autolab rewrites it by a regular expression that takes a word before a colon for a key, even inside a
string. So there is none: what is there is a name of ours and numbers. The line before shows the checks; above both
stands the report for people. A scorecard that is not final has no scores, which Autolab reports as an error.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from labbench.catalogue import SpeedupCheck
from labbench.report import terminal, view
from labbench.report.escape import line
from labbench.report.view import Outcome
from labbench.texts import say

if TYPE_CHECKING:
    from labbench.report.view import Group, Report


def encode(report: Report) -> bytes:
    """The report for people, the stages, the scores."""
    card = report.card
    scores: dict[str, Any] = {"scores": {card.lab: card.score} if card.final else {}}
    scores["scoreboard"] = _scoreboard(report)
    return f"{terminal.plain(report)}\n{_ascii(_stages(report))}\n{_ascii(scores)}\n".encode()


def _scoreboard(report: Report) -> list[float]:
    """One column for each speed-up check, always the same, since Autolab knows them by their place; 0 is none."""
    ratios = {c.check: round(c.figures["ratio"], 2) for c in view.speedups(report.card)}
    ran = {c.check for c in report.card.checks}
    return [ratios.get(c.id, 0.0) for c in report.spec.checks if isinstance(c, SpeedupCheck) and c.id in ran]


def _stages(report: Report) -> dict[str, Any]:
    stages = {f"{t.tier}  {report.tier_title(t)}": t.tier for t in report.card.tiers}
    shown: dict[str, Any] = {"_presentation": "semantic", "stages": list(stages)}
    for stage, level in stages.items():
        shown[stage] = {group.title: _step(report, group) for group in report.groups(level)}
    return shown


def _step(report: Report, group: Group) -> dict[str, Any]:
    if group.outcome is Outcome.PASSED:
        return {"passed": True}
    word = say(f"verdict.{group.verdict.value}", report.lang)
    return {"passed": False, "hint": line(f"{word}  {' · '.join(view.told(group, report.lang))}")}


def _ascii(data: dict[str, Any]) -> str:
    """JSON on one line, in ASCII."""
    return json.dumps(data, ensure_ascii=True)
