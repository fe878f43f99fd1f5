"""What `make bench` compares computes the same thing on both sides."""

from __future__ import annotations

import pytest

from benchmarks import convolution, engines, gradebook, sessions, transfer, weights
from benchmarks.__main__ import Benchmark, error


@pytest.mark.slow
@pytest.mark.parametrize("module", [sessions, weights, convolution, transfer, engines], ids=lambda m: m.__name__)
def test_both_sides_agree(module):
    with module.benchmarks() as found:
        agreements = [error(Benchmark(*row)) for row in found]
    assert agreements
    assert any(agreements) or module in (sessions, weights)


@pytest.mark.slow
def test_a_class_of_hundreds_costs_a_moment_each(tmp_path):
    """Generated hand-ins graded by a stand-in: what is left is overhead."""
    phases = list(gradebook.whole(tmp_path, 300))
    assert [phase.what for phase in phases] == ["read, grade, keep, compare", "again: read, compare", "write the pages"]
    assert max(phase.each for phase in phases) < 500  # ten times what it takes
    assert phases[-1].peak - phases[0].peak < 30  # MiB: what was graded is not kept
    assert (tmp_path / "out" / "students" / "s00299").is_dir()
