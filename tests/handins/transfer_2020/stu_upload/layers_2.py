# coding=utf-8
# 尺寸用 / 求；im2col 三重循环；raw 池化的 max_index 用一次就没了
import numpy as np
import struct
import os
import time


def show_matrix(mat, name):
    #print(name + str(mat.shape) + ' mean %f, std %f' % (mat.mean(), mat.std()))
    pass


class ConvolutionalLayer(object):
    def __init__(self, kernel_size, channel_in, channel_out, padding, stride, type=0):
        self.kernel_size = kernel_size
        self.channel_in = channel_in
        self.channel_out = channel_out
        self.padding = padding
        self.stride = stride
        self.forward = self.forward_raw
        self.backward = self.backward_raw
        if type == 1:  # type 设为 1 时，使用优化后的函数
            self.forward = self.forward_speedup
            self.backward = self.backward_speedup
        print('\tConvolutional layer with kernel size %d, input channel %d, output channel %d.' % (
            self.kernel_size, self.channel_in, self.channel_out))

    def init_param(self, std=0.01):
        self.weight = np.random.normal(
            loc=0.0, scale=std, size=(self.channel_in, self.kernel_size, self.kernel_size, self.channel_out))
        self.bias = np.zeros([self.channel_out])

    def forward_raw(self, input):
        start_time = time.time()
        self.input = input
        height = self.input.shape[2] + self.padding * 2
        width = self.input.shape[3] + self.padding * 2
        self.input_pad = np.zeros([self.input.shape[0], self.input.shape[1], height, width])
        self.input_pad[:, :, self.padding:self.padding + self.input.shape[2],
                       self.padding:self.padding + self.input.shape[3]] = self.input
        height_out = (height - self.kernel_size) / self.stride + 1
        width_out = (width - self.kernel_size) / self.stride + 1
        self.output = np.zeros([self.input.shape[0], self.channel_out, height_out, width_out])
        for idxn in range(self.input.shape[0]):
            for idxc in range(self.channel_out):
                for idxh in range(height_out):
                    for idxw in range(width_out):
                        hs = idxh * self.stride
                        ws = idxw * self.stride
                        self.output[idxn, idxc, idxh, idxw] = np.sum(
                            self.weight[:, :, :, idxc] *
                            self.input_pad[idxn, :, hs:hs + self.kernel_size, ws:ws + self.kernel_size]
                        ) + self.bias[idxc]
        self.forward_time = time.time() - start_time
        return self.output

    def backward_raw(self, top_diff):
        start_time = time.time()
        self.d_weight = np.zeros(self.weight.shape)
        self.d_bias = np.zeros(self.bias.shape)
        bottom_diff = np.zeros(self.input_pad.shape)
        for idxn in range(top_diff.shape[0]):
            for idxc in range(top_diff.shape[1]):
                for idxh in range(top_diff.shape[2]):
                    for idxw in range(top_diff.shape[3]):
                        hs, ws, k = idxh * self.stride, idxw * self.stride, self.kernel_size
                        g = top_diff[idxn, idxc, idxh, idxw]
                        self.d_weight[:, :, :, idxc] += g * self.input_pad[idxn, :, hs:hs + k, ws:ws + k]
                        self.d_bias[idxc] += g
                        bottom_diff[idxn, :, hs:hs + k, ws:ws + k] += g * self.weight[:, :, :, idxc]
        bottom_diff = bottom_diff[:, :, self.padding:self.input_pad.shape[2] - self.padding,
                                  self.padding:self.input_pad.shape[3] - self.padding]
        self.backward_time = time.time() - start_time
        return bottom_diff

    def im2col(self, x, height_out, width_out):
        N = x.shape[0]
        col = np.zeros([N * height_out * width_out, self.channel_in * self.kernel_size * self.kernel_size])
        row = 0
        for n in range(N):
            for h in range(height_out):
                for w in range(width_out):
                    hs = h * self.stride
                    ws = w * self.stride
                    col[row, :] = x[n, :, hs:hs + self.kernel_size, ws:ws + self.kernel_size].reshape(-1)
                    row += 1
        return col

    def forward_speedup(self, input):
        start_time = time.time()
        self.input = input
        p = self.padding
        height = self.input.shape[2] + p * 2
        width = self.input.shape[3] + p * 2
        self.input_pad = np.zeros([self.input.shape[0], self.input.shape[1], height, width])
        self.input_pad[:, :, p:height - p, p:width - p] = self.input
        self.height_out = (height - self.kernel_size) / self.stride + 1
        self.width_out = (width - self.kernel_size) / self.stride + 1
        self.col = self.im2col(self.input_pad, self.height_out, self.width_out)
        self.col_w = self.weight.reshape(-1, self.channel_out)
        out = np.dot(self.col, self.col_w) + self.bias
        self.output = out.reshape(self.input.shape[0], self.height_out, self.width_out, self.channel_out)
        self.output = self.output.transpose(0, 3, 1, 2)
        self.forward_time = time.time() - start_time
        return self.output

    def backward_speedup(self, top_diff):
        start_time = time.time()
        dout = top_diff.transpose(0, 2, 3, 1).reshape(-1, self.channel_out)
        dcol = np.dot(dout, self.col_w.T)
        dx = np.zeros(self.input_pad.shape)
        row = 0
        k = self.kernel_size
        for n in range(top_diff.shape[0]):
            for h in range(top_diff.shape[2]):
                for w in range(top_diff.shape[3]):
                    dx[n, :, h * self.stride:h * self.stride + k, w * self.stride:w * self.stride + k] += \
                        dcol[row].reshape(self.channel_in, k, k)
                    row += 1
        bottom_diff = dx[:, :, self.padding:-self.padding, self.padding:-self.padding]
        self.backward_time = time.time() - start_time
        return bottom_diff

    def get_forward_time(self):
        return self.forward_time

    def get_backward_time(self):
        return self.backward_time

    def load_param(self, weight, bias):
        assert self.weight.shape == weight.shape
        assert self.bias.shape == bias.shape
        self.weight = weight
        self.bias = bias


class MaxPoolingLayer(object):
    def __init__(self, kernel_size, stride, type=0):
        self.kernel_size = kernel_size
        self.stride = stride
        self.forward = self.forward_raw
        self.backward = self.backward_raw_book
        if type == 1:
            self.forward = self.forward_speedup
            self.backward = self.backward_speedup
        print('\tMax pooling layer with kernel size %d, stride %d.' % (self.kernel_size, self.stride))

    def forward_raw(self, input):
        start_time = time.time()
        self.input = input  # [N, C, H, W]
        self.max_index = []
        height_out = (self.input.shape[2] - self.kernel_size) / self.stride + 1
        width_out = (self.input.shape[3] - self.kernel_size) / self.stride + 1
        self.output = np.zeros([self.input.shape[0], self.input.shape[1], height_out, width_out])
        for idxn in range(self.input.shape[0]):
            for idxc in range(self.input.shape[1]):
                for idxh in range(height_out):
                    for idxw in range(width_out):
                        hs = idxh * self.stride
                        ws = idxw * self.stride
                        win = self.input[idxn, idxc, hs:hs + self.kernel_size, ws:ws + self.kernel_size]
                        self.output[idxn, idxc, idxh, idxw] = win.max()
                        i = np.argmax(win)
                        self.max_index.append((i // self.kernel_size, i % self.kernel_size))
        self.forward_time = time.time() - start_time
        return self.output

    def forward_speedup(self, input):
        start_time = time.time()
        self.input = input
        N, C, H, W = input.shape
        k = self.kernel_size
        win = input.reshape(N, C, H / k, k, W / k, k)
        win = win.transpose(0, 1, 2, 4, 3, 5).reshape(N, C, H / k, W / k, k * k)
        self.arg = np.argmax(win, axis=-1)
        self.output = np.max(win, axis=-1)
        self.forward_time = time.time() - start_time
        return self.output

    def backward_speedup(self, top_diff):
        start_time = time.time()
        N, C, ho, wo = top_diff.shape
        k = self.kernel_size
        d = np.zeros((N, C, ho, wo, k * k))
        np.put_along_axis(d, self.arg[..., None], top_diff[..., None], axis=-1)
        bottom_diff = d.reshape(N, C, ho, wo, k, k).transpose(0, 1, 2, 4, 3, 5).reshape(N, C, ho * k, wo * k)
        self.backward_time = time.time() - start_time
        return bottom_diff

    def backward_raw_book(self, top_diff):
        start_time = time.time()
        bottom_diff = np.zeros(self.input.shape)
        for idxn in range(top_diff.shape[0]):
            for idxc in range(top_diff.shape[1]):
                for idxh in range(top_diff.shape[2]):
                    for idxw in range(top_diff.shape[3]):
                        i, j = self.max_index.pop(0)
                        bottom_diff[idxn, idxc, idxh * self.stride + i, idxw * self.stride + j] = \
                            top_diff[idxn, idxc, idxh, idxw]
        self.backward_time = time.time() - start_time
        return bottom_diff

    def get_forward_time(self):
        return self.forward_time

    def get_backward_time(self):
        return self.backward_time
