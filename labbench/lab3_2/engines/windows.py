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


def unrolled(patches: NDArray[Any], axis: int) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Copies of the windows of one map, as many rows at a time as are multiplied at once; `axis` is that of the rows.

    Yields the rows and their windows, C-contiguous, in memory that the next ones overwrite.
    """
    rows = patches.shape[axis]
    height = min(rows, max(1, _TILE_BYTES * rows // patches.nbytes))
    buffer = np.empty(patches.size // rows * height, patches.dtype)
    for start in range(0, rows, height):
        tile = slice(start, min(start + height, rows))
        part = patches[(*(slice(None),) * axis, tile)]
        copy = buffer[: part.size].reshape(part.shape)
        np.copyto(copy, part)
        yield tile, copy


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
