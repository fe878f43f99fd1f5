# 下标数组 im2col（fancy indexing），np.add.at 的 col2im；池化把每个通道当作样本
import numpy as np
from functools import partial
from time import perf_counter


def get_indices(shape, k, p, s):
    N, C, H, W = shape
    oh = (H + 2 * p - k) // s + 1
    ow = (W + 2 * p - k) // s + 1
    i = np.tile(np.repeat(np.arange(k), k), C).reshape(-1, 1) + s * np.repeat(np.arange(oh), ow).reshape(1, -1)
    j = np.tile(np.arange(k), k * C).reshape(-1, 1) + s * np.tile(np.arange(ow), oh).reshape(1, -1)
    c = np.repeat(np.arange(C), k * k).reshape(-1, 1)
    return c, i, j, oh, ow


def im2col(x, k, p, s):
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), mode="constant")
    c, i, j, oh, ow = get_indices(x.shape, k, p, s)
    cols = xp[:, c, i, j]
    return cols.transpose(1, 2, 0).reshape(k * k * x.shape[1], -1), oh, ow


def col2im(cols, shape, k, p, s):
    N, C, H, W = shape
    xp = np.zeros((N, C, H + 2 * p, W + 2 * p), dtype=cols.dtype)
    c, i, j, oh, ow = get_indices(shape, k, p, s)
    np.add.at(xp, (slice(None), c, i, j), cols.reshape(C * k * k, -1, N).transpose(2, 0, 1))
    return xp if p == 0 else xp[:, :, p:-p, p:-p]


class ConvolutionalLayer:
    def __init__(self, kernel_size, channel_in, channel_out, padding, stride, type=1):
        self.kernel_size = kernel_size
        self.channel_in = channel_in
        self.channel_out = channel_out
        self.padding = padding
        self.stride = stride
        if type == 1:
            self.forward = self.forward_speedup
            self.backward = self.backward_speedup
        else:
            self.forward = self.forward_raw
            self.backward = self.backward_raw

    def init_param(self, std=0.01):
        self.weight = np.random.normal(0, std, size=(self.channel_in, self.kernel_size, self.kernel_size, self.channel_out))
        self.bias = np.zeros([self.channel_out])

    def load_param(self, weight, bias):
        assert self.weight.shape == weight.shape
        assert self.bias.shape == bias.shape
        self.weight = weight
        self.bias = bias

    def forward_raw(self, input):
        tic = perf_counter()
        self.input = input
        pad, k, s = self.padding, self.kernel_size, self.stride
        self.input_pad = np.pad(input, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        oh = (input.shape[2] + 2 * pad - k) // s + 1
        ow = (input.shape[3] + 2 * pad - k) // s + 1
        self.output = np.zeros((input.shape[0], self.channel_out, oh, ow))
        for n, c, h, w in np.ndindex(self.output.shape):
            self.output[n, c, h, w] = np.vdot(self.input_pad[n, :, h * s:h * s + k, w * s:w * s + k],
                                              self.weight[:, :, :, c]) + self.bias[c]
        self.forward_time = perf_counter() - tic
        return self.output

    def backward_raw(self, top_diff):
        tic = perf_counter()
        pad, k, s = self.padding, self.kernel_size, self.stride
        self.d_weight = np.zeros(self.weight.shape)
        self.d_bias = np.zeros(self.bias.shape)
        bottom = np.zeros(self.input_pad.shape)
        for n, c, h, w in np.ndindex(top_diff.shape):
            self.d_bias[c] += top_diff[n, c, h, w]
            self.d_weight[:, :, :, c] += top_diff[n, c, h, w] * self.input_pad[n, :, h * s:h * s + k, w * s:w * s + k]
            bottom[n, :, h * s:h * s + k, w * s:w * s + k] += top_diff[n, c, h, w] * self.weight[:, :, :, c]
        self.backward_time = perf_counter() - tic
        return bottom[:, :, pad:pad + self.input.shape[2], pad:pad + self.input.shape[3]]

    def forward_speedup(self, input):
        tic = perf_counter()
        self.input = input
        self.cols, oh, ow = im2col(input, self.kernel_size, self.padding, self.stride)
        res = self.weight.transpose(3, 0, 1, 2).reshape(self.channel_out, -1) @ self.cols + self.bias.reshape(-1, 1)
        self.output = res.reshape(self.channel_out, oh, ow, input.shape[0]).transpose(3, 0, 1, 2)
        self.forward_time = perf_counter() - tic
        return self.output

    def backward_speedup(self, top_diff):
        tic = perf_counter()
        d = top_diff.transpose(1, 2, 3, 0).reshape(self.channel_out, -1)
        self.d_bias = d.sum(axis=1)
        self.d_weight = (d @ self.cols.T).reshape(self.channel_out, self.channel_in, self.kernel_size, self.kernel_size).transpose(1, 2, 3, 0)
        cols = self.weight.transpose(3, 0, 1, 2).reshape(self.channel_out, -1).T @ d
        out = col2im(cols, self.input.shape, self.kernel_size, self.padding, self.stride)
        self.backward_time = perf_counter() - tic
        return out

    def get_forward_time(self):
        return self.forward_time

    def get_backward_time(self):
        return self.backward_time


class MaxPoolingLayer:
    def __init__(self, kernel_size, stride, type=1):
        self.kernel_size = kernel_size
        self.stride = stride
        if type == 1:
            self.forward = self.forward_speedup
            self.backward = self.backward_speedup
        else:
            self.forward = self.forward_raw
            self.backward = self.backward_raw_book

    def forward_raw(self, input):
        tic = perf_counter()
        self.input = input
        k, s = self.kernel_size, self.stride
        N, C, H, W = input.shape
        self.output = np.zeros((N, C, (H - k) // s + 1, (W - k) // s + 1))
        for n, c, h, w in np.ndindex(self.output.shape):
            self.output[n, c, h, w] = input[n, c, h * s:h * s + k, w * s:w * s + k].max()
        self.forward_time = perf_counter() - tic
        return self.output

    def backward_raw_book(self, top_diff):
        tic = perf_counter()
        k, s = self.kernel_size, self.stride
        out = np.zeros(self.input.shape)
        for n, c, h, w in np.ndindex(top_diff.shape):
            m = np.argmax(self.input[n, c, h * s:h * s + k, w * s:w * s + k])
            out[n, c, h * s + m // k, w * s + m % k] = top_diff[n, c, h, w]
        self.backward_time = perf_counter() - tic
        return out

    def forward_speedup(self, input):
        tic = perf_counter()
        self.input = input
        N, C, H, W = input.shape
        self.cols, oh, ow = im2col(input.reshape(N * C, 1, H, W), self.kernel_size, 0, self.stride)
        self.idx = np.argmax(self.cols, axis=0)
        out = self.cols[self.idx, range(self.idx.size)]
        self.output = out.reshape(oh, ow, N, C).transpose(2, 3, 0, 1)
        self.forward_time = perf_counter() - tic
        return self.output

    def backward_speedup(self, top_diff):
        tic = perf_counter()
        N, C, H, W = self.input.shape
        d = np.zeros_like(self.cols)
        flat = top_diff.transpose(2, 3, 0, 1).ravel()
        d[self.idx, range(self.idx.size)] = flat
        out = col2im(d, (N * C, 1, H, W), self.kernel_size, 0, self.stride).reshape(self.input.shape)
        self.backward_time = perf_counter() - tic
        return out

    def get_forward_time(self):
        return self.forward_time

    def get_backward_time(self):
        return self.backward_time
