"""Print every benchmark: what, ours, the other's, the ratio with the spread of its pairs."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks import convolution, sessions, weights

if TYPE_CHECKING:
    from collections.abc import Callable

#: Pairs per benchmark, after one warm-up of each side.
PAIRS = 7


@dataclass(frozen=True)
class Benchmark:
    name: str
    ours: Callable[[], object]
    other: Callable[[], object]
    other_name: str


def paired(benchmark: Benchmark) -> tuple[float, float, list[float]]:
    """Median seconds of both sides and the ratio other/ours of each interleaved pair."""

    def seconds(function: Callable[[], object]) -> float:
        start = time.perf_counter()
        function()
        return time.perf_counter() - start

    seconds(benchmark.ours), seconds(benchmark.other)
    pairs = [(seconds(benchmark.ours), seconds(benchmark.other)) for _ in range(PAIRS)]
    ours, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    return ours, other, sorted(b / a for a, b in pairs)


def main() -> None:
    table = Table("benchmark", "ours, ms", "compared with", "ms", "ratio [min, max]")
    for module in (sessions, weights, convolution):
        with module.benchmarks() as found:
            for row in found:
                benchmark = Benchmark(*row)
                ours, other, ratios = paired(benchmark)
                spread = f"{statistics.median(ratios):.1f}× [{ratios[0]:.1f}, {ratios[-1]:.1f}]"
                table.add_row(benchmark.name, f"{ours * 1e3:.1f}", benchmark.other_name, f"{other * 1e3:.1f}", spread)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
