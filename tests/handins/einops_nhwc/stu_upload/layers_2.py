import numpy as np
from einops import rearrange, reduce


class ConvolutionalLayer:
    def __init__(self, kernel_size, channel_in, channel_out, padding, stride):
        self.kernel_size, self.channel_in, self.channel_out = kernel_size, channel_in, channel_out
        self.padding, self.stride = padding, stride

    def init_param(self, std=0.01):
        self.weight = np.random.normal(0, std, [self.channel_in, self.kernel_size, self.kernel_size, self.channel_out])
        self.bias = np.zeros(self.channel_out)

    def forward(self, input, training=False):
        x = rearrange(input, 'n c h w -> n h w c')
        p = self.padding
        x = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)), 'constant', constant_values=0)
        h_out = (x.shape[1] - self.kernel_size) // self.stride + 1
        w_out = (x.shape[2] - self.kernel_size) // self.stride + 1
        y = np.zeros((x.shape[0], h_out, w_out, self.channel_out), dtype=np.float32)
        # one matrix product for each position of the kernel
        for i in range(self.kernel_size):
            for j in range(self.kernel_size):
                part = x[:, i:i + self.stride * h_out:self.stride, j:j + self.stride * w_out:self.stride]
                y += np.tensordot(part, self.weight[:, i, j], axes=(3, 0))
        y += self.bias
        return rearrange(y, 'n h w c -> n c h w')

    def load_param(self, weight, bias):
        assert self.weight.shape == weight.shape and self.bias.shape == bias.shape
        self.weight, self.bias = weight.astype(np.float32), bias.astype(np.float32)


class MaxPoolingLayer:
    def __init__(self, kernel_size, stride):
        self.kernel_size, self.stride = kernel_size, stride

    def forward(self, input, training=False):
        return reduce(input, 'n c (h a) (w b) -> n c h w', 'max', a=self.kernel_size, b=self.kernel_size)


class FlattenLayer:
    def __init__(self, input_shape, output_shape):
        self.input_shape, self.output_shape = input_shape, output_shape

    def forward(self, input, training=False):
        return rearrange(input, 'n c h w -> n (h w c)')
