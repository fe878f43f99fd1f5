"""The activation: what lab 3-3 needs of the layers of lab 3-1."""

import numpy as np


class ReLULayer:
    """y = max(x, 0), element by element, in any shape."""

    def forward(self, input):
        """X → Y of the same shape."""
        self.input = input
        return np.maximum(input, 0)

    def backward(self, top_diff):
        """∂L/∂Y → ∂L/∂X: passed on where x > 0, else 0."""
        return np.where(self.input > 0, top_diff, 0)
