import time

import numpy as np
from numpy.lib.stride_tricks import as_strided


def view_windows(x, k, s):
    # a view of all k*k windows, nothing is copied: [N, C, H_out, W_out, k, k]
    n, c, h, w = x.shape
    sn, sc, sh, sw = x.strides
    shape = (n, c, (h - k) // s + 1, (w - k) // s + 1, k, k)
    return as_strided(x, shape, (sn, sc, sh * s, sw * s, sh, sw), writeable=False)


class ConvolutionalLayer:
    def __init__(self, kernel_size, channel_in, channel_out, padding, stride, type=0):
        self.k, self.p, self.s = kernel_size, padding, stride
        self.channel_in, self.channel_out = channel_in, channel_out
        if type == 0:
            self.forward, self.backward = self.forward_raw, self.backward_raw
        else:
            self.forward, self.backward = self.forward_speedup, self.backward_speedup

    def init_param(self, std=0.01):
        self.weight = (np.random.randn(self.channel_in, self.k, self.k, self.channel_out) * std).astype('float32')
        self.bias = np.zeros(self.channel_out, 'float32')

    def forward_raw(self, input):
        start = time.time()
        self.input_pad = np.pad(input, [(0, 0), (0, 0), (self.p, self.p), (self.p, self.p)], mode='constant')
        n, _, h, w = self.input_pad.shape
        out = np.zeros((n, self.channel_out, (h - self.k) // self.s + 1, (w - self.k) // self.s + 1), input.dtype)
        for idx in np.ndindex(*out.shape):
            n, c, y, x = idx[0], idx[1], idx[2] * self.s, idx[3] * self.s
            out[idx] = (self.input_pad[n, :, y:y + self.k, x:x + self.k] * self.weight[..., c]).sum() + self.bias[c]
        self.forward_time = time.time() - start
        return out

    def backward_raw(self, top_diff):
        start = time.time()
        self.d_weight = np.zeros_like(self.weight)
        self.d_bias = np.zeros_like(self.bias)
        pad_diff = np.zeros_like(self.input_pad)
        for idx in np.ndindex(*top_diff.shape):
            n, c, y, x = idx[0], idx[1], idx[2] * self.s, idx[3] * self.s
            self.d_weight[..., c] += self.input_pad[n, :, y:y + self.k, x:x + self.k] * top_diff[idx]
            self.d_bias[c] += top_diff[idx]
            pad_diff[n, :, y:y + self.k, x:x + self.k] += self.weight[..., c] * top_diff[idx]
        self.backward_time = time.time() - start
        return self.crop(pad_diff)

    def crop(self, pad_diff):
        h, w = pad_diff.shape[2:]
        return pad_diff[:, :, self.p:h - self.p, self.p:w - self.p]

    def forward_speedup(self, input):
        start = time.time()
        self.input_pad = np.pad(input, [(0, 0), (0, 0), (self.p, self.p), (self.p, self.p)], mode='constant')
        win = view_windows(self.input_pad, self.k, self.s)
        # optimize=True makes it one matrix product, without it einsum is as slow as the loops
        out = np.einsum('nchwij,cijo->nohw', win, self.weight, optimize=True)
        out = out + self.bias.reshape(1, -1, 1, 1)
        self.forward_time = time.time() - start
        return out

    def backward_speedup(self, top_diff):
        start = time.time()
        k, s = self.k, self.s
        n, c_out, ho, wo = top_diff.shape
        win = view_windows(self.input_pad, k, s)
        self.d_weight = np.einsum('nchwij,nohw->cijo', win, top_diff, optimize=True)
        self.d_bias = top_diff.sum(axis=(0, 2, 3))
        # again a convolution: top_diff (k-1 zeros around it, s-1 between) with the rotated kernel
        h, w = self.input_pad.shape[2:]
        spread = np.zeros((n, c_out, h + k - 1, w + k - 1), top_diff.dtype)
        spread[:, :, k - 1:k - 1 + ho * s:s, k - 1:k - 1 + wo * s:s] = top_diff
        rotated = self.weight[:, ::-1, ::-1, :]
        pad_diff = np.einsum('nohwij,cijo->nchw', view_windows(spread, k, 1), rotated, optimize=True)
        self.backward_time = time.time() - start
        return self.crop(pad_diff)

    def get_forward_time(self):
        return self.forward_time

    def get_backward_time(self):
        return self.backward_time

    def load_param(self, weight, bias):
        assert weight.shape == (self.channel_in, self.k, self.k, self.channel_out)
        assert bias.shape == (self.channel_out,)
        self.weight, self.bias = weight, bias


class MaxPoolingLayer:
    def __init__(self, kernel_size, stride, type=0):
        self.k, self.s = kernel_size, stride
        if type == 0:
            self.forward, self.backward = self.forward_raw, self.backward_raw_book
        else:
            self.forward, self.backward = self.forward_speedup, self.backward_speedup

    def forward_raw(self, input):
        start = time.time()
        self.input = input
        n, c, h, w = input.shape
        out = np.zeros((n, c, (h - self.k) // self.s + 1, (w - self.k) // self.s + 1), input.dtype)
        for idx in np.ndindex(*out.shape):
            n, c, y, x = idx[0], idx[1], idx[2] * self.s, idx[3] * self.s
            out[idx] = input[n, c, y:y + self.k, x:x + self.k].max()
        self.forward_time = time.time() - start
        return out

    def backward_raw_book(self, top_diff):
        start = time.time()
        bottom_diff = np.zeros_like(self.input)
        for idx in np.ndindex(*top_diff.shape):
            n, c, y, x = idx[0], idx[1], idx[2] * self.s, idx[3] * self.s
            best = self.input[n, c, y:y + self.k, x:x + self.k].argmax()
            bottom_diff[n, c, y + best // self.k, x + best % self.k] += top_diff[idx]
        self.backward_time = time.time() - start
        return bottom_diff

    def forward_speedup(self, input):
        start = time.time()
        self.input = input
        win = view_windows(input, self.k, self.s)
        win = win.reshape(win.shape[:4] + (-1,))
        self.max_index = win.argmax(-1)
        out = win.max(-1)
        self.forward_time = time.time() - start
        return out

    def backward_speedup(self, top_diff):
        start = time.time()
        bottom_diff = np.zeros_like(self.input)
        n, c, y, x = np.indices(top_diff.shape)
        row = y * self.s + self.max_index // self.k
        col = x * self.s + self.max_index % self.k
        np.add.at(bottom_diff, (n, c, row, col), top_diff)
        self.backward_time = time.time() - start
        return bottom_diff

    def get_forward_time(self):
        return self.forward_time

    def get_backward_time(self):
        return self.backward_time
