"""Windows of feature maps, for convolution and pooling; of any layout and dtype."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

#: How many bytes of copied windows (im2col) are multiplied at once: they stay in the cache, and BLAS is at full speed.
_TILE_BYTES = 4 << 20


def padded(x: NDArray[Any], pad: int, axes: tuple[int, int]) -> NDArray[Any]:
    """The maps with `pad` zeros on both sides of the two axes."""
    return np.pad(x, [(pad, pad) if axis in axes else (0, 0) for axis in range(x.ndim)]) if pad else x


def windows(x: NDArray[Any], kernel: tuple[int, int], stride: int, axes: tuple[int, int]) -> NDArray[Any]:
    """All windows, `stride` apart, along the axes of height and width: a read-only view (*x.shape, k_h, k_w).

    Height and width become (size − k) // stride + 1.

    Raises:
        ValueError: the kernel is larger than the map.
    """
    every = sliding_window_view(x, kernel, axis=axes)
    step = slice(None, None, stride)
    return every[tuple(step if axis in axes else slice(None) for axis in range(x.ndim))]


def tiles(rows: int, row_bytes: int) -> Iterator[slice]:
    """The rows of a map, as many at a time as are multiplied at once; `row_bytes` are those of one row's windows."""
    height = max(1, _TILE_BYTES // row_bytes)
    return (slice(start, min(start + height, rows)) for start in range(0, rows, height))


def maxima(x: NDArray[Any], kernel: int, stride: int, axes: tuple[int, int]) -> NDArray[Any]:
    """The maximum of each square window along the axes of height and width.

    Both become (size − kernel) // stride + 1: rows and columns that fill no window are left out.

    Raises:
        ValueError: the kernel is larger than the map.
    """
    for axis in axes:
        size = (x.shape[axis] - kernel) // stride + 1
        if size < 1:
            raise ValueError(f"a window of {kernel} is larger than the map {x.shape}")
        before = (slice(None),) * axis
        x = reduce(np.maximum, (x[(*before, slice(i, i + stride * size, stride))] for i in range(kernel)))
    return x
