"""What `pycnml` computes with: float16 between layers, int8 inside convolutions and fully connected layers; NCHW.

A convolution or fully connected layer quantises its float16 input and multiplies it by its int8 filter. The sum of
integers is exact. One rule makes it float16 again; it is ours, since the vendor's is not documented:

    y = float16(sum · rescale + bias),  rescale = 1 / (input factor · filter factor)

in float64, so that the last rounding (to nearest, ties to even) is the only one that shows; beyond 65504 y is ±∞.
ReLU and pooling are exact. Softmax is float64 inside and rounded once.

Exact sums come from floating-point matrix products, which are the only fast ones in NumPy: a product of two int8 is at
most 2^14 and float32 holds every integer up to 2^24, so 1024 products may be summed in float32, in any order. Sums of
such sums are float64, exact up to 2^53.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labbench.lab3_2.engines.quantisation import half_table
from labbench.lab3_2.engines.windows import maxima, padded, unrolled, windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labbench.lab3_2.engines.quantisation import Quantisation

#: So many products of two int8 have an exact sum in float32.
_EXACT = 2**24 // 2**14
#: So many rows of a fully connected filter are float32 at once: 1 MB, with `_EXACT` columns, stay in the cache.
_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Weights:
    """The parameters of a convolution or of a fully connected layer.

    Attributes:
        filter: int8 (C_out, C_in, k_h, k_w), or (n_out, n_in) of a fully connected layer; C-contiguous is fast.
        bias: float16 (C_out,) or (n_out,).
        input_quantisation: How the layer quantises its input.
        filter_quantisation: How `filter` was quantised.
    """

    filter: NDArray[np.int8]
    bias: NDArray[np.float16]
    input_quantisation: Quantisation
    filter_quantisation: Quantisation


def conv2d(x: NDArray[np.float16], weights: Weights, stride: int = 1, pad: int = 0) -> NDArray[np.float16]:
    """Convolution (cross-correlation, dilation 1) with `pad` zeros on each side.

    (N, C_in, H, W) → (N, C_out, H_out, W_out), H_out = (H + 2·pad − k_h) // stride + 1, and so W_out.

    Raises:
        ValueError: the kernel is larger than the padded map, or its channels are not those of x.
    """
    if x.shape[1] != weights.filter.shape[1]:
        raise ValueError(f"{x.shape[1]} channels, but a filter for {weights.filter.shape[1]}")
    halves = padded(x, pad, axes=(2, 3))  # zero is quantised to zero
    maps = half_table(weights.input_quantisation).take(halves.view(np.uint16))
    # Samples; channels and the window's rows and columns, which a sum is over; the output's rows and columns.
    patches = windows(maps, weights.filter.shape[2:], stride, axes=(2, 3)).transpose(0, 1, 4, 5, 2, 3)
    samples, rows, columns = patches.shape[0], *patches.shape[4:]
    matrix = weights.filter.reshape(len(weights.filter), -1)
    parts = [matrix[:, start : start + _EXACT].astype(np.float32) for start in range(0, matrix.shape[1], _EXACT)]
    y = np.empty((samples, len(matrix), rows, columns), np.float16)
    for sample in range(samples):
        for tile, patch in unrolled(patches[sample], axis=3):
            total = _exact(parts, patch.reshape(matrix.shape[1], -1))
            _halves(total, weights, out=y[sample, :, tile].reshape(total.shape))
    return y


def _exact(parts: list[NDArray[np.float32]], patch: NDArray[np.float32]) -> NDArray[np.float64]:
    """The product of a filter, in parts of `_EXACT` columns, and a patch (K, n): (C_out, n) integers."""
    total = (parts[0] @ patch[:_EXACT]).astype(np.float64)
    for i, part in enumerate(parts[1:], start=1):
        total += part @ patch[i * _EXACT : (i + 1) * _EXACT]
    return total


def mlp(x: NDArray[np.float16], weights: Weights) -> NDArray[np.float16]:
    """Fully connected layer: (N, n_in) → (N, n_out).

    Raises:
        ValueError: n_in is not the filter's.
    """
    if x.shape[1] != weights.filter.shape[1]:
        raise ValueError(f"{x.shape[1]} inputs, but a filter for {weights.filter.shape[1]}")
    columns = half_table(weights.input_quantisation).take(x.view(np.uint16)).T
    total = np.zeros((len(weights.filter), len(x)))
    for i in range(0, len(total), _BLOCK):
        for k in range(0, len(columns), _EXACT):
            block = weights.filter[i : i + _BLOCK, k : k + _EXACT].astype(np.float32)
            total[i : i + _BLOCK] += block @ columns[k : k + _EXACT]
    y = np.empty((len(x), len(total)), np.float16)
    _halves(total, weights, out=y.T)
    return y


def _halves(total: NDArray[np.float64], weights: Weights, out: NDArray[np.float16]) -> None:
    """Sums of integers (outputs, n), which are overwritten, by the rule above into `out`, a view of the same shape."""
    total *= 1 / (weights.input_quantisation.factor * weights.filter_quantisation.factor)
    with np.errstate(over="ignore", invalid="ignore"):  # beyond 65504; signalling NaNs in the bias
        total += weights.bias.astype(np.float64)[:, np.newaxis]
        out[...] = total


def relu(x: NDArray[np.float16]) -> NDArray[np.float16]:
    """max(x, +0), by the sign bit: what has one, −0 and NaN too, becomes +0. Of any shape."""
    return np.maximum(x.view(np.int16), np.int16(0)).view(np.float16)


def max_pool(x: NDArray[np.float16], kernel: int, stride: int) -> NDArray[np.float16]:
    """The maximum of each window: (N, C, H, W) → (N, C, H_out, W_out), H_out = (H − kernel) // stride + 1.

    In the order of the bits: −NaN, −∞, …, −0, +0, …, ∞, NaN.

    Raises:
        ValueError: the kernel is larger than the map.
    """
    return _ordered(maxima(_ordered(x.view(np.int16)), kernel, stride, axes=(2, 3))).view(np.float16)


def _ordered(bits: NDArray[np.int16]) -> NDArray[np.int16]:
    """The bits of float16 as integers of the same order, and back. NumPy compares float16 ten times slower."""
    return bits ^ ((bits >> 15) & np.int16(0x7FFF))


def softmax(x: NDArray[np.float16], axis: int) -> NDArray[np.float16]:
    """exp(x) / Σ exp(x) along the axis, from x minus its maximum; float64 inside, rounded once. Of any shape."""
    y = x.astype(np.float64)  # a large one once, not at each step
    y -= y.max(axis=axis, keepdims=True)
    np.exp(y, out=y)
    y /= y.sum(axis=axis, keepdims=True)
    return y.astype(np.float16)
