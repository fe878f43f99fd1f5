# -*- coding: utf-8 -*-
import numpy as np


class ConvolutionalLayer(object):
    def __init__(self, kernel_size, channel_in, channel_out, padding, stride):
        self.kernel_size = kernel_size
        self.channel_in = channel_in
        self.channel_out = channel_out
        self.padding = padding
        self.stride = stride

    def init_param(self, std=0.01):
        size = (self.channel_in, self.kernel_size, self.kernel_size, self.channel_out)
        self.weight = np.random.normal(0.0, std, size).astype(np.float32)
        self.bias = np.zeros([self.channel_out], dtype=np.float32)

    def forward(self, input):
        k, s, p = self.kernel_size, self.stride, self.padding
        N, C, H, W = input.shape
        # 补零
        input_pad = np.zeros([N, C, H + 2 * p, W + 2 * p], dtype=input.dtype)
        input_pad[:, :, p:p + H, p:p + W] = input
        H_out = (H + 2 * p - k) // s + 1
        W_out = (W + 2 * p - k) // s + 1
        # 四重循环太慢了，把输出通道那一重换成向量和矩阵相乘
        kernels = self.weight.reshape(C * k * k, self.channel_out)
        output = np.zeros([N, self.channel_out, H_out, W_out], dtype=input.dtype)
        for n in range(N):
            for h in range(H_out):
                for w in range(W_out):
                    window = input_pad[n, :, h * s:h * s + k, w * s:w * s + k]
                    output[n, :, h, w] = np.dot(window.reshape(-1), kernels) + self.bias
        return output

    def load_param(self, weight, bias):
        assert self.weight.shape == weight.shape
        assert self.bias.shape == bias.shape
        self.weight = weight
        self.bias = bias


class MaxPoolingLayer(object):
    def __init__(self, kernel_size, stride):
        self.kernel_size = kernel_size
        self.stride = stride

    def forward(self, input):
        k, s = self.kernel_size, self.stride
        N, C, H, W = input.shape
        H_out = (H - k) // s + 1
        W_out = (W - k) // s + 1
        output = np.zeros([N, C, H_out, W_out], dtype=input.dtype)
        for h in range(H_out):
            for w in range(W_out):
                window = input[:, :, h * s:h * s + k, w * s:w * s + k]
                output[:, :, h, w] = np.max(window, axis=(2, 3))
        return output


class FlattenLayer(object):
    def __init__(self, input_shape, output_shape):
        self.input_shape = input_shape
        self.output_shape = output_shape

    def forward(self, input):
        # 权重是按 H, W, C 存的，所以通道要换到最后
        x = np.transpose(input, [0, 2, 3, 1])
        return x.reshape([x.shape[0]] + list(self.output_shape))
