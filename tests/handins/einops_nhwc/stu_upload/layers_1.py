import numpy as np
from einops import rearrange, reduce


class FullyConnectedLayer:
    def __init__(self, num_input, num_output):
        self.num_input = num_input
        self.num_output = num_output

    def init_param(self, std=0.01):
        self.weight = np.random.randn(self.num_input, self.num_output) * std
        self.bias = np.zeros((1, self.num_output))

    def forward(self, input, training=False):
        self.input = input
        self.output = np.tensordot(input, self.weight, axes=1)
        self.output += self.bias
        return self.output

    def backward(self, top_diff):
        self.d_weight = rearrange(self.input, 'n i -> i n') @ top_diff
        self.d_bias = reduce(top_diff, 'n o -> 1 o', 'sum')
        return top_diff @ rearrange(self.weight, 'i o -> o i')

    def update_param(self, lr):
        self.weight, self.bias = self.weight - lr * self.d_weight, self.bias - lr * self.d_bias

    def load_param(self, weight, bias):
        assert self.weight.shape == weight.shape and self.bias.shape == bias.shape
        self.weight, self.bias = weight.astype(np.float32), bias.astype(np.float32)

    def save_param(self):
        return (self.weight, self.bias)


class ReLULayer:
    def forward(self, input, training=False):
        self.positive = (input > 0).astype(input.dtype)
        return input * self.positive

    def backward(self, top_diff):
        return top_diff * self.positive


class SoftmaxLossLayer:
    def forward(self, input, training=False):
        z = input - reduce(input, 'n c -> n 1', 'max')
        self.prob = np.exp(z) / reduce(np.exp(z), 'n c -> n 1', 'sum')
        return self.prob

    def get_loss(self, label):
        self.onehot = np.zeros(self.prob.shape)
        for row, k in zip(self.onehot, label):
            row[k] = 1
        return -(self.onehot * np.log(self.prob + 1e-12)).sum() / len(label)

    def backward(self):
        return (self.prob - self.onehot) / len(self.prob)
