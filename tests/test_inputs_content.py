"""A whole file is read with memory for what it holds, not for what it may hold."""

from __future__ import annotations

import tracemalloc

import pytest

from labbench import inputs
from labbench.errors import UnfitFileError


def test_a_high_limit_costs_no_memory(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * (3 << 20))
    tracemalloc.start()
    try:
        assert inputs.content(tmp_path / "a", 1 << 30) == b"x" * (3 << 20)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


def test_the_limit_itself_is_allowed(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert inputs.content(tmp_path / "a", 5) == b"12345"
    with pytest.raises(UnfitFileError):
        inputs.content(tmp_path / "a", 4)
