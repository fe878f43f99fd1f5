"""Print every benchmark: what, both sides' medians with their quartiles, the ratio with the spread of its pairs.

`python -m benchmarks --whole` adds a whole quick score with the sandbox on and off, which takes minutes.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks import convolution, sessions, weights, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True)
class Benchmark:
    """Two sides, and how many interleaved pairs of them are taken after one warm-up of each."""

    name: str
    ours: Callable[[], object]
    other: Callable[[], object]
    other_name: str
    pairs: int = 7


def paired(benchmark: Benchmark) -> list[tuple[float, float]]:
    """Seconds of both sides, pair by pair."""

    def seconds(function: Callable[[], object]) -> float:
        start = time.perf_counter()
        function()
        return time.perf_counter() - start

    seconds(benchmark.ours), seconds(benchmark.other)
    return [(seconds(benchmark.ours), seconds(benchmark.other)) for _ in range(benchmark.pairs)]


def spread(values: Iterable[float], digits: int) -> str:
    """The median and the quartiles."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def main() -> None:
    table = Table("benchmark", "ours, ms [quartiles]", "compared with", "ms [quartiles]", "ratio [quartiles]")
    for module in (sessions, weights, convolution, *([whole] if "--whole" in sys.argv else [])):
        with module.benchmarks() as found:
            for row in found:
                benchmark = Benchmark(*row)
                pairs = paired(benchmark)
                ours, other = (spread([s * 1e3 for s in side], 1) for side in zip(*pairs, strict=True))
                ratio = spread([b / a for a, b in pairs], 2)
                table.add_row(benchmark.name, ours, benchmark.other_name, other, ratio)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
