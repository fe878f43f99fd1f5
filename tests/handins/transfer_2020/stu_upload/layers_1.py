# coding=utf-8
import numpy as np
import struct
import os

class FullyConnectedLayer(object):
    def __init__(self, num_input, num_output):
        self.num_input = num_input
        self.num_output = num_output
        print('\tFully connected layer with input %d, output %d.' % (self.num_input, self.num_output))

    def forward(self, input):
        self.input = input
        self.output = np.dot(self.input, self.weight) + self.bias
        return self.output


class ReLULayer(object):
    def __init__(self):
        print('\tReLU layer.')

    def forward(self, input):  # 前向传播的计算
        self.input = input
        output = np.maximum(self.input, 0)
        return output

    def backward(self, top_diff):  # 反向传播的计算
        bottom_diff = top_diff
        bottom_diff[self.input < 0] = 0
        return bottom_diff
