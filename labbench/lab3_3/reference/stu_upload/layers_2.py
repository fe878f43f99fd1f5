"""Convolution and max pooling, forward and backward, each as plain loops (type 0) and as fast NumPy (type 1).

Feature maps are NCHW: sample, channel, row, column. NumPy's promotion chooses the dtype.
"""

import functools
import time

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def windows(maps, kernel_size, stride):
    """All k×k windows of maps (N, C, H, W): a view (N, C, H_out, W_out, k, k), H_out = (H − k) // stride + 1."""
    every_window = sliding_window_view(maps, (kernel_size, kernel_size), axis=(2, 3))
    return every_window[:, :, ::stride, ::stride]


class Timed:
    """What both layers have: `forward` and `backward` of the chosen type, and how long the last ones took."""

    def __init__(self, type):
        self.type = type
        self.forward = self.forward_speedup if type else self.forward_raw
        self.backward = self.backward_speedup if type else self.backward_raw
        self.forward_time = self.backward_time = 0.0

    def get_forward_time(self):
        """Seconds that the last forward took."""
        return self.forward_time

    def get_backward_time(self):
        """Seconds that the last backward took."""
        return self.backward_time


class ConvolutionalLayer(Timed):
    """Two-dimensional convolution (cross-correlation) with zero padding.

    y[n, o, h, w] = b[o] + Σ_{c,i,j} x_padded[n, c, h·s + i, w·s + j] · W[c, i, j, o]

    W is (channel_in, k, k, channel_out), b is (channel_out,).
    """

    def __init__(self, kernel_size, channel_in, channel_out, padding, stride, type=0):
        self.kernel_size = kernel_size
        self.channel_in = channel_in
        self.channel_out = channel_out
        self.padding = padding
        self.stride = stride
        self.weight_shape = (channel_in, kernel_size, kernel_size, channel_out)
        super().__init__(type)

    def init_param(self, std=0.01):
        """Draw W from N(0, std²), float32; b = 0."""
        self.weight = np.random.default_rng().standard_normal(self.weight_shape, dtype=np.float32)
        self.weight *= std
        self.bias = np.zeros(self.channel_out, dtype=np.float32)

    def load_param(self, weight, bias):
        """Take W (channel_in, k, k, channel_out) and b (channel_out,) as they are."""
        assert weight.shape == self.weight_shape, weight.shape
        assert bias.shape == (self.channel_out,), bias.shape
        self.weight = weight
        self.bias = bias

    def pad(self, input):
        """Zeros around each map; remembers the padded input for `backward`."""
        p = self.padding
        self.padded = np.pad(input, ((0, 0), (0, 0), (p, p), (p, p)))
        rows, columns = ((size - self.kernel_size) // self.stride + 1 for size in self.padded.shape[2:])
        return input.shape[0], rows, columns

    def crop(self, padded_diff):
        """The gradient without that of the padding."""
        p = self.padding
        return padded_diff[:, :, p : padded_diff.shape[2] - p, p : padded_diff.shape[3] - p]

    def forward_raw(self, input):
        """X (N, C_in, H, W) → Y (N, C_out, H_out, W_out), H_out = (H + 2p − k) // s + 1, by four loops."""
        start = time.time()
        k, s = self.kernel_size, self.stride
        samples, rows, columns = self.pad(input)
        output = np.zeros((samples, self.channel_out, rows, columns), dtype=np.result_type(input, self.weight))
        for n in range(samples):
            for o in range(self.channel_out):
                for h in range(rows):
                    for w in range(columns):
                        window = self.padded[n, :, h * s : h * s + k, w * s : w * s + k]
                        output[n, o, h, w] = np.sum(window * self.weight[:, :, :, o]) + self.bias[o]
        self.forward_time = time.time() - start
        return output

    def backward_raw(self, top_diff):
        """dL/dY → dL/dX, by four loops; sets `d_weight` and `d_bias`. After `forward` on the same input.

        Every output is a sum of products, so each window gets the kernel and the kernel the window, times dL/dy.
        """
        start = time.time()
        k, s = self.kernel_size, self.stride
        samples, channels, rows, columns = top_diff.shape
        padded_diff = np.zeros(self.padded.shape, dtype=np.result_type(top_diff, self.weight))
        self.d_weight = np.zeros(self.weight_shape, dtype=padded_diff.dtype)
        self.d_bias = np.sum(top_diff, axis=(0, 2, 3))
        for n in range(samples):
            for o in range(channels):
                for h in range(rows):
                    for w in range(columns):
                        diff = top_diff[n, o, h, w]
                        window = (n, slice(None), slice(h * s, h * s + k), slice(w * s, w * s + k))
                        self.d_weight[:, :, :, o] += diff * self.padded[window]
                        padded_diff[window] += diff * self.weight[:, :, :, o]
        self.backward_time = time.time() - start
        return self.crop(padded_diff)

    def forward_speedup(self, input):
        """As `forward_raw`, by im2col: the sum over c, i, j is one matrix product."""
        start = time.time()
        self.pad(input)
        patches = windows(self.padded, self.kernel_size, self.stride)  # (N, C_in, H_out, W_out, k, k)
        product = np.tensordot(self.weight, patches, axes=([0, 1, 2], [1, 4, 5]))  # (C_out, N, H_out, W_out)
        output = product.transpose(1, 0, 2, 3) + self.bias.reshape(1, -1, 1, 1)
        self.forward_time = time.time() - start
        return output

    def backward_speedup(self, top_diff):
        """As `backward_raw`: one matrix product for `d_weight`; k×k shifted additions of another for dL/dX."""
        start = time.time()
        k, s = self.kernel_size, self.stride
        rows, columns = top_diff.shape[2:]
        patches = windows(self.padded, k, s)
        self.d_weight = np.tensordot(patches, top_diff, axes=([0, 2, 3], [0, 2, 3]))  # (C_in, k, k, C_out)
        self.d_bias = np.sum(top_diff, axis=(0, 2, 3))
        shares = np.tensordot(self.weight, top_diff, axes=([3], [1]))  # (C_in, k, k, N, H_out, W_out)
        padded_diff = np.zeros(self.padded.shape, dtype=shares.dtype)
        for i in range(k):
            for j in range(k):
                shifted = padded_diff[:, :, i : i + s * rows : s, j : j + s * columns : s]
                shifted += shares[:, i, j].transpose(1, 0, 2, 3)
        self.backward_time = time.time() - start
        return self.crop(padded_diff)


class MaxPoolingLayer(Timed):
    """y[n, c, h, w] = max_{i,j} x[n, c, h·s + i, w·s + j] over k×k windows.

    The gradient goes to the maximum; where there are several, to the first in the order of rows.
    """

    def __init__(self, kernel_size, stride, type=0):
        self.kernel_size = kernel_size
        self.stride = stride
        super().__init__(type)

    def forward_raw(self, input):
        """X (N, C, H, W) → Y (N, C, H_out, W_out), H_out = (H − k) // s + 1, by four loops."""
        start = time.time()
        self.input = input
        k, s = self.kernel_size, self.stride
        samples, channels, height, width = input.shape
        rows, columns = (height - k) // s + 1, (width - k) // s + 1
        output = np.zeros((samples, channels, rows, columns), dtype=input.dtype)
        for n in range(samples):
            for c in range(channels):
                for h in range(rows):
                    for w in range(columns):
                        output[n, c, h, w] = np.max(input[n, c, h * s : h * s + k, w * s : w * s + k])
        self.forward_time = time.time() - start
        return output

    def backward_raw_book(self, top_diff):
        """dL/dY → dL/dX, by four loops. After `forward` on the same input."""
        start = time.time()
        k, s = self.kernel_size, self.stride
        samples, channels, rows, columns = top_diff.shape
        bottom_diff = np.zeros(self.input.shape, dtype=top_diff.dtype)
        for n in range(samples):
            for c in range(channels):
                for h in range(rows):
                    for w in range(columns):
                        window = self.input[n, c, h * s : h * s + k, w * s : w * s + k]
                        i, j = np.unravel_index(np.argmax(window), window.shape)
                        bottom_diff[n, c, h * s + i, w * s + j] += top_diff[n, c, h, w]
        self.backward_time = time.time() - start
        return bottom_diff

    backward_raw = backward_raw_book

    def places(self, rows, columns):
        """For each of the k×k places in a window, row by row: the slices of X that hold it in all windows."""
        k, s = self.kernel_size, self.stride
        return [
            (slice(None), slice(None), slice(i, i + s * rows, s), slice(j, j + s * columns, s))
            for i in range(k)
            for j in range(k)
        ]

    def forward_speedup(self, input):
        """As `forward_raw`: the maximum of k×k strided views; kept for `backward`."""
        start = time.time()
        self.input = input
        rows, columns = ((size - self.kernel_size) // self.stride + 1 for size in input.shape[2:])
        self.maxima = functools.reduce(np.maximum, (input[view] for view in self.places(rows, columns)))
        self.forward_time = time.time() - start
        return self.maxima

    def backward_speedup(self, top_diff):
        """As `backward_raw_book`: for each place in the window, all windows at once."""
        start = time.time()
        waiting = np.ones(top_diff.shape, dtype=bool)  # the windows whose maximum has not been met
        bottom_diff = np.zeros(self.input.shape, dtype=top_diff.dtype)
        for view in self.places(*top_diff.shape[2:]):
            first = waiting & (self.input[view] == self.maxima)
            bottom_diff[view] += top_diff * first
            waiting &= ~first
        self.backward_time = time.time() - start
        return bottom_diff
