"""The reference's convolution beside PyTorch's and beside four loops; one thread, in this process."""

from __future__ import annotations

import contextlib

import numpy as np
import threadpoolctl
import torch

from labbench.lab3_1 import LAB
from tests.rig import modules_of


def _four_loops(x, weight, bias):
    channels_out = weight.shape[3]
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    out = np.zeros((1, channels_out, *x.shape[2:]), np.float32)
    for c in range(channels_out):
        for i in range(x.shape[2]):
            for j in range(x.shape[3]):
                out[0, c, i, j] = np.sum(padded[0, :, i : i + 3, j : j + 3] * weight[:, :, :, c]) + bias[c]
    return out


@contextlib.contextmanager
def benchmarks():
    rng = np.random.default_rng(0)
    torch.set_num_threads(1)
    layers_2 = modules_of(LAB.reference, ("layers_2",)).layers_2
    cases = []
    for channels, side in ((256, 56), (64, 12)):
        layer = layers_2.ConvolutionalLayer(3, channels, channels, 1, 1)
        weight = rng.standard_normal((channels, 3, 3, channels), dtype=np.float32)
        bias = rng.standard_normal(channels, dtype=np.float32)
        layer.load_param(weight, bias)
        cases.append((layer, rng.standard_normal((1, channels, side, side), dtype=np.float32), weight, bias))
    (big, x, weight, bias), (small, y, small_weight, small_bias) = cases
    filters = torch.from_numpy(np.ascontiguousarray(weight.transpose(3, 0, 1, 2)))
    xt, bt = torch.from_numpy(x), torch.from_numpy(bias)
    with threadpoolctl.threadpool_limits(1):
        yield [
            ("reference conv3_2", lambda: big.forward(x), lambda: torch.conv2d(xt, filters, bt, padding=1), "PyTorch"),
            (
                "reference conv, 64 channels, 12×12",
                lambda: small.forward(y),
                lambda: _four_loops(y, small_weight, small_bias),
                "four loops",
            ),
        ]
