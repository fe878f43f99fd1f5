import numpy as np


def out_size(size, k, p, s):
    return (size + 2 * p - k) // s + 1


class ConvolutionalLayer:
    def __init__(self, kernel_size, channel_in, channel_out, padding, stride):
        self.k, self.p, self.s = kernel_size, padding, stride
        self.channel_in, self.channel_out = channel_in, channel_out

    def init_param(self, std=0.01):
        self.weight = (np.random.randn(self.channel_in, self.k, self.k, self.channel_out) * std).astype('float32')
        self.bias = np.zeros(self.channel_out, 'float32')

    def forward(self, input):
        n, c, h, w = input.shape
        ho, wo = out_size(h, self.k, self.p, self.s), out_size(w, self.k, self.p, self.s)
        x = np.pad(input, [(0, 0), (0, 0), (self.p, self.p), (self.p, self.p)], mode='constant')
        # one matmul for each of the k*k kernel positions, all pixels at once
        out = np.zeros((n, self.channel_out, ho * wo), input.dtype)
        for i in range(self.k):
            for j in range(self.k):
                xs = x[:, :, i:i + ho * self.s:self.s, j:j + wo * self.s:self.s]
                out += self.weight[:, i, j, :].T @ xs.reshape(n, c, ho * wo)
        out += self.bias.reshape(1, -1, 1)
        return out.reshape(n, self.channel_out, ho, wo)

    def load_param(self, weight, bias):
        assert weight.shape == (self.channel_in, self.k, self.k, self.channel_out)
        assert bias.shape == (self.channel_out,)
        self.weight, self.bias = weight, bias


class MaxPoolingLayer:
    def __init__(self, kernel_size, stride):
        self.k, self.s = kernel_size, stride

    def forward(self, input):
        ho, wo = out_size(input.shape[2], self.k, 0, self.s), out_size(input.shape[3], self.k, 0, self.s)
        out = input[:, :, :ho * self.s:self.s, :wo * self.s:self.s]
        for i in range(self.k):
            for j in range(self.k):
                out = np.maximum(out, input[:, :, i:i + ho * self.s:self.s, j:j + wo * self.s:self.s])
        return out


class FlattenLayer:
    def __init__(self, input_shape, output_shape):
        self.input_shape, self.output_shape = input_shape, output_shape
        assert np.prod(input_shape) == np.prod(output_shape)

    def forward(self, input):
        # keep the batch dimension, flatten the rest
        return input.reshape(input.shape[0], *self.output_shape)
