"""The class and its probability. A tolerance on a whole softmax says little: two distributions differ by ≤ 0.002."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labbench.checks.closeness import unfit
from labbench.results import Disclosure, Verdict, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labbench.catalogue import ClassCheck
    from labbench.checks.closeness import Judgement
    from labbench.results import Array


def top_class(probabilities: Array) -> tuple[int, float]:
    """The most probable class and its probability."""
    flat = np.asarray(probabilities, dtype=np.float64).ravel()
    index = int(np.argmax(flat))
    return index, float(flat[index])


def best(probabilities: Array, count: int = 5) -> tuple[tuple[int, float], ...]:
    """The most probable classes with their probabilities, of equal ones the first first; NaN counts as none."""
    flat = np.nan_to_num(np.asarray(probabilities, dtype=np.float64).ravel(), nan=-1.0)
    return tuple((int(i), float(flat[i])) for i in np.argsort(-flat, kind="stable")[:count])


def classify(check: ClassCheck, value: Array, goldens: Sequence[Array], seen: Disclosure) -> Judgement:
    """PASS if and only if the class is right and its probability within the tolerance."""
    problem = unfit(value, goldens[0])
    if problem is not None:
        return problem[0], {"tolerance": check.tolerance}, problem[1]
    got, p = top_class(value)
    expected, expected_p = top_class(goldens[0])
    figures = {"class": float(got), "tolerance": check.tolerance}
    if seen is Disclosure.FULL:
        figures |= {"probability": p, "expected_class": float(expected), "expected_probability": expected_p}
    if got == expected and abs(p - expected_p) <= check.tolerance:
        return Verdict.PASS, figures, None
    if seen is Disclosure.VERDICT:
        return Verdict.WRONG, figures, text("check.class_hidden", got=got)
    why = text("check.class", got=got, p=f"{p:.4f}", expected=expected, expected_p=f"{expected_p:.4f}")
    return Verdict.WRONG, figures, why
