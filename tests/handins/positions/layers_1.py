# coding: utf-8
import numpy as np

class FullyConnectedLayer(object):
    def __init__(self, num_input, num_output):
        self.num_input = num_input
        self.num_output = num_output

    def init_param(self, std=0.01):
        self.weight = np.random.normal(0.0, std, (self.num_input, self.num_output)).astype(np.float32)
        self.bias = np.zeros([1, self.num_output], dtype=np.float32)

    def forward(self, input):
        self.input = input
        return np.add(np.dot(input, self.weight), self.bias)

    def backward(self, top_diff):
        self.d_weight = np.matmul(np.transpose(self.input), top_diff)
        self.d_bias = np.matmul(np.ones([1, top_diff.shape[0]]), top_diff)
        return np.matmul(top_diff, np.transpose(self.weight))

    def update_param(self, lr):
        self.weight = self.weight - lr * self.d_weight
        self.bias = self.bias - lr * self.d_bias

    def load_param(self, weight, bias):
        assert self.weight.shape == weight.shape, '%s %s' % (self.weight.shape, weight.shape)
        assert self.bias.shape == bias.shape
        self.weight = weight
        self.bias = bias

    def save_param(self):
        return self.weight, self.bias


class ReLULayer(object):
    def forward(self, input):
        self.input = input.copy()
        input[input < 0] = 0        # 直接改，省内存
        return input

    def backward(self, top_diff):
        bottom_diff = top_diff.copy()
        bottom_diff[self.input <= 0] = 0
        return bottom_diff


class SoftmaxLossLayer(object):
    def forward(self, input):
        m = np.max(input, axis=1).reshape(-1, 1)
        ex = np.exp(input - m)
        self.prob = ex / np.sum(ex, axis=1).reshape(-1, 1)
        return self.prob

    def get_loss(self, label):
        self.batch_size = self.prob.shape[0]
        self.label = label
        loss = 0.0
        for i in range(self.batch_size):
            loss -= np.log(self.prob[i, label[i]])
        return loss / self.batch_size

    def backward(self):
        d = self.prob.copy()
        for i in range(self.batch_size):
            d[i, self.label[i]] -= 1
        return d / self.batch_size
