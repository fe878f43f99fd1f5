from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class FullyConnectedLayer:
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def __init__(self, num_input: int, num_output: int) -> None:
        self.num_input = num_input
        self.num_output = num_output

    def init_param(self, std: float = 0.01) -> None:
        self.weight = np.random.default_rng(42).normal(0, std, (self.num_input, self.num_output)).astype(np.float32)
        self.bias = np.zeros((1, self.num_output), np.float32)

    def forward(self, input: NDArray) -> NDArray:
        self.input = input
        return np.einsum('ni,io->no', input, self.weight, optimize=True) + self.bias

    def backward(self, top_diff: NDArray) -> NDArray:
        self.d_weight = np.einsum('ni,no->io', self.input, top_diff)
        self.d_bias = np.einsum('no->o', top_diff)[np.newaxis]
        return np.einsum('no,io->ni', top_diff, self.weight)

    def update_param(self, lr: float) -> None:
        for p in ('weight', 'bias'):
            setattr(self, p, getattr(self, p) - lr * getattr(self, 'd_' + p))

    def load_param(self, weight: NDArray, bias: NDArray) -> None:
        if weight.shape != (self.num_input, self.num_output):
            raise ValueError(f'bad weight {weight.shape}')
        if bias.shape != (1, self.num_output):
            raise ValueError(f'bad bias {bias.shape}')
        self.weight, self.bias = weight, bias

    def save_param(self):
        return self.weight, self.bias


class ReLULayer:
    def forward(self, input: NDArray) -> NDArray:
        self.input = input
        return np.where(input > 0, input, 0)

    def backward(self, top_diff: NDArray) -> NDArray:
        return np.where(self.input > 0, top_diff, 0)


class SoftmaxLossLayer:
    def forward(self, input: NDArray) -> NDArray:
        shifted = input - np.amax(input, axis=1, keepdims=True)
        log_prob = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        self.log_prob = log_prob
        self.prob = np.exp(log_prob)
        return self.prob

    def get_loss(self, label) -> float:
        self.label = np.asarray(label)
        return float(-np.take_along_axis(self.log_prob, self.label[:, None], 1).mean())

    def backward(self) -> NDArray:
        diff = self.prob.copy()
        np.subtract.at(diff, (np.arange(len(diff)), self.label), 1)
        return diff / len(diff)
