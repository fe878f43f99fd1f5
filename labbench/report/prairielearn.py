"""A scorecard as PrairieLearn's `results.json`. Pure.

One that is not final is not gradable: the student's attempt is not used up. Every test has points, else PrairieLearn
shows none at all; those of checks are 0 of 0, which is shown as neither right nor wrong, so their names say it. More
than a megabyte is an error there, so long outputs are cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from labbench.report import view
from labbench.report.escape import line, visible
from labbench.texts import say

if TYPE_CHECKING:
    from labbench.report.view import Group, Report

#: PrairieLearn's bound on the file, with room for it to be written differently.
LIMIT = 1_000_000
#: What is left of an output if all together are too long.
_SHORT = 200


def encode(report: Report) -> bytes:
    """The object, as UTF-8 on one line."""
    content = _encode(report, None)
    return content if len(content) <= LIMIT else _encode(report, _SHORT)


def _encode(report: Report, length: int | None) -> bytes:
    card = report.card
    said = visible("\n".join([f"{report.title}: {report.headline}", report.subtitle, *report.notes]))
    data: dict[str, Any] = {"gradable": card.final}
    if card.final:
        data["score"] = card.score / report.top
    else:
        data["format_errors"] = [report.reservation]
    data |= {"message": report.headline, "output": said[:length], "tests": _tests(report, length)}
    return msgspec.json.encode(data) + b"\n"


def _tests(report: Report, length: int | None) -> list[dict[str, Any]]:
    tests: list[dict[str, Any]] = []
    for tier, points in report.steps:
        name = f"{tier.tier}: {report.tier_title(tier)}"
        tests.append({"name": name, "points": points if tier.reached else 0, "max_points": points})
        tests += [_check(report, group, length) for group in report.groups(tier.tier)]
    return tests + [_check(report, group, length) for group in report.groups(None)]


def _check(report: Report, group: Group, length: int | None) -> dict[str, Any]:
    word = say(f"verdict.{group.verdict.value}", report.lang)
    return {
        "name": line(f"{group.title}: {word}"),
        "points": 0,
        "max_points": 0,
        "message": view.figures(group, report.lang),
        "output": visible("\n".join(view.told(group, report.lang)))[:length],
    }
