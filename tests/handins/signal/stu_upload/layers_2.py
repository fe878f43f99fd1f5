import numpy as np
from scipy import signal
from scipy.ndimage import maximum_filter


class ConvolutionalLayer:
    def __init__(self, kernel_size, channel_in, channel_out, padding, stride):
        self.kernel_size = kernel_size
        self.channel_in = channel_in
        self.channel_out = channel_out
        self.padding = padding
        self.stride = stride

    def init_param(self, std=0.01):
        self.weight = np.random.normal(0, std, (self.channel_in, self.kernel_size, self.kernel_size, self.channel_out))
        self.bias = np.zeros(self.channel_out)

    def forward(self, input):
        p, s = self.padding, self.stride
        x = np.pad(input, ((0, 0), (0, 0), (p, p), (p, p)))
        out = []
        for image in x:
            maps = [signal.correlate(image, self.weight[..., c], mode='valid')[0, ::s, ::s] + self.bias[c]
                    for c in range(self.channel_out)]
            out.append(maps)
        return np.array(out)

    def load_param(self, weight, bias):
        assert self.weight.shape == weight.shape
        assert self.bias.shape == bias.shape
        self.weight = weight
        self.bias = bias


class MaxPoolingLayer:
    def __init__(self, kernel_size, stride):
        self.kernel_size = kernel_size
        self.stride = stride

    def forward(self, input):
        k = self.kernel_size
        # origin puts the window's first element on the output position
        m = maximum_filter(input, size=(1, 1, k, k), origin=(0, 0, -(k // 2), -(k // 2)))
        h = (input.shape[2] - k) // self.stride * self.stride + 1
        w = (input.shape[3] - k) // self.stride * self.stride + 1
        return m[:, :, :h:self.stride, :w:self.stride]


class FlattenLayer:
    def __init__(self, input_shape, output_shape):
        self.output_shape = output_shape

    def forward(self, input):
        return np.ravel(np.transpose(input, (0, 2, 3, 1))).reshape(len(input), -1)
