"""Print every benchmark: what, both sides' medians with their quartiles, the ratio with the spread of its pairs.

Where both sides compute arrays, these must agree, and the table says how closely.

`python -m benchmarks --whole` adds a whole quick score with the sandbox on and off, which takes minutes.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks import convolution, engines, sessions, transfer, weights, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: How far the two sides may differ: float32 in another order stays well below.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Benchmark:
    """Two sides, and how many interleaved pairs of them are taken after one warm-up of each."""

    name: str
    ours: Callable[[], object]
    other: Callable[[], object]
    other_name: str
    pairs: int = 7


def arrays(result: object) -> list[np.ndarray]:
    """The arrays that a side returns, one or several, of NumPy or PyTorch."""
    items = result if isinstance(result, (list, tuple)) else [result]
    return [np.asarray(item) for item in items if isinstance(item, (np.ndarray, torch.Tensor))]


def error(benchmark: Benchmark) -> str:
    """The largest relative error (L2) of what our side returns, if that is arrays. Warms both sides up."""
    ours, other = arrays(benchmark.ours()), arrays(benchmark.other())
    if not ours:
        return ""
    worst = np.max([np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in zip(ours, other, strict=True)])
    assert worst < TOLERANCE, (benchmark.name, worst)
    return f"{worst:.0e}"


def paired(benchmark: Benchmark) -> list[tuple[float, float]]:
    """Seconds of both sides, pair by pair."""

    def seconds(function: Callable[[], object]) -> float:
        start = time.perf_counter()
        function()
        return time.perf_counter() - start

    return [(seconds(benchmark.ours), seconds(benchmark.other)) for _ in range(benchmark.pairs)]


def spread(values: Iterable[float], digits: int) -> str:
    """The median and the quartiles."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def main() -> None:
    table = Table("benchmark", "ours, ms [quartiles]", "compared with", "ms [quartiles]", "ratio [quartiles]", "error")
    for module in (sessions, weights, convolution, transfer, engines, *([whole] if "--whole" in sys.argv else [])):
        with module.benchmarks() as found:
            for row in found:
                benchmark = Benchmark(*row)
                agreement = error(benchmark)
                pairs = paired(benchmark)
                ours, other = (spread([s * 1e3 for s in side], 1) for side in zip(*pairs, strict=True))
                ratio = spread([b / a for a, b in pairs], 2)
                table.add_row(benchmark.name, ours, benchmark.other_name, other, ratio, agreement)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
