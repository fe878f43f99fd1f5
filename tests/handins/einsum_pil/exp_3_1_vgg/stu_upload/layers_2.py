from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray


class ConvolutionalLayer:
    def __init__(self, kernel_size: int, channel_in: int, channel_out: int, padding: int = 0, stride: int = 1) -> None:
        self.kernel_size = kernel_size
        self.channel_in = channel_in
        self.channel_out = channel_out
        self.padding = padding
        self.stride = stride

    def init_param(self, std: float = 0.01) -> None:
        k = self.kernel_size
        self.weight = np.random.default_rng(7).normal(0, std, (self.channel_in, k, k, self.channel_out)).astype(np.float32)
        self.bias = np.zeros(self.channel_out, np.float32)

    def forward(self, input: NDArray) -> NDArray:
        p, s, k = self.padding, self.stride, self.kernel_size
        x = np.pad(input, [(0, 0), (0, 0), (p, p), (p, p)])
        view = sliding_window_view(x, (k, k), axis=(2, 3))[:, :, ::s, ::s]
        return np.einsum('nchwij,cijo->nohw', view, self.weight, optimize=True) + self.bias[None, :, None, None]

    def load_param(self, weight: NDArray, bias: NDArray) -> None:
        assert weight.shape == self.weight.shape and bias.shape == self.bias.shape
        self.weight, self.bias = weight, bias


class MaxPoolingLayer:
    def __init__(self, kernel_size: int, stride: int) -> None:
        self.kernel_size = kernel_size
        self.stride = stride

    def forward(self, input: NDArray) -> NDArray:
        k, s = self.kernel_size, self.stride
        return sliding_window_view(input, (k, k), axis=(-2, -1))[..., ::s, ::s, :, :].max((-1, -2))


class FlattenLayer:
    def __init__(self, input_shape, output_shape) -> None:
        self.input_shape = tuple(input_shape)
        self.output_shape = tuple(output_shape)

    def forward(self, input: NDArray) -> NDArray:
        assert input.shape[1:] == self.input_shape
        return np.moveaxis(input, 1, -1).reshape((len(input),) + self.output_shape)
