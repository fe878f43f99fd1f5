import numpy as np
import time


class ConvolutionalLayer(object):
    def __init__(self, kernel_size, channel_in, channel_out, padding, stride):
        self.kernel_size = kernel_size
        self.channel_in = channel_in
        self.channel_out = channel_out
        self.padding = padding
        self.stride = stride

    def init_param(self, std=0.01):
        self.weight = np.random.normal(loc=0.0, scale=std, size=(self.channel_in, self.kernel_size, self.kernel_size, self.channel_out))
        self.bias = np.zeros([self.channel_out])

    def forward(self, input):
        tic = time.time()
        self.input = input
        batch = input.shape[0]
        height = input.shape[2] + 2 * self.padding
        self.input_pad = np.zeros([batch, input.shape[1], height, height])
        self.input_pad[:, :, self.padding:height - self.padding, self.padding:height - self.padding] = input
        # 正方形图像，宽等于高
        height_out = width_out = int((height - self.kernel_size) / self.stride) + 1
        kernel = np.transpose(self.weight, (3, 0, 1, 2)).reshape(self.channel_out, -1)
        cols = np.zeros([batch, kernel.shape[1], height_out * width_out])
        for h in range(height_out):
            for w in range(width_out):
                window = self.input_pad[:, :, h * self.stride:h * self.stride + self.kernel_size,
                                        w * self.stride:w * self.stride + self.kernel_size]
                cols[:, :, h * width_out + w] = window.reshape(batch, -1)
        self.output = np.matmul(kernel, cols).reshape(batch, self.channel_out, height_out, width_out)
        self.output += self.bias[:, None, None]
        self.forward_time = time.time() - tic
        return self.output

    def get_forward_time(self):
        return self.forward_time

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
        n, c, h, w = input.shape
        k = self.kernel_size
        # 2x2 窗口不重叠，直接 reshape
        x = input.reshape(n, c, h // k, k, w // k, k)
        return x.max(axis=3).max(axis=4)


class FlattenLayer(object):
    def __init__(self, input_shape, output_shape):
        self.input_shape = input_shape
        self.output_shape = output_shape

    def forward(self, input):
        assert list(input.shape[1:]) == list(self.input_shape)
        self.input = np.transpose(input, [0, 2, 3, 1])
        self.output = self.input.reshape([self.input.shape[0]] + list(self.output_shape))
        return self.output
