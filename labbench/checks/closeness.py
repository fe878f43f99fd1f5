"""Relative error, never an absolute one: the course's MSE < 0.003 passes all-zero style gradients."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import numpy as np

from labbench.results import Disclosure, Verdict, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from labbench.catalogue import CloseCheck, SpeedupCheck
    from labbench.results import Array, Text

    Judgement = tuple[Verdict, Mapping[str, float], Text | None]

#: Within this, two arrays hold the same numbers, whoever rounded them to float32.
_SAME = 1e-5


def relative_error(value: Array, reference: Array, norm: str) -> float:
    """How far `value` is from `reference`, in float64; both of one shape and finite.

    l2: ‖x−ref‖₂/‖ref‖₂; max: max|x−ref|/max|ref|. With an all-zero reference the error is absolute.
    """
    x, ref = (np.asarray(a, dtype=np.float64).ravel() for a in (value, reference))
    with np.errstate(over="ignore"):
        distance, size = _length(x - ref, norm), _length(ref, norm)
    error = distance / size if size else distance
    return error if math.isfinite(error) else sys.float_info.max  # JSON knows neither infinity nor NaN


def mean_squared_error(value: Array, reference: Array) -> float:
    """What the course's own harness compares with 0.003, whatever the size of the values; for information."""
    with np.errstate(over="ignore"):
        squares = np.square(value.astype(np.float64) - reference.astype(np.float64))
    error = float(np.mean(squares)) if squares.size else 0.0
    return error if math.isfinite(error) else sys.float_info.max


def _length(vector: NDArray[np.float64], norm: str) -> float:
    largest = float(np.max(np.abs(vector), initial=0.0))
    if norm == "max" or not largest or not math.isfinite(largest):
        return largest
    # In units of the largest value: the squares of tiny ones would vanish.
    return largest * float(np.linalg.norm(vector / largest))


def nonfinite(value: Array) -> Text | None:
    """What is to be said of NaN and infinity in an array; None if there are none."""
    bad = value.size - int(np.count_nonzero(np.isfinite(value)))
    return text("check.nonfinite", count=bad, total=value.size) if bad else None


def unfit(value: Array, reference: Array) -> tuple[Verdict, Text] | None:
    """Why an array cannot be compared with its golden, or None."""
    if value.shape != reference.shape:
        return Verdict.SHAPE, text("fault.shape", got=str(value.shape), expected=str(reference.shape))
    why = nonfinite(value)
    return (Verdict.NONFINITE, why) if why is not None else None


def close(check: CloseCheck | SpeedupCheck, value: Array, goldens: Sequence[Array], seen: Disclosure) -> Judgement:
    """PASS if and only if the error to one of the goldens is at most the tolerance (NaN never is)."""
    problem = unfit(value, goldens[0])
    if problem is not None:
        return problem[0], {"tolerance": check.tolerance}, problem[1]
    errors = [relative_error(value, golden, check.norm) for golden in goldens]
    best = int(np.argmin(errors))
    error = errors[best]
    measured = {"error": error, "mse": mean_squared_error(value, goldens[best])}
    shown = {k: by_decade(v) for k, v in measured.items()} if seen is Disclosure.VERDICT else measured
    figures = {**shown, "tolerance": check.tolerance}
    if error <= check.tolerance:
        return Verdict.PASS, figures, None
    return Verdict.WRONG, figures, _where(value, goldens[best], error, check.tolerance, seen)


def by_decade(error: float) -> float:
    """The error rounded up to a power of ten: all that a verdict may tell of hidden values."""
    if not error or not math.isfinite(error):
        return error
    return float(10.0 ** math.ceil(math.log10(error)))


def _where(value: Array, golden: Array, error: float, tolerance: float, seen: Disclosure) -> Text:
    if seen is Disclosure.VERDICT:
        return text("check.wrong", error=f"{by_decade(error):g}", tolerance=f"{tolerance:g}")
    x, ref = np.asarray(value, dtype=np.float64), np.asarray(golden, dtype=np.float64)
    with np.errstate(over="ignore"):
        off = np.abs(x - ref)
    if not off.ndim:
        values = {"got": f"{x:.6g}", "expected": f"{ref:.6g}"}
        return text("check.wrong_number", error=f"{error:.3g}", tolerance=f"{tolerance:g}", **values)
    if relative_error(np.sort(x, axis=None), np.sort(ref, axis=None), "max") <= _SAME:
        return text("check.wrong_order", error=f"{error:.3g}", tolerance=f"{tolerance:g}", total=int(off.size))
    worst = np.unravel_index(int(np.argmax(off)), off.shape)
    scale = float(np.max(np.abs(ref), initial=0.0)) or 1.0
    return text(
        "check.wrong_at",
        error=f"{error:.3g}",
        tolerance=f"{tolerance:g}",
        count=int(np.count_nonzero(off > tolerance * scale)),
        total=int(off.size),
        index=", ".join(str(int(i)) for i in worst),
        got=f"{x[worst]:.6g}",
        expected=f"{ref[worst]:.6g}",
    )
