# -*- coding: utf-8 -*-
import numpy as np


class FullyConnectedLayer(object):
    def __init__(self, num_input, num_output):
        self.num_input = num_input
        self.num_output = num_output
        print('FC layer: %d -> %d' % (num_input, num_output))

    def init_param(self, std=0.01):
        self.weight = np.random.normal(0.0, std, (self.num_input, self.num_output)).astype(np.float32)
        self.bias = np.zeros([1, self.num_output], dtype=np.float32)

    def forward(self, input):
        self.input = input
        self.output = np.dot(input, self.weight) + self.bias
        return self.output

    def backward(self, top_diff):
        self.d_weight = np.dot(self.input.T, top_diff)
        self.d_bias = np.sum(top_diff, axis=0).reshape(1, -1)
        bottom_diff = np.dot(top_diff, self.weight.T)
        return bottom_diff

    def get_gradient(self):
        return self.d_weight, self.d_bias

    def update_param(self, lr):
        self.weight = self.weight - lr * self.d_weight
        self.bias = self.bias - lr * self.d_bias

    def load_param(self, weight, bias):
        assert self.weight.shape == weight.shape
        assert self.bias.shape == bias.shape
        self.weight = weight
        self.bias = bias

    def save_param(self):
        return self.weight, self.bias


class ReLULayer(object):
    def forward(self, input):
        self.mask = input > 0
        return input * self.mask

    def backward(self, top_diff):
        return top_diff * self.mask


class SoftmaxLossLayer(object):
    def forward(self, input):
        # 防止 exp 溢出
        row_max = np.max(input, axis=1).reshape(-1, 1)
        e = np.exp(input - row_max)
        self.prob = e / np.sum(e, axis=1).reshape(-1, 1)
        return self.prob

    def get_loss(self, label):
        self.n = self.prob.shape[0]
        self.onehot = np.zeros(self.prob.shape)
        for i in range(self.n):
            self.onehot[i, label[i]] = 1
        return -np.sum(self.onehot * np.log(self.prob + 1e-30)) / self.n

    def backward(self):
        return (self.prob - self.onehot) / self.n
