# 没有 type 参数：只有一个版本，k*k 次 tensordot；N=1
import numpy as np


class ConvolutionalLayer:
    def __init__(self, kernel_size, channel_in, channel_out, padding, stride):
        self.k = kernel_size
        self.cin = channel_in
        self.cout = channel_out
        self.p = padding
        self.s = stride

    def init_param(self, std=0.01):
        self.weight = np.random.randn(self.cin, self.k, self.k, self.cout) * std
        self.bias = np.zeros(self.cout)

    def load_param(self, weight, bias):
        self.weight = weight
        self.bias = bias

    def forward(self, input):
        p = self.p
        _, c, h, w = input.shape
        x = np.zeros((c, h + 2 * p, w + 2 * p))
        x[:, p:p + h, p:p + w] = input[0]
        self.x = x
        out = np.zeros((self.cout, h, w))
        for i in range(self.k):
            for j in range(self.k):
                out += np.tensordot(self.weight[:, i, j, :], x[:, i:i + h, j:j + w], axes=(0, 0))
        return (out + self.bias[:, None, None])[np.newaxis, :]

    def backward(self, top_diff):
        g = top_diff[0]
        _, h, w = g.shape
        dx = np.zeros_like(self.x)
        self.d_weight = np.zeros(self.weight.shape)
        self.d_bias = g.sum(axis=(1, 2))
        for i in range(self.k):
            for j in range(self.k):
                dx[:, i:i + h, j:j + w] += np.tensordot(self.weight[:, i, j, :], g, axes=(1, 0))
                self.d_weight[:, i, j, :] = np.tensordot(self.x[:, i:i + h, j:j + w], g, axes=((1, 2), (1, 2)))
        p = self.p
        return dx[None, :, p:-p, p:-p]


class MaxPoolingLayer:
    def __init__(self, kernel_size, stride):
        self.k = kernel_size
        self.s = stride

    def forward(self, input):
        self.input = input
        k, s = self.k, self.s
        n, c, h, w = input.shape
        ho, wo = (h - k) // s + 1, (w - k) // s + 1
        self.output = np.max([input[:, :, i:i + ho * s:s, j:j + wo * s:s] for i in range(k) for j in range(k)], axis=0)
        return self.output

    def backward(self, top_diff):
        # kron 放大后乘 mask
        ones = np.ones((1, 1, self.k, self.k))
        mask = np.kron(self.output, ones) == self.input
        return np.kron(top_diff, ones) * mask
