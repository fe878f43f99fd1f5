"""What `make bench` compares computes the same thing on both sides."""

from __future__ import annotations

import pytest

from benchmarks import convolution, engines, sessions, transfer, weights
from benchmarks.__main__ import Benchmark, error


@pytest.mark.slow
@pytest.mark.parametrize("module", [sessions, weights, convolution, transfer, engines], ids=lambda m: m.__name__)
def test_both_sides_agree(module):
    with module.benchmarks() as found:
        agreements = [error(Benchmark(*row)) for row in found]
    assert agreements
    assert any(agreements) or module in (sessions, weights)
