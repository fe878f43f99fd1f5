# coding: utf-8
import numpy as np

class ConvolutionalLayer(object):
    def __init__(self, kernel_size, channel_in, channel_out, padding, stride):
        self.kernel_size = kernel_size
        self.channel_in = channel_in
        self.channel_out = channel_out
        self.padding = padding
        self.stride = stride

    def init_param(self, std=0.01):
        self.weight = np.random.normal(0.0, std, (self.channel_in, self.kernel_size, self.kernel_size, self.channel_out)).astype(np.float32)
        self.bias = np.zeros([self.channel_out], dtype=np.float32)

    def forward(self, input):
        N, C, H, W = input.shape
        p, s, k = self.padding, self.stride, self.kernel_size
        pad = np.zeros((N, C, H + 2 * p, W + 2 * p))
        pad[:, :, p:H + p, p:W + p] = input
        Ho = int((H + 2 * p - k) / s + 1)
        Wo = int((W + 2 * p - k) / s + 1)
        w_mat = self.weight.reshape(-1, self.channel_out)
        out = np.zeros((N, self.channel_out, Ho, Wo))
        for i in range(Ho):
            for j in range(Wo):
                patch = pad[:, :, i * s:i * s + k, j * s:j * s + k].reshape(N, -1)
                out[:, :, i, j] = np.matmul(patch, w_mat) + self.bias
        return out

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
        N, C, H, W = input.shape
        k, s = self.kernel_size, self.stride
        Ho, Wo = (H - k) // s + 1, (W - k) // s + 1
        out = np.full((N, C, Ho, Wo), -np.inf)
        for i in range(k):
            for j in range(k):
                out = np.maximum(out, input[:, :, i:i + Ho * s:s, j:j + Wo * s:s])
        return out


class FlattenLayer(object):
    def __init__(self, input_shape, output_shape):
        self.input_shape = input_shape
        self.output_shape = output_shape

    def forward(self, input):
        out = []
        for n in range(input.shape[0]):
            out.append(np.moveaxis(input[n], 0, -1).ravel())
        return np.stack(out)
