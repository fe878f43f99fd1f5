"""The two DLPs once more, slowly, from the description of the libraries alone: what the device is compared with.

pycnml: activations are float16; a convolution and a fully connected layer bring input and filter to int8 by
q = clamp(round(x · scale / 2^position), −128, 127), half away from zero, sum in integers, and the dequantised sum plus
bias is float16 again. All of it here in int64. pycnnl: PyTorch in float64.

A net is a list of `Step`; shapes are (N, C, H, W), filters [out, in, h, w] and [out, in] in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name


@dataclass(frozen=True)
class Step:
    """A layer. `numbers`: kernel, stride, pad of a convolution; kernel, stride of a pooling; the axis of a softmax.

    Attributes:
        quant: (position, scale) of the input and of the filter.
    """

    kind: str
    numbers: tuple[int, ...] = ()
    weight: Any = None
    bias: Any = None
    quant: tuple[tuple[int, float], tuple[int, float]] = ((0, 1.0), (0, 1.0))


def quantised(x, position, scale):
    """int64; x is float16 or float32, whose products with a float32 scale are exact integers times a power of two."""
    mantissas, exponents = np.frexp(np.where(np.isfinite(x), x, 0).astype(np.float64))
    mantissa, exponent = np.frexp(np.float64(np.float32(scale)))
    products = (mantissas * 2**24).astype(np.int64) * int(mantissa * 2**24)  # 48 bits
    shifts = exponents + int(exponent) - position - 48  # the number is products · 2^shifts
    halves = np.abs(products) * 2 >> np.clip(-shifts, 0, 62)
    rounded = np.where(shifts >= 0, np.where(products != 0, 1 << 20, 0), (halves + 1) >> 1)
    signed = np.clip(np.where(products < 0, -rounded, rounded), -128, 127)
    return np.where(np.isnan(x), 0, np.where(np.isinf(x), np.where(x > 0, 127, -128), signed))


def pycnml(steps, x):
    """The output, flat float64."""
    with np.errstate(all="ignore"):
        x = np.asarray(x).astype(np.float32).astype(np.float16)
        for step in steps:
            x = _PYCNML[step.kind](step, x)
    return x.astype(np.float64).ravel()


def _dequantised(step, total):
    (p_in, s_in), (p_filter, s_filter) = step.quant
    step_size = 2.0 ** (p_in + p_filter) / (float(np.float32(s_in)) * float(np.float32(s_filter)))
    bias = np.asarray(step.bias).astype(np.float32).astype(np.float16).astype(np.float64)
    return (total * step_size + bias.reshape(1, -1, *[1] * (total.ndim - 2))).astype(np.float16)


def _conv(step, x):
    kernel, stride, pad = step.numbers
    x = np.pad(quantised(x, *step.quant[0]), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    weight = quantised(step.weight.astype(np.float32), *step.quant[1])
    rows, columns = ((size - kernel) // stride + 1 for size in x.shape[2:])
    total = np.zeros((len(x), len(weight), rows, columns), np.int64)
    for i, j in np.ndindex(rows, columns):
        window = x[:, None, :, i * stride : i * stride + kernel, j * stride : j * stride + kernel]
        total[:, :, i, j] = (window * weight).sum(axis=(2, 3, 4))
    return _dequantised(step, total)


def _mlp(step, x):
    rows = quantised(x.reshape(len(x), -1), *step.quant[0])
    total = (rows[:, None] * quantised(step.weight.astype(np.float32), *step.quant[1])).sum(axis=2)
    return _dequantised(step, total)[..., None, None]


def _pool(step, x):
    kernel, stride = step.numbers
    rows, columns = ((size - kernel) // stride + 1 for size in x.shape[2:])
    y = np.empty((*x.shape[:2], rows, columns), np.float16)
    for i, j in np.ndindex(rows, columns):
        y[:, :, i, j] = x[:, :, i * stride : i * stride + kernel, j * stride : j * stride + kernel].max(axis=(2, 3))
    return y


def _softmax(step, x):
    exponentials = torch.softmax(torch.from_numpy(x.astype(np.float64)), step.numbers[0])
    return exponentials.numpy().astype(np.float16)


_PYCNML = {
    "conv": _conv,
    "mlp": _mlp,
    "pool": _pool,
    "relu": lambda _, x: np.where(x > 0, x, np.float16(0)),
    "flatten": lambda _, x: np.stack([m.transpose(1, 2, 0).ravel() for m in x])[..., None, None],
    "softmax": _softmax,
}


def pycnnl(steps, x):
    """The output, flat float64, in the order N, H, W, C; a fully connected layer sees the values in that order."""
    x = torch.from_numpy(np.asarray(x, np.float32).astype(np.float64))
    for step in steps:
        weight, bias = (
            None if a is None else torch.from_numpy(np.asarray(a, np.float32).astype(np.float64))
            for a in (step.weight, step.bias)
        )
        match step.kind:
            case "conv":
                _, stride, pad = step.numbers
                x = F.conv2d(x, weight, bias, stride, pad)
            case "mlp":
                x = (x.permute(0, 2, 3, 1).reshape(len(x), -1) @ weight.T + bias)[..., None, None]
            case "pool":
                x = F.max_pool2d(x, *step.numbers)
            case "relu":
                x = F.relu(x)
            case "softmax":
                x = torch.softmax(x, 1)
    return x.permute(0, 2, 3, 1).reshape(-1).numpy()
