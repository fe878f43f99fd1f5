"""Layers for lab 3.1 (part 1)"""
import numpy as np


class FullyConnectedLayer:
    def __init__(self, num_input, num_output):
        self.num_input, self.num_output = num_input, num_output
        self.weight = None
        self.bias = None

    def init_param(self, std=0.01):
        rng = np.random.RandomState(0)
        self.weight = (rng.standard_normal((self.num_input, self.num_output)) * std).astype('float32')
        self.bias = np.zeros((1, self.num_output), 'float32')

    def forward(self, x):
        self.x = x
        return x @ self.weight + self.bias

    def backward(self, top_diff):
        self.d_weight = self.x.T @ top_diff
        self.d_bias = top_diff.sum(0, keepdims=True)
        return top_diff @ self.weight.T

    def get_gradient(self):
        return self.d_weight, self.d_bias

    def update_param(self, lr):
        self.weight -= lr * self.d_weight
        self.bias -= lr * self.d_bias

    def load_param(self, weight, bias):
        assert weight.shape == (self.num_input, self.num_output)
        self.weight = weight
        self.bias = bias

    def save_param(self):
        return self.weight, self.bias


class ReLULayer:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, top_diff):
        return top_diff * self.mask


class SoftmaxLossLayer:
    def forward(self, x):
        e = np.exp(x - x.max(axis=-1)[:, None])
        self.prob = e / e.sum(axis=-1)[:, None]
        return self.prob

    def get_loss(self, label):
        n = len(label)
        self.onehot = np.eye(self.prob.shape[1])[label]
        return -np.log(self.prob[np.arange(n), label]).mean()

    def backward(self):
        return (self.prob - self.onehot) / self.prob.shape[0]
