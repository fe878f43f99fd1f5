"""What a lab may ask of observations. Pure: observation and golden in, CheckResult out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labbench.catalogue import ClassCheck, CloseCheck, SpeedupCheck
from labbench.checks.classification import classify
from labbench.checks.closeness import close
from labbench.checks.disclosure import told
from labbench.results import CheckResult, Disclosure, Fault, Verdict, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labbench.catalogue import Check
    from labbench.results import Array, Observation, Text

__all__ = ["judge", "result_id", "skipped"]


def result_id(check: Check, observation: str) -> str:
    """How a check's result on one observation is called: the check's id, with the observation if it judges many."""
    return check.id if len(check.observe) == 1 or isinstance(check, SpeedupCheck) else f"{check.id}.{observation}"


def judge(check: Check, got: Observation, goldens: Sequence[Array], seen: Disclosure) -> CheckResult:
    """The verdict on one observation.

    Args:
        check: What is asked.
        got: What the hand-in gave.
        goldens: The right answers; agreeing with any of them is right.
        seen: How much of the goldens the message may show.
    """
    name = result_id(check, got.name)
    seconds = got.cpu_ns / 1e9
    if seen is Disclosure.VERDICT:
        seconds = float(f"{seconds:.1g}")  # a hand-in chooses how long it takes, and could spell out what it saw
    if isinstance(got.value, Fault):
        fault = told(got.value, seen)
        return CheckResult(name, check.tier, fault.verdict, why=fault.why, seconds=seconds)
    if got.value is None or isinstance(got.value, float | str):
        return CheckResult(name, check.tier, Verdict.INTERNAL, why=text("check.not_fetched"), seconds=seconds)
    match check:
        case CloseCheck() | SpeedupCheck():
            verdict, figures, why = close(check, got.value, goldens, seen)
        case ClassCheck():
            verdict, figures, why = classify(check, got.value, goldens, seen)
    return CheckResult(name, check.tier, verdict, figures, why, seconds)


def skipped(check: Check, observation: str, why: Text) -> CheckResult:
    """The result for an observation that never came."""
    return CheckResult(result_id(check, observation), check.tier, Verdict.SKIPPED, why=why)
