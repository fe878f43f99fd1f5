# 卷积层、最大池化层、展平层 / Convolution, max pooling and flatten layers
# 特征图的布局是 NCHW / Feature maps are laid out as NCHW.

import numpy as np


class ConvolutionalLayer:
    """卷积层 / Convolution. weight (channel_in, k, k, channel_out), bias (channel_out,)."""

    def __init__(self, kernel_size, channel_in, channel_out, padding, stride):
        self.kernel_size = kernel_size
        self.channel_in = channel_in
        self.channel_out = channel_out
        self.padding = padding
        self.stride = stride

    def init_param(self, std=0.01):
        shape = (self.channel_in, self.kernel_size, self.kernel_size, self.channel_out)
        self.weight = std * np.random.default_rng().standard_normal(shape, dtype=np.float32)
        self.bias = np.zeros(self.channel_out, dtype=np.float32)

    def forward(self, input):
        # 输入 (N, channel_in, H, W) / input shape
        self.input = input
        batch, _, height, width = input.shape
        # TODO: 在高和宽的两侧各补 padding 行（列）零
        # TODO: add `padding` rows and columns of zeros on each of the four sides
        padded = _______________________
        # TODO: 输出的高和宽，整数
        # TODO: height and width of the output, integers
        height_out = _______________________
        width_out = _______________________
        output = np.zeros((batch, self.channel_out, height_out, width_out), dtype=input.dtype)
        # 四重循环最容易写对，不过很慢：写对之后，试试少用几重
        # Four loops are the easiest to get right, and slow: once they are right, try fewer
        for n in range(batch):
            for c in range(self.channel_out):
                for h in range(height_out):
                    for w in range(width_out):
                        # TODO: 取出窗口，与第 c 个卷积核逐元素相乘、求和，再加偏置
                        # TODO: take the window, multiply it with kernel c element by element, sum, add the bias
                        output[n, c, h, w] = _______________________
        return output

    def load_param(self, weight, bias):
        assert weight.shape == (self.channel_in, self.kernel_size, self.kernel_size, self.channel_out), weight.shape
        assert bias.shape == (self.channel_out,), bias.shape
        self.weight = weight
        self.bias = bias


class MaxPoolingLayer:
    """最大池化层 / Max pooling."""

    def __init__(self, kernel_size, stride):
        self.kernel_size = kernel_size
        self.stride = stride

    def forward(self, input):
        # 输入 (N, C, H, W)，没有填充 / input shape; there is no padding
        self.input = input
        batch, channels, height, width = input.shape
        # TODO: 输出的高和宽，整数
        # TODO: height and width of the output, integers
        height_out = _______________________
        width_out = _______________________
        output = np.zeros((batch, channels, height_out, width_out), dtype=input.dtype)
        for n in range(batch):
            for c in range(channels):
                for h in range(height_out):
                    for w in range(width_out):
                        # TODO: 窗口中的最大值
                        # TODO: the largest value of the window
                        output[n, c, h, w] = _______________________
        return output


class FlattenLayer:
    """展平层 / Flatten. 两个形状都不含 N / Both shapes are without N."""

    def __init__(self, input_shape, output_shape):
        self.input_shape = tuple(input_shape)
        self.output_shape = tuple(output_shape)

    def forward(self, input):
        # 输入 (N, C, H, W) / input shape
        assert tuple(input.shape[1:]) == self.input_shape, input.shape
        # TODO: 先由 NCHW 变为 NHWC，再展平为 (N, H*W*C)
        # TODO: bring NCHW to NHWC, then flatten to (N, H*W*C)
        output = _______________________
        return output
