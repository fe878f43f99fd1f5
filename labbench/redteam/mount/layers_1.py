"""The hand-in around an attack, second file; see `layers_2.py`."""

import numpy as np

import facts
from layers_2 import mounted


class FullyConnectedLayer:
    def __init__(self, num_input, num_output):
        pass

    def init_param(self, std=0.01):
        pass

    def load_param(self, weight, bias):
        self.weight, self.bias = weight, bias

    def forward(self, x):
        wrong = facts.BASE == "wrong"
        out = np.zeros((len(x), self.weight.shape[1])) if wrong else x @ self.weight + self.bias
        return mounted("dense", x, out)


class SoftmaxLossLayer:
    def forward(self, x):
        if facts.BASE == "wrong":
            return mounted("softmax", x, np.zeros(x.shape))
        powers = np.exp(x - x.max(axis=1, keepdims=True))
        return mounted("softmax", x, powers / powers.sum(axis=1, keepdims=True))
