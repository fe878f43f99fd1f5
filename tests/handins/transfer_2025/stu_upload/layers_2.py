"""卷积与池化：sliding_window_view + einsum（2025）"""
from __future__ import annotations

import time
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view as swv


class ConvolutionalLayer(object):
    def __init__(self, kernel_size: int, channel_in: int, channel_out: int, padding: int, stride: int, type: int = 0) -> None:
        self.kernel_size = kernel_size
        self.channel_in = channel_in
        self.channel_out = channel_out
        self.padding = padding
        self.stride = stride
        match type:
            case 1:
                self.forward, self.backward = self.forward_speedup, self.backward_speedup
            case _:
                self.forward, self.backward = self.forward_raw, self.backward_raw

    def init_param(self, std: float = 0.01) -> None:
        shape = (self.channel_in, self.kernel_size, self.kernel_size, self.channel_out)
        self.weight = np.random.default_rng(1).normal(0.0, std, shape).astype(np.float32)
        self.bias = np.zeros(self.channel_out, dtype=np.float32)

    def load_param(self, weight: np.ndarray, bias: np.ndarray) -> None:
        assert self.weight.shape == weight.shape, f"{self.weight.shape} != {weight.shape}"
        assert self.bias.shape == bias.shape
        self.weight, self.bias = weight.astype(np.float32), bias.astype(np.float32)

    def forward_raw(self, input: np.ndarray) -> np.ndarray:
        t0 = time.time()
        self.input = input.astype(np.float32)
        p, k, s = self.padding, self.kernel_size, self.stride
        self.input_pad = np.pad(self.input, ((0, 0), (0, 0), (p, p), (p, p)))
        n_, _, h_, w_ = self.input_pad.shape
        out = np.zeros((n_, self.channel_out, (h_ - k) // s + 1, (w_ - k) // s + 1), dtype=np.float32)
        for n in range(n_):
            for c in range(self.channel_out):
                for h in range(out.shape[2]):
                    for w in range(out.shape[3]):
                        out[n, c, h, w] = np.einsum('ijk,ijk->', self.input_pad[n, :, h*s:h*s+k, w*s:w*s+k], self.weight[..., c])
                out[n, c] += self.bias[c]
        self.forward_time = time.time() - t0
        return out

    def backward_raw(self, top_diff: np.ndarray) -> np.ndarray:
        t0 = time.time()
        p, k, s = self.padding, self.kernel_size, self.stride
        self.d_weight = np.zeros_like(self.weight, dtype=np.float32)
        self.d_bias = np.zeros_like(self.bias, dtype=np.float32)
        d = np.zeros_like(self.input_pad, dtype=np.float32)
        for n in range(top_diff.shape[0]):
            for c in range(self.channel_out):
                self.d_bias[c] += top_diff[n, c].sum()
                for h in range(top_diff.shape[2]):
                    for w in range(top_diff.shape[3]):
                        sl = np.s_[n, :, h*s:h*s+k, w*s:w*s+k]
                        self.d_weight[..., c] += self.input_pad[sl] * top_diff[n, c, h, w]
                        d[sl] += self.weight[..., c] * top_diff[n, c, h, w]
                        top_diff[n, c, h, w] = 0.0    # 用完清零
        self.backward_time = time.time() - t0
        return d[:, :, p:-p or None, p:-p or None]

    def forward_speedup(self, input: np.ndarray) -> np.ndarray:
        t0 = time.time()
        p, k, s = self.padding, self.kernel_size, self.stride
        self.input = input
        self.input_pad = np.pad(input, ((0, 0), (0, 0), (p, p), (p, p)))
        self.win = swv(self.input_pad, (k, k), axis=(2, 3))[:, :, ::s, ::s]
        out = np.einsum('nchwij,cijo->nohw', self.win, self.weight) + self.bias[None, :, None, None]
        self.forward_time = time.time() - t0
        return out

    def backward_speedup(self, top_diff: np.ndarray) -> np.ndarray:
        t0 = time.time()
        p, k, s = self.padding, self.kernel_size, self.stride
        N, C, H, W = self.input_pad.shape
        self.d_bias = np.einsum('nohw->o', top_diff)
        self.d_weight = np.einsum('nchwij,nohw->cijo', self.win, top_diff, optimize=True)
        # 步长不为 1 时先在中间插 0
        dil = np.zeros((N, self.channel_out, H - k + 1, W - k + 1), dtype=top_diff.dtype)
        dil[:, :, ::s, ::s] = top_diff
        dil = np.pad(dil, ((0, 0), (0, 0), (k - 1, k - 1), (k - 1, k - 1)))
        d = np.einsum('nohwij,cijo->nchw', swv(dil, (k, k), axis=(2, 3)), self.weight[:, ::-1, ::-1, :], optimize=True)
        self.backward_time = time.time() - t0
        return d[:, :, p:H - p, p:W - p]


class MaxPoolingLayer(object):
    def __init__(self, kernel_size: int, stride: int, type: int = 0) -> None:
        self.kernel_size = kernel_size
        self.stride = stride
        fast = type == 1
        self.forward = self.forward_speedup if fast else self.forward_raw
        self.backward = self.backward_speedup if fast else self.backward_raw_book

    def forward_raw(self, input: np.ndarray) -> np.ndarray:
        self.input = input
        k, s = self.kernel_size, self.stride
        n_, c_, h_, w_ = input.shape
        out = np.zeros((n_, c_, (h_ - k) // s + 1, (w_ - k) // s + 1))
        for n in range(n_):
            for c in range(c_):
                for h in range(out.shape[2]):
                    for w in range(out.shape[3]):
                        out[n, c, h, w] = input[n, c, h*s:h*s+k, w*s:w*s+k].max()
        return out

    def backward_raw_book(self, top_diff: np.ndarray) -> np.ndarray:
        k, s = self.kernel_size, self.stride
        d = np.zeros_like(self.input)
        for n in range(top_diff.shape[0]):
            for c in range(top_diff.shape[1]):
                for h in range(top_diff.shape[2]):
                    for w in range(top_diff.shape[3]):
                        win = self.input[n, c, h*s:h*s+k, w*s:w*s+k]
                        y, x = np.where(win == win.max())
                        d[n, c, h*s + y[0], w*s + x[0]] += top_diff[n, c, h, w]
                        win[:] = 0           # 写回 self.input
        return d

    def forward_speedup(self, input: np.ndarray) -> np.ndarray:
        self.shape = input.shape
        k, s = self.kernel_size, self.stride
        win = swv(input, (k, k), axis=(2, 3))[:, :, ::s, ::s]
        win = win.reshape(*win.shape[:4], k * k)
        self.max_index = win.argmax(-1)
        return np.take_along_axis(win, self.max_index[..., None], -1)[..., 0]

    def backward_speedup(self, top_diff: np.ndarray) -> np.ndarray:
        k, s = self.kernel_size, self.stride
        d = np.zeros(self.shape, dtype=np.float32)
        n, c, h, w = np.indices(top_diff.shape)
        d[n, c, h * s + self.max_index // k, w * s + self.max_index % k] = top_diff
        return d
