# 卷积层、最大池化层，前向与反向，各写两种 / Convolution and max pooling, forward and backward, each in two versions
# type=0：四重循环；type=1：快速版本 / type=0: four loops; type=1: the fast version
# 特征图的布局是 NCHW / Feature maps are laid out as NCHW.

import time

import numpy as np


class ConvolutionalLayer:
    """卷积层 / Convolution. weight (channel_in, k, k, channel_out), bias (channel_out,)."""

    def __init__(self, kernel_size, channel_in, channel_out, padding, stride, type=0):
        self.kernel_size = kernel_size
        self.channel_in = channel_in
        self.channel_out = channel_out
        self.padding = padding
        self.stride = stride
        self.forward = self.forward_speedup if type == 1 else self.forward_raw
        self.backward = self.backward_speedup if type == 1 else self.backward_raw
        self.forward_time = 0.0
        self.backward_time = 0.0

    def init_param(self, std=0.01):
        shape = (self.channel_in, self.kernel_size, self.kernel_size, self.channel_out)
        self.weight = std * np.random.default_rng().standard_normal(shape, dtype=np.float32)
        self.bias = np.zeros(self.channel_out, dtype=np.float32)

    def forward_raw(self, input):
        # 输入 (N, channel_in, H, W) / input shape
        start = time.time()
        self.input = input
        batch, _, height, width = input.shape
        k, s = self.kernel_size, self.stride
        # TODO: 在高和宽的两侧各补 padding 行（列）零；反向传播还要用，所以记在 self 里
        # TODO: add `padding` rows and columns of zeros on each of the four sides; kept for the backward pass
        self.input_pad = _______________________
        # TODO: 输出的高和宽，整数
        # TODO: height and width of the output, integers
        height_out = _______________________
        width_out = _______________________
        output = np.zeros((batch, self.channel_out, height_out, width_out), dtype=input.dtype)
        for n in range(batch):
            for c in range(self.channel_out):
                for h in range(height_out):
                    for w in range(width_out):
                        # TODO: 取出窗口，与第 c 个卷积核逐元素相乘、求和，再加偏置
                        # TODO: take the window, multiply it with kernel c element by element, sum, add the bias
                        output[n, c, h, w] = _______________________
        self.forward_time = time.time() - start
        return output

    def backward_raw(self, top_diff):
        # top_diff 是损失对输出的梯度 (N, channel_out, H_out, W_out) / the gradient with respect to the output
        start = time.time()
        batch, _, height_out, width_out = top_diff.shape
        k, s, p = self.kernel_size, self.stride, self.padding
        self.d_weight = np.zeros(self.weight.shape, dtype=top_diff.dtype)
        self.d_bias = np.zeros(self.bias.shape, dtype=top_diff.dtype)
        pad_diff = np.zeros(self.input_pad.shape, dtype=top_diff.dtype)
        for n in range(batch):
            for c in range(self.channel_out):
                for h in range(height_out):
                    for w in range(width_out):
                        # TODO: output[n, c, h, w] 用到了哪个窗口、哪个卷积核、哪个偏置？把它的那一份梯度加上去
                        # TODO: which window, kernel and bias made output[n, c, h, w]? Add its share to each gradient
                        self.d_weight[:, :, :, c] += _______________________
                        self.d_bias[c] += _______________________
                        pad_diff[_______________________] += _______________________
        # TODO: 去掉填充的部分，形状与输入相同
        # TODO: without the padding: the shape of the input
        bottom_diff = _______________________
        self.backward_time = time.time() - start
        return bottom_diff

    def forward_speedup(self, input):
        # 结果与 forward_raw 相同，但不逐个计算输出的元素 / as forward_raw, but not element by element
        start = time.time()
        self.input = input
        batch, _, height, width = input.shape
        k, s = self.kernel_size, self.stride
        # TODO: 与 forward_raw 相同
        # TODO: as in forward_raw
        self.input_pad = _______________________
        height_out = _______________________
        width_out = _______________________
        # TODO: 把所有窗口排成一个矩阵，一个窗口一行或一列
        # TODO: arrange all windows as one matrix, a row or a column for each
        windows = _______________________
        # TODO: 卷积核也排成矩阵；一次矩阵乘法，再加偏置
        # TODO: arrange the kernels as a matrix too; one matrix product, then the bias
        product = _______________________
        # TODO: 变为 (N, channel_out, H_out, W_out)
        # TODO: bring it to (N, channel_out, H_out, W_out)
        output = _______________________
        self.forward_time = time.time() - start
        return output

    def backward_speedup(self, top_diff):
        # 结果与 backward_raw 相同 / as backward_raw
        start = time.time()
        batch, _, height_out, width_out = top_diff.shape
        k, s, p = self.kernel_size, self.stride, self.padding
        # TODO: 所有窗口，与 forward_speedup 相同
        # TODO: all windows, as in forward_speedup
        windows = _______________________
        # TODO: 权重和偏置的梯度，各用一次矩阵乘法或求和
        # TODO: the gradients of weight and bias, by one matrix product and one sum
        self.d_weight = _______________________
        self.d_bias = _______________________
        # TODO: 所有窗口的梯度，一次矩阵乘法
        # TODO: the gradients of all windows, by one matrix product
        windows_diff = _______________________
        # TODO: 把它们加回各自的位置：循环 k*k 次就够了；再去掉填充
        # TODO: add them up where they belong: k*k rounds of a loop suffice; then crop the padding
        bottom_diff = _______________________
        self.backward_time = time.time() - start
        return bottom_diff

    def get_forward_time(self):
        return self.forward_time

    def get_backward_time(self):
        return self.backward_time

    def load_param(self, weight, bias):
        assert weight.shape == (self.channel_in, self.kernel_size, self.kernel_size, self.channel_out), weight.shape
        assert bias.shape == (self.channel_out,), bias.shape
        self.weight = weight
        self.bias = bias


class MaxPoolingLayer:
    """最大池化层，没有填充 / Max pooling, without padding."""

    def __init__(self, kernel_size, stride, type=0):
        self.kernel_size = kernel_size
        self.stride = stride
        self.forward = self.forward_speedup if type == 1 else self.forward_raw
        self.backward = self.backward_speedup if type == 1 else self.backward_raw_book
        self.forward_time = 0.0
        self.backward_time = 0.0

    def forward_raw(self, input):
        # 输入 (N, C, H, W) / input shape
        start = time.time()
        self.input = input
        batch, channels, height, width = input.shape
        k, s = self.kernel_size, self.stride
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
        self.forward_time = time.time() - start
        return output

    def backward_raw_book(self, top_diff):
        # top_diff 的形状与输出相同 / top_diff has the shape of the output
        start = time.time()
        batch, channels, height_out, width_out = top_diff.shape
        k, s = self.kernel_size, self.stride
        bottom_diff = np.zeros(self.input.shape, dtype=top_diff.dtype)
        for n in range(batch):
            for c in range(channels):
                for h in range(height_out):
                    for w in range(width_out):
                        # TODO: 窗口中（第一个）最大值的位置 (row, column)
                        # TODO: where in the window the (first) maximum is, (row, column)
                        row, column = _______________________
                        # TODO: 梯度只传给这个位置
                        # TODO: the gradient goes to that place alone
                        bottom_diff[n, c, _______________________, _______________________] += top_diff[n, c, h, w]
        self.backward_time = time.time() - start
        return bottom_diff

    def forward_speedup(self, input):
        # 结果与 forward_raw 相同 / as forward_raw
        start = time.time()
        self.input = input
        # TODO: 一次求出所有窗口的最大值
        # TODO: the maximum of all windows at once
        output = _______________________
        self.forward_time = time.time() - start
        return output

    def backward_speedup(self, top_diff):
        # 结果与 backward_raw_book 相同 / as backward_raw_book
        start = time.time()
        # TODO: 一次把梯度传给所有窗口的最大值
        # TODO: pass the gradient to the maxima of all windows at once
        bottom_diff = _______________________
        self.backward_time = time.time() - start
        return bottom_diff

    def get_forward_time(self):
        return self.forward_time

    def get_backward_time(self):
        return self.backward_time
