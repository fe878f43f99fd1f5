"""int8 quantisation by a position and a scale, as the MLU270's libraries have it.

A number x is stored as q = clamp(round(x · scale / 2^position), −128, 127) and stands for q · 2^position / scale.
Vendor's rules: position and scale as `QuantTool` computes them, rounding half away from zero (the default of the open
source libraries; the closed one's is not documented). Ours, where nothing is documented: the numbers that are rounded
are float32, as in the vendor's `std::vector<float>` and `float scale`, and the product is exact, which float64 gives:
24 + 24 bits, and a power of two. So the result depends on no order of operations.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The largest int8 that has a negative; the largest number of a tensor gets it.
LARGEST = 127
#: Beyond these, 2^position leaves float32.
_POSITIONS = range(-126, 128)
#: How many numbers are quantised at once: 256 kB of float64 stay in the cache.
_CHUNK = 1 << 15


@dataclass(frozen=True, slots=True)
class Quantisation:
    """How a tensor is quantised.

    Attributes:
        position: The exponent of two, −126 … 127.
        scale: Above 0 and finite, in [1, 2) if it comes from `parameters`; rounded to float32, as the vendor's is.
    """

    position: int
    scale: float

    def __post_init__(self) -> None:
        """Round the scale. ValueError if one of the two is out of range."""
        with np.errstate(over="ignore"):
            scale = float(np.float32(self.scale))
        if self.position not in _POSITIONS or not 0 < scale < math.inf:
            raise ValueError(f"no quantisation: position {self.position}, scale {self.scale}")
        object.__setattr__(self, "scale", scale)

    @property
    def factor(self) -> float:
        """What a number is multiplied by before it is rounded, scale / 2^position; exact."""
        return math.ldexp(self.scale, -self.position)


def parameters(absmax: float) -> Quantisation:
    """The vendor's `QuantTool`: how to quantise a tensor whose largest absolute value is `absmax`.

    position = ⌈log2(absmax / 127)⌉, scale = 127 · 2^position / absmax, in [1, 2); (0, 1) if absmax is 0. `absmax` is
    rounded to float32 first. The ceiling is exact: the least position with absmax ≤ 127 · 2^position.

    Raises:
        ValueError: `absmax` is negative, infinite, NaN, or so small or large that the position leaves float32.
    """
    with np.errstate(over="ignore"):
        largest = float(np.float32(absmax))
    if not 0 <= largest < math.inf:
        raise ValueError(f"no largest absolute value: {absmax}")
    if largest == 0:
        return Quantisation(0, 1.0)
    mantissa, exponent = math.frexp(largest)  # mantissa in [½, 1), and 127 is 127/128 · 2^7
    position = exponent - 7 + (mantissa > LARGEST / 128)
    return Quantisation(position, math.ldexp(LARGEST, position) / largest)


def quantise(x: NDArray[Any], quantisation: Quantisation) -> NDArray[np.int8]:
    """clamp(round(x · scale / 2^position), −128, 127), half away from zero; int8 of x's shape.

    x is of any floating dtype and layout; each number is rounded to float32 first. ±∞ becomes 127 or −128, NaN 0.
    Needs less than 1 MB beside the result: a contiguous x is read where it lies.
    """
    flat, quantised = x.reshape(-1), np.empty(x.size, np.int8)
    with np.errstate(invalid="ignore", over="ignore"):  # signalling NaNs; float64 beyond float32
        for start in range(0, flat.size, _CHUNK):
            _quantise(flat[start : start + _CHUNK], quantisation.factor, quantised[start : start + _CHUNK])
    return quantised.reshape(x.shape)


def _quantise(x: NDArray[Any], factor: float, out: NDArray[np.int8]) -> None:
    scaled = np.multiply(x.astype(np.float32, copy=False), factor, dtype=np.float64)
    scaled[np.isnan(scaled)] = 0
    np.clip(scaled, -128, 127, out=scaled)
    scaled += np.copysign(0.5, scaled)  # exact where it matters: 48 bits
    np.copyto(out, scaled, casting="unsafe")  # towards zero


@functools.lru_cache(maxsize=64)
def half_table(quantisation: Quantisation) -> NDArray[np.float32]:
    """What each float16 is quantised to, by its bits: (65536,), integers −128 … 127 as float32, read-only.

    `half_table(q).take(x.view(np.uint16))` is `quantise(x, q)`, ready for a float32 matrix product; an index would take
    twice as long.
    """
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    table = quantise(halves, quantisation).astype(np.float32)
    table.setflags(write=False)
    return table
