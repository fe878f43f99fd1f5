# -*- coding: utf-8 -*-
# as_strided + 旋转卷积核的“全卷积”反向，没有 d_weight
import time
import numpy as np
from numpy.lib.stride_tricks import as_strided


def conv2d(x, w, b, s):
    # x: N C H W   w: C k k O
    N, C, H, W = x.shape
    k = w.shape[1]
    ho, wo = (H - k) // s + 1, (W - k) // s + 1
    sn, sc, sh, sw = x.strides
    v = as_strided(x, (N, ho, wo, C, k, k), (sn, sh * s, sw * s, sc, sh, sw))
    y = v.reshape(N * ho * wo, -1).dot(w.reshape(-1, w.shape[3]))
    if b is not None:
        y = y + b
    return y.reshape(N, ho, wo, -1).transpose(0, 3, 1, 2)


class ConvolutionalLayer(object):
    def __init__(self, kernel_size, channel_in, channel_out, padding, stride, type=0):
        self.kernel_size = kernel_size
        self.channel_in = channel_in
        self.channel_out = channel_out
        self.padding = padding
        self.stride = stride
        self.type = type
        self.forward, self.backward = [(self.forward_raw, self.backward_raw),
                                       (self.forward_speedup, self.backward_speedup)][type]

    def init_param(self, std=0.01):
        self.weight = np.random.normal(0, std, (self.channel_in, self.kernel_size, self.kernel_size, self.channel_out))
        self.bias = np.zeros(self.channel_out)

    def load_param(self, weight, bias):
        assert self.weight.shape == weight.shape and self.bias.shape == bias.shape
        self.weight, self.bias = weight, bias

    def pad(self, x, p):
        return np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), 'constant', constant_values=0)

    def forward_raw(self, input):
        t = time.time()
        self.input = self.pad(input, self.padding)          # 直接存进 self.input
        N, C, H, W = self.input.shape
        s, k = self.stride, self.kernel_size
        Ho, Wo = int((H - k) / s + 1), int((W - k) / s + 1)
        self.output = np.zeros((N, self.channel_out, Ho, Wo), dtype=np.float32)
        for n in range(N):
            for c in range(self.channel_out):
                for h in range(Ho):
                    for w in range(Wo):
                        patch = self.input[n, :, h * s:h * s + k, w * s:w * s + k]
                        self.output[n, c, h, w] = np.tensordot(patch, self.weight[..., c], 3) + self.bias[c]
        self.forward_time = time.time() - t
        return self.output

    def backward_raw(self, top_diff):
        t = time.time()
        s, k, p = self.stride, self.kernel_size, self.padding
        dx = np.zeros(self.input.shape, dtype=np.float32)
        dw = np.zeros(self.weight.shape, dtype=np.float32)
        for n in range(top_diff.shape[0]):
            for c in range(self.channel_out):
                for h in range(top_diff.shape[2]):
                    for w in range(top_diff.shape[3]):
                        dw[..., c] += self.input[n, :, h * s:h * s + k, w * s:w * s + k] * top_diff[n, c, h, w]
                        dx[n, :, h * s:h * s + k, w * s:w * s + k] += self.weight[..., c] * top_diff[n, c, h, w]
        self.d_weight, self.d_bias = dw, top_diff.sum((0, 2, 3))
        self.backward_time = time.time() - t
        return dx[:, :, p:dx.shape[2] - p, p:dx.shape[3] - p]

    def forward_speedup(self, input):
        t = time.time()
        y = conv2d(self.pad(input, self.padding), self.weight, self.bias, self.stride)
        self.forward_time = time.time() - t
        return y

    def backward_speedup(self, top_diff):
        t = time.time()
        # 只考虑 stride=1
        w_rot = self.weight[:, ::-1, ::-1, :].transpose(3, 1, 2, 0)
        dx = conv2d(self.pad(top_diff, self.kernel_size - 1 - self.padding), w_rot, None, 1)
        self.backward_time = time.time() - t
        return dx

    def get_forward_time(self):
        return self.forward_time

    def get_backward_time(self):
        return self.backward_time


class MaxPoolingLayer(object):
    def __init__(self, kernel_size, stride, type=0):
        self.kernel_size = kernel_size
        self.stride = stride
        self.forward, self.backward = [(self.forward_raw, self.backward_raw_book),
                                       (self.forward_speedup, self.backward_speedup)][type]

    def forward_raw(self, input):
        t = time.time()
        self.input = input
        N, C, H, W = input.shape
        s, k = self.stride, self.kernel_size
        Ho, Wo = int((H - k) / s + 1), int((W - k) / s + 1)
        self.output = np.empty((N, C, Ho, Wo), dtype=np.float32)
        self.max_index = np.zeros(self.input.shape)
        for n in range(N):
            for c in range(C):
                for h in range(Ho):
                    for w in range(Wo):
                        win = input[n, c, h * s:h * s + k, w * s:w * s + k]
                        self.output[n, c, h, w] = np.max(win)
                        idx = np.unravel_index(np.argmax(win), win.shape)
                        self.max_index[n, c, h * s + idx[0], w * s + idx[1]] = 1
        self.forward_time = time.time() - t
        return self.output

    def backward_raw_book(self, top_diff):
        t = time.time()
        s, k = self.stride, self.kernel_size
        dx = self.max_index
        for n in range(top_diff.shape[0]):
            for c in range(top_diff.shape[1]):
                for h in range(top_diff.shape[2]):
                    for w in range(top_diff.shape[3]):
                        dx[n, c, h * s:h * s + k, w * s:w * s + k] *= top_diff[n, c, h, w]
        self.backward_time = time.time() - t
        return dx

    def forward_speedup(self, input):
        t = time.time()
        self.input = input
        N, C, H, W = input.shape
        s, k = self.stride, self.kernel_size
        Ho, Wo = (H - k) // s + 1, (W - k) // s + 1
        st = input.strides
        v = as_strided(input, (N, C, Ho, Wo, k, k), (st[0], st[1], st[2] * s, st[3] * s, st[2], st[3]))
        self.output = v.max(axis=(4, 5))
        self.forward_time = time.time() - t
        return self.output

    def backward_speedup(self, top_diff):
        t = time.time()
        k = self.kernel_size
        up = np.repeat(np.repeat(self.output, k, axis=2), k, axis=3)
        mask = self.input == up            # 相等的都给梯度
        dx = np.repeat(np.repeat(top_diff, k, axis=2), k, axis=3) * mask
        self.backward_time = time.time() - t
        return dx

    def get_forward_time(self):
        return self.forward_time

    def get_backward_time(self):
        return self.backward_time
