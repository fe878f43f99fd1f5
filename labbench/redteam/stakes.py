"""What was lost, judged by what the grader saw of an attack; never by the attack's word."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labbench.redteam.model import Stake
from labbench.results import Text, Verdict, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labbench.redteam.model import Attack

#: What logs of GitHub and Azure take for a command.
_LOG_COMMAND = re.compile(r"^\s*(::[A-Za-z]|##\[)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a grader saw of an attack.

    Attributes:
        checks: (id, verdict) of each check that was not skipped.
        score: The scorecard's.
        ceiling: What it might still become.
        values: (scenario, bytes) of each array that was fetched.
        said: What messages and captured output say.
        json: The scorecard as JSON.
        terminal: The scorecard as a terminal shows it.
        clocks: For each observation: `seen` and `gap`, ns on the session's ledger; `stray`, ns outside it.
        sibling: Whether the other session is unharmed.
        signals: Those that reached the grader.
        refused: With what words the hand-in was refused, if it was.
    """

    checks: tuple[tuple[str, Verdict], ...]
    score: int
    ceiling: int
    values: tuple[tuple[str, bytes], ...]
    said: tuple[str, ...]
    json: str
    terminal: str
    clocks: tuple[Mapping[str, Any], ...]
    sibling: bool
    signals: tuple[int, ...]
    refused: Text | None = None


def golden(attack: Attack, seen: Seen) -> Text | None:
    """A check passed, or may yet pass, although nothing honest was computed."""
    for check, verdict in seen.checks:
        if verdict is Verdict.INTERNAL or (verdict is Verdict.PASS and attack.header.stake is Stake.GOLDEN):
            return text("redteam.passed", check=check, verdict=verdict.value)
    if attack.base == "wrong" and (seen.score or seen.ceiling):
        return text("redteam.score", score=seen.score, ceiling=seen.ceiling)
    return None


def secret(canaries: Mapping[str, bytes], seen: Seen) -> Text | None:
    """The name of a canary that came out."""
    out = [value for _, value in seen.values] + [s.encode(errors="replace") for s in (*seen.said, seen.json)]
    for name, canary in canaries.items():
        if any(canary in piece for piece in out):
            return text("redteam.secret", name=name)
    return None


def smuggled(told_to: str, told: bytes, seen: Seen) -> Text | None:
    """What one scenario's session was told came out of another's."""
    leaks = [scenario for scenario, value in seen.values if scenario != told_to and told in value]
    return text("redteam.smuggled", source=told_to, target=leaks[0]) if leaks else None


def other_processes(seen: Seen) -> Text | None:
    """The grader or the session beside was touched."""
    if seen.signals:
        return text("redteam.signal", number=seen.signals[0])
    return None if seen.sibling else text("redteam.sibling")


def report(token: str, seen: Seen) -> Text | None:
    """What is printed does more than to be read, or seems to be ours."""
    for what, content in (
        ("json", seen.json),
        ("table", seen.terminal),
        *(("message", s) for s in seen.said),
    ):
        odd = next((c for c in content if c != "\n" and unicodedata.category(c)[0] == "C"), None)
        if odd is not None:
            return text("redteam.control", where=what, character=f"U+{ord(odd):04X}")
        if _LOG_COMMAND.search(content):
            return text("redteam.command", where=what)
    if any(line.startswith(token) for line in (*seen.terminal.splitlines(), *seen.json.splitlines())):
        return text("redteam.forged_line")
    try:
        card = json.loads(seen.json)
    except ValueError:
        return text("redteam.forged_json")
    same = isinstance(card, dict) and (card["score"], card["ceiling"]) == (seen.score, seen.ceiling)
    return None if same else text("redteam.forged_json")


def lines(seen: Seen) -> Text | None:
    """A refusal is one sentence: what it quotes makes no further line."""
    wordy = seen.refused is not None and any("\n" in said for said in seen.said)
    return text("redteam.lines") if wordy else None


def disclosed(attack: Attack, token: str, seen: Seen) -> Text | None:
    """Words of the hand-in's own choice were told although the pack forbids it: they may say what the input was."""
    # What is refused has not run.
    if attack.header.disclosure != "verdict" or seen.refused is not None:
        return None
    number = str(int(token[4:], 16) >> 2)
    told = token in seen.json or token in seen.terminal or number in seen.json
    return text("redteam.disclosed") if told else None


def clock(scenario: str, proof: bytes, cost_ns: int, seen: Seen) -> Text | None:
    """Work was done that no clock shows: neither the observation's, nor the ledger of gaps, nor the process tree's.

    Args:
        scenario: Where the work was asked for.
        proof: What only the work gives.
        cost_ns: What it costs in a process of our own; load and caches make a difference of 2.
        seen: What the grader saw.
    """
    if not any(proof in value for s, value in seen.values if s == scenario):
        return None
    for row in (c for c in seen.clocks if c["scenario"] == scenario):
        shown = max(row["seen"], row["gap"], row["stray"])
        if shown < cost_ns / 3:
            return text("redteam.hidden", shown=shown // 10**6, cost=cost_ns // 10**6)
    return None
