import numpy as np


class FullyConnectedLayer:
    def __init__(self, num_input, num_output):
        self.num_input, self.num_output = num_input, num_output

    def init_param(self, std=0.01):
        self.weight = (np.random.randn(self.num_input, self.num_output) * std).astype('float32')
        self.bias = np.zeros((1, self.num_output), 'float32')

    def forward(self, input):
        self.input = input
        return self.input @ self.weight + self.bias

    def backward(self, top_diff):
        self.d_weight = self.input.T @ top_diff
        self.d_bias = top_diff.sum(0, keepdims=True)
        return top_diff @ self.weight.T

    def get_gradient(self):
        return self.d_weight, self.d_bias

    def update_param(self, lr):
        self.weight -= lr * self.d_weight
        self.bias -= lr * self.d_bias

    def load_param(self, weight, bias):
        assert weight.shape == (self.num_input, self.num_output)
        assert bias.shape == (1, self.num_output)
        self.weight, self.bias = weight, bias

    def save_param(self):
        return self.weight, self.bias


class ReLULayer:
    def forward(self, input):
        self.input = input
        return np.where(input > 0, input, 0)

    def backward(self, top_diff):
        bottom_diff = top_diff.copy()
        bottom_diff[self.input <= 0] = 0
        return bottom_diff


class SoftmaxLossLayer:
    def forward(self, input):
        x = np.exp(input - input.max(1, keepdims=True))
        self.prob = x / x.sum(1, keepdims=True)
        return self.prob

    def get_loss(self, label):
        self.label = label
        right = self.prob[range(len(label)), label]   # prob of the right class
        return np.mean(-np.log(right))

    def backward(self):
        diff = self.prob.copy()
        diff[range(len(self.label)), self.label] -= 1
        return diff / len(self.label)
