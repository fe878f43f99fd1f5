import numpy as np
from utils import Layer, ParamLayer, out_size


class ConvolutionalLayer(ParamLayer):
    def __init__(self, kernel_size, channel_in, channel_out, padding, stride):
        ParamLayer.__init__(self)
        self.kernel_size, self.padding, self.stride = kernel_size, padding, stride
        self.weight_shape = (channel_in, kernel_size, kernel_size, channel_out)
        self.bias_shape = (channel_out,)

    def forward(self, input, **kwargs):
        n, c, h, w = input.shape
        p, s, k = self.padding, self.stride, self.kernel_size
        ho, wo = out_size(h, k, p, s), out_size(w, k, p, s)
        x = np.pad(input, ((0, 0), (0, 0), (p, p), (p, p)), 'constant')
        y = np.empty((n, self.bias_shape[0], ho, wo))
        for i in range(ho):
            rows = x[:, :, i * s:i * s + k]
            for j in range(wo):
                y[:, :, i, j] = np.tensordot(rows[..., j * s:j * s + k], self.weight, axes=([1, 2, 3], [0, 1, 2]))
        return y + self.bias.reshape(1, -1, 1, 1)


class MaxPoolingLayer(Layer):
    def __init__(self, kernel_size, stride):
        Layer.__init__(self)
        self.kernel_size, self.stride = kernel_size, stride

    def forward(self, input, **kwargs):
        n, c, h, w = input.shape
        k, s = self.kernel_size, self.stride
        ho, wo = out_size(h, k, 0, s), out_size(w, k, 0, s)
        y = np.empty((n, c, int(ho), int(wo)))
        for i in range(int(ho)):
            for j in range(int(wo)):
                y[:, :, i, j] = np.amax(input[:, :, i * s:i * s + k, j * s:j * s + k], axis=(2, 3))
        return y


class FlattenLayer(Layer):
    def __init__(self, input_shape, output_shape):
        Layer.__init__(self)
        self.input_shape, self.output_shape = input_shape, output_shape

    def forward(self, input, **kwargs):
        assert list(input.shape[1:]) == list(self.input_shape)
        return np.rollaxis(input, 1, 4).reshape([input.shape[0]] + list(self.output_shape))
