"""A scorecard as Gradescope's `results.json`. Pure.

The tiers carry the points, each what it adds to the one below, so that they sum up to the assignment's; the checks
are there to be read, 0 of 0 points. Nothing is hidden: one hidden test would hide a student's total. A scorecard that
is not final has no score anywhere, which Gradescope reports as a failure of the autograder, not as a grade.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labbench.report import view
from labbench.report.escape import line, visible
from labbench.report.json import written
from labbench.report.view import Outcome
from labbench.texts import say

if TYPE_CHECKING:
    from labbench.report.view import Group, Report
    from labbench.results import TierResult


def encode(report: Report) -> bytes:
    """The object, as UTF-8."""
    card = report.card
    data: dict[str, Any] = {"score": card.score} if card.final else {}
    data |= {
        "execution_time": card.seconds,
        "output": visible("\n".join([f"{report.title}: {report.headline}", report.subtitle, *report.notes])),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": _tests(report),
        "leaderboard": _leaderboard(report),
        "extra_data": {"lab": card.lab, "handin": card.handin, "ceiling": card.ceiling, "final": card.final},
    }
    return written(data)


def _tests(report: Report) -> list[dict[str, Any]]:
    tests: list[dict[str, Any]] = []
    for tier, points in report.steps:
        tests.append(_tier(report, tier, points))
        tests += [_check(report, group, f"{tier.tier}.{i}") for i, group in enumerate(report.groups(tier.tier), 1)]
    return tests + [_check(report, group, None) for group in report.groups(None)]


def _tier(report: Report, tier: TierResult, points: int) -> dict[str, Any]:
    test: dict[str, Any] = {"name": report.tier_title(tier), "number": str(tier.tier)}
    if report.card.final:
        test |= {"score": points if tier.reached else 0, "max_score": points}
    if tier.reachable and not tier.reached:
        return {**test, "output": report.reservation}
    return {**test, "status": "passed" if tier.reached else "failed"}


def _check(report: Report, group: Group, number: str | None) -> dict[str, Any]:
    """Without points, and with a status only where somebody's work passed or failed."""
    status = {Outcome.PASSED: "passed", Outcome.FAILED: "failed"}.get(group.outcome)
    word = say(f"verdict.{group.verdict.value}", report.lang)
    lines = [f"{word}  {view.figures(group, report.lang)}".strip(), *view.told(group, report.lang)]
    name = group.title if number else f"{group.title} ({say('report.notes', report.lang)})"
    test: dict[str, Any] = {"name": line(name), "output": visible("\n".join(lines))}
    if report.card.final:
        test |= {"score": 0, "max_score": 0}
    if number:
        test["number"] = number
    return test | ({"status": status} if status and number else {})


def _leaderboard(report: Report) -> list[dict[str, Any]]:
    """The speed-ups that count."""
    return [
        {"name": report.check_title(c), "value": round(c.figures["ratio"], 2), "order": "desc"}
        for c in view.speedups(report.card)
    ]
