"""Random arrays that need not be stored: drawn from a case's seed, the same wherever they are drawn.

They come from raw words of the bit generator, which are stable across NumPy versions.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labbench.labs import Case
    from labbench.results import Array

#: float32 holds that many bits of a uniform number exactly.
_BITS = 24


def uniform(case: Case, label: str, *shape: int) -> Array:
    """Uniform in [0, 1), float32, or in the precision of the case; of the given shape."""
    values = (_words(case, label, math.prod(shape)) >> (64 - _BITS)).astype(np.float32) * np.float32(2**-_BITS)
    return _typed(values, case).reshape(shape)


def distinct(case: Case, label: str, *shape: int) -> Array:
    """As `uniform`, but no two values are equal: no window has two maxima."""
    ranks = np.argsort(_words(case, label, math.prod(shape)), kind="stable")
    return _typed(((ranks + 0.5) / ranks.size).astype(np.float32), case).reshape(shape)


def _words(case: Case, label: str, count: int) -> NDArray[np.uint64]:
    digest = hashlib.sha256(f"{case.params['seed']}/{label}".encode()).digest()
    return np.asarray(np.random.Philox(key=int.from_bytes(digest[:16], "little")).random_raw(count), dtype=np.uint64)


def _typed(values: NDArray[np.float32], case: Case) -> Array:
    """Goldens are observed in float64 by the same code."""
    return values.astype(str(case.params.get("dtype", "float32")))
