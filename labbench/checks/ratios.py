"""The statistics of a timed comparison: a ratio of times with an interval that can be believed. Pure and seeded.

The start of a process shifts all its times together (address layout, page placement), so pairs of one session are not
independent. Hence a median over restarts of the medians of their pairs, and a bootstrap on both levels: a
bootstrap over the pairs of one session contains the truth half of the time only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

#: How often the interval shall contain the true ratio.
CONFIDENCE = 0.99
_RESAMPLES = 2000
_SEED = 20


@dataclass(frozen=True, slots=True)
class Estimate:
    """A ratio of times and the interval that it lies in."""

    ratio: float
    low: float
    high: float

    def widened(self, control: Estimate) -> Estimate:
        """With room for what identical code (`control`, 1 in truth) seemed to differ by on this machine."""
        room = max(control.high, 1 / control.low, 1.0)
        return Estimate(self.ratio, self.low / room, self.high * room)

    def straddles(self, required: float) -> bool:
        """Whether it cannot be said on which side of `required` the ratio is."""
        return self.low < required <= self.high


def estimate(logs: Sequence[Sequence[float]]) -> Estimate:
    """The ratio behind the logarithms of paired ratios.

    Args:
        logs: For each restart the logarithms of its pairs; no restart is empty.
    """
    generator = np.random.default_rng(_SEED)
    count = len(logs)
    # For each place of a resample and each restart that could stand there: the median of its pairs, drawn anew.
    medians = np.stack([_resampled_medians(np.asarray(pairs), count, generator) for pairs in logs], axis=-1)
    chosen = generator.integers(count, size=(_RESAMPLES, count, 1))
    resampled = np.median(np.take_along_axis(medians, chosen, axis=-1)[..., 0], axis=-1)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(resampled, (tail, 1 - tail))
    middle = float(np.median([np.median(pairs) for pairs in logs]))
    return Estimate(math.exp(middle), math.exp(min(low, middle)), math.exp(max(high, middle)))


def _resampled_medians(
    pairs: np.ndarray[tuple[int], np.dtype[np.float64]], count: int, generator: np.random.Generator
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Medians of one restart's pairs, drawn with replacement: (resamples, places)."""
    drawn = pairs[generator.integers(pairs.size, size=(_RESAMPLES, count, pairs.size))]
    return np.asarray(np.median(drawn, axis=-1))
