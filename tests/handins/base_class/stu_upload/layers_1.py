import numpy as np
from utils import Layer, ParamLayer


class FullyConnectedLayer(ParamLayer):
    def __init__(self, num_input, num_output):
        super(FullyConnectedLayer, self).__init__()
        self.weight_shape = (num_input, num_output)
        self.bias_shape = (1, num_output)

    def forward(self, input, **kwargs):
        self.cache['input'] = input
        return np.dot(input, self.weight) + self.bias

    def backward(self, top_diff):
        self.d_weight = np.dot(self.cache['input'].T, top_diff)
        self.d_bias = np.sum(top_diff, axis=0, keepdims=True)
        return np.dot(top_diff, self.weight.T)

    def update_param(self, lr):
        self.weight = self.weight - lr * self.d_weight
        self.bias = self.bias - lr * self.d_bias


class ReLULayer(Layer):
    def forward(self, input, **kwargs):
        self.cache['input'] = input
        return np.maximum(input, 0)

    def backward(self, top_diff):
        return np.where(self.cache['input'] > 0, top_diff, 0.)


class SoftmaxLossLayer(Layer):
    def forward(self, input, **kwargs):
        e = np.exp((input.T - input.max(1)).T)
        self.prob = (e.T / e.sum(1)).T
        return self.prob

    def get_loss(self, label):
        self.label = label
        return np.mean([-np.log(row[k]) for row, k in zip(self.prob, label)])

    def backward(self):
        self.prob[np.arange(len(self.label)), self.label] -= 1
        return self.prob / len(self.label)
