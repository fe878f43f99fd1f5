import numpy as np
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import cpu_count


class ConvolutionalLayer(object):
    def __init__(self, kernel_size, channel_in, channel_out, padding, stride):
        self.kernel_size = kernel_size
        self.channel_in = channel_in
        self.channel_out = channel_out
        self.padding = padding
        self.stride = stride

    def init_param(self, std=0.01):
        self.weight = np.random.normal(0, std, (self.channel_in, self.kernel_size, self.kernel_size, self.channel_out))
        self.bias = np.zeros(self.channel_out)

    def one_channel(self, c):
        k, s = self.kernel_size, self.stride
        for i in range(self.output.shape[2]):
            for j in range(self.output.shape[3]):
                block = self.padded[:, :, i * s:i * s + k, j * s:j * s + k]
                self.output[:, c, i, j] = (block * self.weight[:, :, :, c]).sum(axis=(1, 2, 3)) + self.bias[c]

    def forward(self, input):
        n, _, h, w = input.shape
        p, k, s = self.padding, self.kernel_size, self.stride
        self.padded = np.zeros((n, self.channel_in, h + 2 * p, w + 2 * p))
        self.padded[:, :, p:p + h, p:p + w] = input
        self.output = np.zeros((n, self.channel_out, (h + 2 * p - k) // s + 1, (w + 2 * p - k) // s + 1))
        with ThreadPoolExecutor(max_workers=cpu_count()) as pool:
            list(pool.map(self.one_channel, range(self.channel_out)))
        return self.output

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
        pass
        self.input = input
        self.max_index = np.zeros(self.input.shape)
        height_out = (self.input.shape[2] - self.kernel_size) / self.stride + 1
        width_out = (self.input.shape[3] - self.kernel_size) / self.stride + 1
        self.output = np.zeros([self.input.shape[0], self.input.shape[1], height_out, width_out])
        for idxn in range(self.input.shape[0]):
            for idxc in range(self.input.shape[1]):
                for idxh in range(height_out):
                    for idxw in range(width_out):
                        h0, w0 = idxh * self.stride, idxw * self.stride
                        self.output[idxn, idxc, idxh, idxw] = np.max(self.input[idxn, idxc, h0:h0+self.kernel_size, w0:w0+self.kernel_size])
        return self.output

class FlattenLayer(object):
    def __init__(self, input_shape, output_shape):
        self.input_shape = input_shape
        self.output_shape = output_shape
        assert np.prod(self.input_shape) == np.prod(self.output_shape)
        print('\tFlatten layer with input shape %s, output shape %s.' % (str(self.input_shape), str(self.output_shape)))
    def forward(self, input):
        assert list(input.shape[1:]) == list(self.input_shape)
        # matconvnet feature map dim: [N, height, width, channel]
        # ours feature map dim: [N, channel, height, width]
        self.input = np.transpose(input, [0, 2, 3, 1])
        self.output = self.input.reshape([self.input.shape[0]] + list(self.output_shape))
        return self.output
