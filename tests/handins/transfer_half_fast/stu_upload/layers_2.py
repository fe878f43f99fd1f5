# coding:utf-8
# 参数叫 speedup，默认就是快的；只向量化了一半：循环 N,H,W，通道一次算完
import numpy as np
import time


class ConvolutionalLayer(object):
    def __init__(self, kernel_size, channel_in, channel_out, padding, stride, speedup=1):
        self.kernel_size, self.channel_in, self.channel_out = kernel_size, channel_in, channel_out
        self.padding, self.stride = padding, stride
        if speedup == 1:
            self.forward = self.forward_speedup
            self.backward = self.backward_speedup
        else:
            self.forward = self.forward_raw
            self.backward = self.backward_raw

    def init_param(self, std=0.01):
        self.weight = np.random.normal(loc=0.0, scale=std, size=(self.channel_in, self.kernel_size, self.kernel_size, self.channel_out))
        self.bias = np.zeros([self.channel_out])

    def load_param(self, weight, bias):
        assert self.weight.shape == weight.shape
        assert self.bias.shape == bias.shape
        self.weight = weight
        self.bias = bias

    def _pad(self, input):
        p = self.padding
        N, C, H, W = input.shape
        self.input_pad = np.zeros([N, C, H + 2 * p, W + 2 * p])
        self.input_pad[:, :, p:p + H, p:p + W] = input
        self.out_h = int((H + 2 * p - self.kernel_size) / self.stride) + 1
        self.out_w = int((W + 2 * p - self.kernel_size) / self.stride) + 1

    def forward_raw(self, input):
        start_time = time.time()
        self.input = input
        self._pad(input)
        self.output = np.zeros([input.shape[0], self.channel_out, self.out_h, self.out_w])
        for n in range(input.shape[0]):
            for c in range(self.channel_out):
                for h in range(self.out_h):
                    for w in range(self.out_w):
                        self.output[n, c, h, w] = self.bias[c] + (self.input_pad[n, :,
                            h * self.stride:h * self.stride + self.kernel_size,
                            w * self.stride:w * self.stride + self.kernel_size] * self.weight[:, :, :, c]).sum()
        self.forward_time = time.time() - start_time
        return self.output

    def backward_raw(self, top_diff):
        start_time = time.time()
        k = self.kernel_size
        self.d_weight = np.zeros_like(self.weight)
        self.d_bias = np.zeros_like(self.bias)
        diff = np.zeros_like(self.input_pad)
        for n in range(top_diff.shape[0]):
            for c in range(top_diff.shape[1]):
                for h in range(top_diff.shape[2]):
                    for w in range(top_diff.shape[3]):
                        a, b = h * self.stride, w * self.stride
                        self.d_weight[:, :, :, c] += top_diff[n, c, h, w] * self.input_pad[n, :, a:a + k, b:b + k]
                        self.d_bias[c] += top_diff[n, c, h, w]
                        diff[n, :, a:a + k, b:b + k] += top_diff[n, c, h, w] * self.weight[:, :, :, c]
        p = self.padding
        self.backward_time = time.time() - start_time
        return diff[:, :, p:diff.shape[2] - p, p:diff.shape[3] - p]

    def forward_speedup(self, input):
        start_time = time.time()
        self.input = input
        self._pad(input)
        W2 = self.weight.reshape(-1, self.channel_out)
        self.output = np.zeros([input.shape[0], self.channel_out, self.out_h, self.out_w])
        for n in range(input.shape[0]):
            for h in range(self.out_h):
                for w in range(self.out_w):
                    a, b = h * self.stride, w * self.stride
                    x = self.input_pad[n, :, a:a + self.kernel_size, b:b + self.kernel_size]
                    self.output[n, :, h, w] = np.dot(x.ravel(), W2) + self.bias
        self.forward_time = time.time() - start_time
        return self.output

    def backward_speedup(self, top_diff):
        start_time = time.time()
        k = self.kernel_size
        W2 = self.weight.reshape(-1, self.channel_out)
        diff = np.zeros(self.input_pad.shape)
        for n in range(top_diff.shape[0]):
            for h in range(top_diff.shape[2]):
                for w in range(top_diff.shape[3]):
                    a, b = h * self.stride, w * self.stride
                    diff[n, :, a:a + k, b:b + k] += np.dot(W2, top_diff[n, :, h, w]).reshape(self.channel_in, k, k)
        p = self.padding
        self.backward_time = time.time() - start_time
        return diff[:, :, p:diff.shape[2] - p, p:diff.shape[3] - p]


class MaxPoolingLayer(object):
    def __init__(self, kernel_size, stride, speedup=1):
        self.kernel_size, self.stride = kernel_size, stride
        if speedup == 1:
            self.forward = self.forward_speedup
            self.backward = self.backward_speedup
        else:
            self.forward = self.forward_raw
            self.backward = self.backward_raw_book

    def forward_raw(self, input):
        self.input = input
        k, s = self.kernel_size, self.stride
        N, C, H, W = input.shape
        self.output = np.zeros([N, C, int((H - k) / s + 1), int((W - k) / s + 1)])
        for n in range(N):
            for c in range(C):
                for h in range(self.output.shape[2]):
                    for w in range(self.output.shape[3]):
                        self.output[n, c, h, w] = np.max(input[n, c, h * s:h * s + k, w * s:w * s + k])
        return self.output

    def backward_raw_book(self, top_diff):
        k, s = self.kernel_size, self.stride
        diff = np.zeros(self.input.shape)
        for n in range(top_diff.shape[0]):
            for c in range(top_diff.shape[1]):
                for h in range(top_diff.shape[2]):
                    for w in range(top_diff.shape[3]):
                        x = self.input[n, c, h * s:h * s + k, w * s:w * s + k]
                        diff[n, c, h * s:h * s + k, w * s:w * s + k] = (x == np.max(x)) * top_diff[n, c, h, w]
        return diff

    # 只循环 H 和 W
    def forward_speedup(self, input):
        self.input = input
        k, s = self.kernel_size, self.stride
        N, C, H, W = input.shape
        self.output = np.zeros([N, C, int((H - k) / s + 1), int((W - k) / s + 1)])
        for h in range(self.output.shape[2]):
            for w in range(self.output.shape[3]):
                self.output[:, :, h, w] = np.max(input[:, :, h * s:h * s + k, w * s:w * s + k], axis=(2, 3))
        return self.output

    def backward_speedup(self, top_diff):
        k, s = self.kernel_size, self.stride
        diff = np.zeros(self.input.shape)
        for h in range(top_diff.shape[2]):
            for w in range(top_diff.shape[3]):
                x = self.input[:, :, h * s:h * s + k, w * s:w * s + k]
                m = x == np.max(x, axis=(2, 3), keepdims=True)
                diff[:, :, h * s:h * s + k, w * s:w * s + k] += m * top_diff[:, :, h, w][:, :, None, None]
        return diff
