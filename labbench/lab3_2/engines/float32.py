"""What `pycnnl` computes with: float32 throughout; NHWC. The order of a sum is BLAS's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labbench.lab3_2.engines.windows import maxima, padded, unrolled, windows

if TYPE_CHECKING:
    from numpy.typing import NDArray


def conv2d(
    x: NDArray[np.float32], weight: NDArray[np.float32], bias: NDArray[np.float32], stride: int = 1, pad: int = 0
) -> NDArray[np.float32]:
    """Convolution (cross-correlation, dilation 1) with `pad` zeros on each side.

    (N, H, W, C_in) → (N, H_out, W_out, C_out), H_out = (H + 2·pad − k_h) // stride + 1, and so W_out.
    `weight` is (C_out, k_h, k_w, C_in), `bias` (C_out,).

    Raises:
        ValueError: the kernel is larger than the padded map, or its channels are not those of x.
    """
    if x.shape[3] != weight.shape[3]:
        raise ValueError(f"{x.shape[3]} channels, but a filter for {weight.shape[3]}")
    # Samples; the output's rows and columns; the window's rows and columns and channels, which a sum is over.
    patches = windows(padded(x, pad, axes=(1, 2)), weight.shape[1:3], stride, axes=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
    samples, rows, columns = patches.shape[:3]
    matrix = weight.reshape(len(weight), -1)
    y = np.empty((samples, rows, columns, len(weight)), np.float32)
    for sample in range(samples):
        for tile, patch in unrolled(patches[sample], axis=0):
            np.matmul(patch.reshape(-1, matrix.shape[1]), matrix.T, out=y[sample, tile].reshape(-1, len(weight)))
    y += bias
    return y


def mlp(x: NDArray[np.float32], weight: NDArray[np.float32], bias: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fully connected layer: x (N, n_in), weight (n_in, n_out), bias (n_out,) → (N, n_out).

    Raises:
        ValueError: n_in differs.
    """
    y: NDArray[np.float32] = x @ weight
    y += bias
    return y


def relu(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """max(x, 0); NaN stays. Of any shape."""
    return np.maximum(x, np.float32(0))


def max_pool(x: NDArray[np.float32], kernel: int, stride: int) -> NDArray[np.float32]:
    """The maximum of each window: (N, H, W, C) → (N, H_out, W_out, C), H_out = (H − kernel) // stride + 1. NaN stays.

    Raises:
        ValueError: the kernel is larger than the map.
    """
    return maxima(x, kernel, stride, axes=(1, 2))


def softmax(x: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """exp(x) / Σ exp(x) along the axis, from x minus its maximum. Of any shape."""
    y: NDArray[np.float32] = x - x.max(axis=axis, keepdims=True)
    np.exp(y, out=y)
    y /= y.sum(axis=axis, keepdims=True)
    return y
