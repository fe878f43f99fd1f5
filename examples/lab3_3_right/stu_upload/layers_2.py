# -*- coding: utf-8 -*-
import time

import numpy as np


def im2col(x, k, s):
    # [N, C, H, W] -> [N, C, k*k, H_out, W_out]，每个窗口的 k*k 个数
    N, C, H, W = x.shape
    H_out = (H - k) // s + 1
    W_out = (W - k) // s + 1
    col = np.empty([N, C, k * k, H_out, W_out], dtype=x.dtype)
    for i in range(k):
        for j in range(k):
            col[:, :, i * k + j] = x[:, :, i:i + H_out * s:s, j:j + W_out * s:s]
    return col


def col2im(col, shape, k, s):
    # im2col 的逆过程，重叠的地方相加
    H_out, W_out = col.shape[3:]
    x = np.zeros(shape, dtype=col.dtype)
    for i in range(k):
        for j in range(k):
            x[:, :, i:i + H_out * s:s, j:j + W_out * s:s] += col[:, :, i * k + j]
    return x


class ConvolutionalLayer(object):
    def __init__(self, kernel_size, channel_in, channel_out, padding, stride, type=0):
        self.kernel_size = kernel_size
        self.channel_in = channel_in
        self.channel_out = channel_out
        self.padding = padding
        self.stride = stride
        self.forward = self.forward_raw
        self.backward = self.backward_raw
        if type == 1:   # 1 表示加速版本
            self.forward = self.forward_speedup
            self.backward = self.backward_speedup

    def init_param(self, std=0.01):
        size = (self.channel_in, self.kernel_size, self.kernel_size, self.channel_out)
        self.weight = np.random.normal(0.0, std, size).astype(np.float32)
        self.bias = np.zeros([self.channel_out], dtype=np.float32)

    def pad(self, input):
        p = self.padding
        N, C, H, W = input.shape
        input_pad = np.zeros([N, C, H + 2 * p, W + 2 * p], dtype=input.dtype)
        input_pad[:, :, p:p + H, p:p + W] = input
        return input_pad

    def forward_raw(self, input):
        start_time = time.time()
        k, s = self.kernel_size, self.stride
        self.input = input
        self.input_pad = self.pad(input)
        N, _, H, W = self.input_pad.shape
        H_out = (H - k) // s + 1
        W_out = (W - k) // s + 1
        output = np.zeros([N, self.channel_out, H_out, W_out], dtype=input.dtype)
        for n in range(N):
            for c in range(self.channel_out):
                for h in range(H_out):
                    for w in range(W_out):
                        window = self.input_pad[n, :, h * s:h * s + k, w * s:w * s + k]
                        output[n, c, h, w] = np.sum(window * self.weight[:, :, :, c]) + self.bias[c]
        self.forward_time = time.time() - start_time
        return output

    def backward_raw(self, top_diff):
        start_time = time.time()
        k, s, p = self.kernel_size, self.stride, self.padding
        self.d_weight = np.zeros(self.weight.shape)
        self.d_bias = np.zeros(self.bias.shape)
        pad_diff = np.zeros(self.input_pad.shape, dtype=top_diff.dtype)
        for n in range(top_diff.shape[0]):
            for c in range(top_diff.shape[1]):
                for h in range(top_diff.shape[2]):
                    for w in range(top_diff.shape[3]):
                        d = top_diff[n, c, h, w]
                        self.d_weight[:, :, :, c] += d * self.input_pad[n, :, h * s:h * s + k, w * s:w * s + k]
                        self.d_bias[c] += d
                        pad_diff[n, :, h * s:h * s + k, w * s:w * s + k] += d * self.weight[:, :, :, c]
        # 去掉补零的一圈
        bottom_diff = pad_diff[:, :, p:p + self.input.shape[2], p:p + self.input.shape[3]]
        self.backward_time = time.time() - start_time
        return bottom_diff

    def forward_speedup(self, input):
        start_time = time.time()
        self.input = input
        self.input_pad = self.pad(input)
        col = im2col(self.input_pad, self.kernel_size, self.stride)
        N, C, kk, H_out, W_out = col.shape
        kernels = self.weight.reshape(C * kk, self.channel_out).T
        output = np.matmul(kernels, col.reshape(N, C * kk, H_out * W_out)) + self.bias.reshape(1, -1, 1)
        output = output.reshape(N, self.channel_out, H_out, W_out)
        self.forward_time = time.time() - start_time
        return output

    def backward_speedup(self, top_diff):
        start_time = time.time()
        k, s, p = self.kernel_size, self.stride, self.padding
        # col 占内存太大，不存了，重新算一遍
        col = im2col(self.input_pad, k, s)
        N, C, kk, H_out, W_out = col.shape
        col = col.reshape(N, C * kk, H_out * W_out)
        diff = top_diff.reshape(N, self.channel_out, H_out * W_out)
        self.d_weight = np.matmul(col, diff.transpose(0, 2, 1)).sum(axis=0).reshape(self.weight.shape)
        self.d_bias = np.sum(diff, axis=(0, 2))
        col_diff = np.matmul(self.weight.reshape(C * kk, self.channel_out), diff)
        pad_diff = col2im(col_diff.reshape(N, C, kk, H_out, W_out), self.input_pad.shape, k, s)
        bottom_diff = pad_diff[:, :, p:p + self.input.shape[2], p:p + self.input.shape[3]]
        self.backward_time = time.time() - start_time
        return bottom_diff

    def get_forward_time(self):
        return self.forward_time

    def get_backward_time(self):
        return self.backward_time

    def load_param(self, weight, bias):
        assert self.weight.shape == weight.shape
        assert self.bias.shape == bias.shape
        self.weight = weight
        self.bias = bias


class MaxPoolingLayer(object):
    def __init__(self, kernel_size, stride, type=0):
        self.kernel_size = kernel_size
        self.stride = stride
        self.forward = self.forward_raw
        self.backward = self.backward_raw_book
        if type == 1:
            self.forward = self.forward_speedup
            self.backward = self.backward_speedup

    def forward_raw(self, input):
        start_time = time.time()
        k, s = self.kernel_size, self.stride
        self.input_shape = input.shape
        N, C, H, W = input.shape
        H_out = (H - k) // s + 1
        W_out = (W - k) // s + 1
        output = np.zeros([N, C, H_out, W_out], dtype=input.dtype)
        # 记下最大值在窗口里是第几个
        self.max_index = np.zeros([N, C, H_out, W_out], dtype=int)
        for n in range(N):
            for c in range(C):
                for h in range(H_out):
                    for w in range(W_out):
                        window = input[n, c, h * s:h * s + k, w * s:w * s + k].reshape(-1)
                        index = np.argmax(window)
                        self.max_index[n, c, h, w] = index
                        output[n, c, h, w] = window[index]
        self.forward_time = time.time() - start_time
        return output

    def backward_raw_book(self, top_diff):
        start_time = time.time()
        k, s = self.kernel_size, self.stride
        bottom_diff = np.zeros(self.input_shape, dtype=top_diff.dtype)
        for n in range(top_diff.shape[0]):
            for c in range(top_diff.shape[1]):
                for h in range(top_diff.shape[2]):
                    for w in range(top_diff.shape[3]):
                        i, j = divmod(self.max_index[n, c, h, w], k)
                        bottom_diff[n, c, h * s + i, w * s + j] += top_diff[n, c, h, w]
        self.backward_time = time.time() - start_time
        return bottom_diff

    def forward_speedup(self, input):
        start_time = time.time()
        self.input_shape = input.shape
        col = im2col(input, self.kernel_size, self.stride)
        output = col[:, :, 0]
        self.max_index = np.zeros(output.shape, dtype=np.uint8)
        for i in range(1, col.shape[2]):
            larger = col[:, :, i] > output
            output = np.where(larger, col[:, :, i], output)
            self.max_index[larger] = i
        self.forward_time = time.time() - start_time
        return output

    def backward_speedup(self, top_diff):
        start_time = time.time()
        k, s = self.kernel_size, self.stride
        col = np.stack([top_diff * (self.max_index == i) for i in range(k * k)], axis=2)
        bottom_diff = col2im(col, self.input_shape, k, s)
        self.backward_time = time.time() - start_time
        return bottom_diff

    def get_forward_time(self):
        return self.forward_time

    def get_backward_time(self):
        return self.backward_time
