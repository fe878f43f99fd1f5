import numpy as np

class ConvolutionalLayer(object):
    def __init__(self, kernel_size, channel_in, channel_out, padding, stride):
        self.kernel_size = kernel_size
        self.channel_in = channel_in
        self.channel_out = channel_out
        self.padding = padding
        self.stride = stride
        # kept as a matrix (channel_out, channel_in*k*k), so forward is one np.dot
        self.w_row = None

    def init_param(self, std=0.01):
        self.w_row = np.random.normal(0, std, (self.channel_out, self.channel_in * self.kernel_size ** 2))
        self.b_col = np.zeros((self.channel_out, 1))

    def im2col(self, img):
        C, H, W = img.shape
        k, s = self.kernel_size, self.stride
        out_h, out_w = (H - k) // s + 1, (W - k) // s + 1
        col = np.empty((C, k, k, out_h, out_w), img.dtype)
        for y in range(k):
            for x in range(k):
                col[:, y, x] = img[:, y:y + s * out_h:s, x:x + s * out_w:s]
        return col.reshape(C * k * k, -1), out_h, out_w

    def forward(self, input):
        p = self.padding
        result = []
        for img in np.pad(input, ((0,), (0,), (p,), (p,)), 'constant'):
            col, h, w = self.im2col(img)
            result.append((self.w_row.dot(col) + self.b_col).reshape(-1, h, w))
        return np.array(result)

    def load_param(self, weight, bias):
        assert weight.shape == (self.channel_in, self.kernel_size, self.kernel_size, self.channel_out)
        assert bias.shape == (self.channel_out,)
        self.w_row = np.ascontiguousarray(weight.reshape(-1, self.channel_out).T)
        self.b_col = bias.reshape(-1, 1)

class MaxPoolingLayer(object):
    def __init__(self, kernel_size, stride):
        self.kernel_size = kernel_size
        self.stride = stride

    def forward(self, input):
        N, C, H, W = input.shape
        k, s = self.kernel_size, self.stride
        oh, ow = (H - k) // s + 1, (W - k) // s + 1
        # gather the k*k candidates of each window in a last axis
        candidates = [input[:, :, y:y + s * oh:s, x:x + s * ow:s] for y in range(k) for x in range(k)]
        return np.stack(candidates, axis=-1).max(axis=-1)

class FlattenLayer(object):
    def __init__(self, input_shape, output_shape):
        self.input_shape = input_shape
        self.output_shape = output_shape

    def forward(self, input):
        assert list(input.shape[1:]) == list(self.input_shape)
        return np.swapaxes(np.swapaxes(input, 1, 2), 2, 3).reshape([-1] + list(self.output_shape))
