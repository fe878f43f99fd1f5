"""Convolution, max pooling and flattening.

Feature maps are NCHW: sample, channel, row, column. As in `layers_1`, NumPy's promotion chooses the dtype.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def windows(maps, kernel_size, stride):
    """All k×k windows of maps (N, C, H, W): a view (N, C, H_out, W_out, k, k), H_out = (H − k) // stride + 1."""
    every_window = sliding_window_view(maps, (kernel_size, kernel_size), axis=(2, 3))
    return every_window[:, :, ::stride, ::stride]


class ConvolutionalLayer:
    """Two-dimensional convolution (cross-correlation) with zero padding.

    y[n, o, h, w] = b[o] + Σ_{c,i,j} x_padded[n, c, h·s + i, w·s + j] · W[c, i, j, o]

    W is (channel_in, k, k, channel_out), b is (channel_out,).
    """

    def __init__(self, kernel_size, channel_in, channel_out, padding, stride):
        self.kernel_size = kernel_size
        self.channel_in = channel_in
        self.channel_out = channel_out
        self.padding = padding
        self.stride = stride
        self.weight_shape = (channel_in, kernel_size, kernel_size, channel_out)

    def init_param(self, std=0.01):
        """Draw W from N(0, std²), float32; b = 0."""
        self.weight = np.random.default_rng().standard_normal(self.weight_shape, dtype=np.float32)
        self.weight *= std
        self.bias = np.zeros(self.channel_out, dtype=np.float32)

    def forward(self, input):
        """X (N, C_in, H, W) → Y (N, C_out, H_out, W_out), H_out = (H + 2p − k) // s + 1.

        im2col: with each window unrolled to a column, the sum over c, i, j is one matrix product,
        (C_out, C_in·k·k) × (C_in·k·k, N·H_out·W_out).
        """
        p = self.padding
        padded = np.pad(input, ((0, 0), (0, 0), (p, p), (p, p)))
        patches = windows(padded, self.kernel_size, self.stride)  # (N, C_in, H_out, W_out, k, k)
        product = np.tensordot(self.weight, patches, axes=([0, 1, 2], [1, 4, 5]))  # (C_out, N, H_out, W_out)
        return product.transpose(1, 0, 2, 3) + self.bias.reshape(1, -1, 1, 1)

    def load_param(self, weight, bias):
        """Take W (channel_in, k, k, channel_out) and b (channel_out,) as they are."""
        assert weight.shape == self.weight_shape, weight.shape
        assert bias.shape == (self.channel_out,), bias.shape
        self.weight = weight
        self.bias = bias


class MaxPoolingLayer:
    """y[n, c, h, w] = max_{i,j} x[n, c, h·s + i, w·s + j] over k×k windows."""

    def __init__(self, kernel_size, stride):
        self.kernel_size = kernel_size
        self.stride = stride

    def forward(self, input):
        """X (N, C, H, W) → Y (N, C, H_out, W_out), H_out = (H − k) // s + 1."""
        return windows(input, self.kernel_size, self.stride).max(axis=(4, 5))


class FlattenLayer:
    """Feature maps to vectors in the order row, column, channel: the order of fc6's weights.

    Both shapes are without N: `input_shape` is (C, H, W), `output_shape` is (H·W·C,).
    """

    def __init__(self, input_shape, output_shape):
        self.input_shape = tuple(input_shape)
        self.output_shape = tuple(output_shape)
        assert np.prod(self.input_shape) == np.prod(self.output_shape), (input_shape, output_shape)

    def forward(self, input):
        """X (N, C, H, W) → (N, H·W·C)."""
        assert input.shape[1:] == self.input_shape, input.shape
        return input.transpose(0, 2, 3, 1).reshape(-1, *self.output_shape)
