# coding=utf-8
import numpy as np
import time


class ConvolutionalLayer(object):
    def __init__(self, kernel_size, channel_in, channel_out, padding, stride, type=1):
        self.kernel_size = kernel_size
        self.channel_in = channel_in
        self.channel_out = channel_out
        self.padding = padding
        self.stride = stride
        self.forward = self.forward_raw
        if type == 1:  # type 设为 1 时，使用优化后的 forward
            self.forward = self.forward_speedup

    def init_param(self, std=0.01):
        self.weight = np.random.normal(loc=0.0, scale=std, size=(self.channel_in, self.kernel_size, self.kernel_size, self.channel_out))
        self.bias = np.zeros([self.channel_out])

    def forward_raw(self, input):
        raise RuntimeError('slow')

    def forward_speedup(self, input):
        start_time = time.time()
        self.input = input
        n, c, h, w = input.shape
        k, s, p = self.kernel_size, self.stride, self.padding
        self.input_pad = np.zeros([n, c, h + 2 * p, w + 2 * p])
        self.input_pad[:, :, p:p + h, p:p + w] = input
        ho, wo = int((h + 2 * p - k) / s) + 1, int((w + 2 * p - k) / s) + 1
        # 花式索引
        r = np.arange(ho)[:, None] * s + np.arange(k)
        q = np.arange(wo)[:, None] * s + np.arange(k)
        cols = self.input_pad[:, :, r[:, None, :, None], q[None, :, None, :]]
        self.cols = cols.transpose(0, 2, 3, 1, 4, 5).reshape(n * ho * wo, -1)
        output = np.matmul(self.cols, self.weight.reshape(-1, self.channel_out)) + self.bias
        self.output = output.reshape(n, ho, wo, -1).transpose(0, 3, 1, 2)
        self.forward_time = time.time() - start_time
        return self.output

    def load_param(self, weight, bias):
        assert self.weight.shape == weight.shape
        assert self.bias.shape == bias.shape
        self.weight = weight
        self.bias = bias


class MaxPoolingLayer(object):
    def __init__(self, kernel_size, stride, type=0):
        self.kernel_size = kernel_size
        self.stride = stride
        self.forward = {0: self.forward_raw, 1: self.forward_speedup}[type]

    def forward_raw(self, input):
        n, c, h, w = input.shape
        k, s = self.kernel_size, self.stride
        ho, wo = (h - k) // s + 1, (w - k) // s + 1
        self.max_index = np.zeros(input.shape)
        output = np.zeros([n, c, ho, wo])
        for i in range(n):
            for j in range(c):
                for y in range(ho):
                    for x in range(wo):
                        win = input[i, j, y * s:y * s + k, x * s:x * s + k]
                        at = np.unravel_index(win.argmax(), win.shape)
                        output[i, j, y, x] = win[at]
                        self.max_index[i, j, y * s + at[0], x * s + at[1]] = 1
        return output

    def forward_speedup(self, input):
        raise RuntimeError('not used')


class FlattenLayer(object):
    def __init__(self, input_shape, output_shape):
        self.input_shape = input_shape
        self.output_shape = output_shape
        assert np.prod(self.input_shape) == np.prod(self.output_shape)

    def forward(self, input):
        assert list(input.shape[1:]) == list(self.input_shape)
        return np.transpose(input, [0, 2, 3, 1]).reshape([input.shape[0]] + list(self.output_shape))
