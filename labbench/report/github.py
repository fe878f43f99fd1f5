"""A scorecard for GitHub Actions and Classroom. Pure but for a random word.

Theory of operation. GitHub's runner reads every line of the log; one that starts with `::` or holds `##[` can be a
command, which hides text, sets outputs or forges annotations. What people read here holds words from the hand-in, so it
stands between `::stop-commands::TOKEN` and `::TOKEN::`, where the token is random and nobody is told it before. Outside
stand only commands of ours: each is one line that starts with `::`, with its words escaped.
"""

from __future__ import annotations

import base64
import math
import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from labbench.report import markdown, terminal, view
from labbench.report.escape import line, workflow_data, workflow_property
from labbench.report.view import Outcome
from labbench.texts import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labbench.report.view import Report

#: GitHub shows no more of a step.
ANNOTATIONS = 10
#: Above it, GitHub refuses a step's summary as a whole.
SUMMARY_LIMIT = 1024 * 1024


def guarded(content: str, word: str) -> str:
    """Words for the log that GitHub takes for no command, as long as nobody knows the random word."""
    return f"::stop-commands::{word}\n{content.rstrip()}\n::{word}::\n"


def token() -> str:
    """A word that no hand-in can know."""
    return secrets.token_hex(16)


def encode(report: Report) -> bytes:
    """What goes into the step's log: the report, the annotations, and what Classroom looks for."""
    return (
        guarded(terminal.plain(report), token()) + "".join(f"{command}\n" for command in _commands(report))
    ).encode()


def _commands(report: Report) -> Iterator[str]:
    card = report.card
    # Room is left for what follows, which GitHub would drop first.
    yield from complaints(report)[: ANNOTATIONS - (2 if card.final else 1)]
    if not card.final:
        # Without the notices Classroom records no points.
        yield _command("error", report.title, report.headline)
        return
    yield _command("notice", "Autograding complete", f"Points {card.score}/{report.top}")
    points = {"totalPoints": card.score, "maxPoints": report.top}
    yield _command("notice", "Autograding report", msgspec.json.encode(points).decode())


def complaints(report: Report) -> list[str]:
    """A command for each check that did not pass, the worst first; notes last, as warnings."""
    errors = [g for g in report.all_groups if g.outcome in (Outcome.FAILED, Outcome.OURS)]
    # The hand-in's own before ours before what could not be decided; within that the lowest tier first.
    errors.sort(key=lambda g: g.outcome is Outcome.OURS)
    unclear = [g for g in report.all_groups if g.outcome is Outcome.SKIPPED and g.failed]
    notes = [g for g in report.groups(None) if g.outcome is Outcome.FAILED]
    level = {**dict.fromkeys((g.id for g in errors), "error"), **dict.fromkeys((g.id for g in unclear), "warning")}
    return [
        _command(
            level.get(group.id, "notice"),
            f"{group.title}: {say(f'verdict.{group.verdict.value}', report.lang)}",
            "\n".join(view.told(group, report.lang)) or group.title,
        )
        for group in (*errors, *unclear, *notes)
    ]


def _command(name: str, title: str, words: str) -> str:
    return f"::{name} title={workflow_property(title)}::{workflow_data(words)}"


def summary(report: Report, room: int = SUMMARY_LIMIT) -> bytes:
    """The step's summary, in Markdown, as much as there is room for."""
    content = markdown.encode(report)
    if len(content) <= room:
        return content
    end = "\n…\n".encode()
    kept = content[: max(0, room - len(end))].rpartition(b"\n")[0]
    return kept + end if kept else b""


def outputs(report: Report) -> bytes:
    """The step's outputs: `result` for Classroom's reporter, the score, and whether it is final.

    Base64, numbers and true or false: none can end its line early, so no delimiter is needed.
    """
    result = base64.b64encode(msgspec.json.encode(classroom(report))).decode()
    card = report.card
    lines = {"result": result, "score": card.score, "ceiling": card.ceiling, "max-score": report.top,
             "final": str(card.final).lower()}  # fmt: skip
    return "".join(f"{name}={value}\n" for name, value in lines.items()).encode()


def classroom(report: Report) -> dict[str, Any]:
    """Classroom's payload.

    Its reporter has had two formulas for the points: the share of passed tests, and the sum of their scores. Tests of
    equal weight make them agree, so a tier is as many tests as it takes. A scorecard that is not final has no maximum,
    which keeps it out of the points, and makes the job fail as an error.
    """
    card = report.card
    tests = list(_units(report) if card.final else _unfinished(report))
    status = "error" if not card.final else "pass" if card.score == report.top else "fail"
    return {"version": 1, "status": status, "max_score": report.top if card.final else 0, "tests": tests}


def _units(report: Report) -> Iterator[dict[str, Any]]:
    weight = math.gcd(*report.card.levels)
    for tier, added in report.steps:
        for points in range(tier.tier - added + weight, tier.tier + 1, weight):
            yield _test(
                f"{report.tier_title(tier)} ({points})",
                "pass" if tier.reached else "fail",
                weight if tier.reached else 0,
                _told(report, tier.tier) if not tier.reached else "",
            )


def _unfinished(report: Report) -> Iterator[dict[str, Any]]:
    yield _test(report.title, "error", 0, report.headline)


def _test(name: str, status: str, score: int, message: str) -> dict[str, Any]:
    return {"name": _unheard(line(name)), "status": status, "score": score, "message": message, "test_code": "",
            "filename": "", "line_no": 0, "duration": 0}  # fmt: skip


def _told(report: Report, tier: int) -> str:
    """What went wrong in a tier; the tiers above fail with it."""
    lines = [line(f"{g.title}: {told}") for g in report.groups(tier) for told in view.told(g, report.lang)[:1]]
    return _unheard("\n".join(lines[: view.SHOWN]))


def _unheard(words: str) -> str:
    """Words of which no line starts with `::`, without the other form of a command: the reporter prints them bare."""
    return words.replace("##[", "## [")
