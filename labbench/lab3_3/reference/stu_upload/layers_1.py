"""Fully connected, ReLU and softmax-loss layers.

N is the number of samples. Nothing here chooses a dtype: NumPy's promotion does, so float32 input with float32
weights stays float32, and float64 input is computed in float64 throughout.
"""

import numpy as np

#: Outputs that a fully connected layer computes at a time.
BLOCK = 1024


class FullyConnectedLayer:
    """Y = X W + b, with X (N, num_input), W (num_input, num_output), b (1, num_output)."""

    def __init__(self, num_input, num_output):
        self.num_input = num_input
        self.num_output = num_output

    def init_param(self, std=0.01):
        """Draw W from N(0, std²), float32; b = 0."""
        self.weight = np.random.default_rng().standard_normal((self.num_input, self.num_output), dtype=np.float32)
        self.weight *= std
        self.bias = np.zeros((1, self.num_output), dtype=np.float32)

    def forward(self, input):
        """X (N, num_input) → Y (N, num_output)."""
        self.input = input
        # In blocks: float64 input makes NumPy cast the weights, and all of fc6 at once would be 0.8 GB.
        blocks = [input @ self.weight[:, i : i + BLOCK] for i in range(0, self.num_output, BLOCK)]
        return np.concatenate(blocks, axis=1) + self.bias

    def backward(self, top_diff):
        """∂L/∂Y (N, num_output) → ∂L/∂X (N, num_input).

        ∂L/∂W = Xᵀ ∂L/∂Y,  ∂L/∂b = Σ_n ∂L/∂Y_n,  ∂L/∂X = ∂L/∂Y Wᵀ.
        """
        self.d_weight = self.input.T @ top_diff
        self.d_bias = top_diff.sum(axis=0, keepdims=True)
        return top_diff @ self.weight.T

    def get_gradient(self):
        """∂L/∂W (num_input, num_output) and ∂L/∂b (1, num_output) of the last `backward`."""
        return self.d_weight, self.d_bias

    def update_param(self, lr):
        """One step of gradient descent: W ← W − lr ∂L/∂W, b ← b − lr ∂L/∂b."""
        self.weight = self.weight - lr * self.d_weight
        self.bias = self.bias - lr * self.d_bias

    def load_param(self, weight, bias):
        """Take W (num_input, num_output) and b (1, num_output) as they are."""
        assert weight.shape == (self.num_input, self.num_output), weight.shape
        assert bias.shape == (1, self.num_output), bias.shape
        self.weight = weight
        self.bias = bias

    def save_param(self):
        """W (num_input, num_output) and b (1, num_output)."""
        return self.weight, self.bias


class ReLULayer:
    """y = max(x, 0), element by element, in any shape."""

    def forward(self, input):
        """X → Y of the same shape."""
        self.input = input
        return np.maximum(input, 0)

    def backward(self, top_diff):
        """∂L/∂Y → ∂L/∂X: passed on where x > 0, else 0."""
        return np.where(self.input > 0, top_diff, 0)


class SoftmaxLossLayer:
    """Softmax over the classes, and the cross-entropy of its result."""

    def forward(self, input):
        """Logits X (N, classes) → P (N, classes), P_ij = exp(x_ij − m_i) / Σ_k exp(x_ik − m_i), m_i = max_k x_ik.

        The maximum cancels, and keeps exp from overflowing.
        """
        shifted = input - input.max(axis=1, keepdims=True)
        exponentials = np.exp(shifted)
        self.prob = exponentials / exponentials.sum(axis=1, keepdims=True)
        return self.prob

    def get_loss(self, label):
        """L = −(1/N) Σ_n log P[n, label_n], for class numbers `label` (N,)."""
        samples = np.arange(len(self.prob))
        self.label_onehot = np.zeros_like(self.prob)
        self.label_onehot[samples, label] = 1
        return -np.log(self.prob[samples, label]).sum() / len(self.prob)

    def backward(self):
        """∂L/∂X = (P − onehot(label)) / N, (N, classes), for the labels of the last `get_loss`."""
        return (self.prob - self.label_onehot) / len(self.prob)
