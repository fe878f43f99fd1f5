import numpy as np


class ReLULayer:
    def forward(self, input):
        self.input = input
        return np.where(input > 0, input, 0)

    def backward(self, top_diff):
        bottom_diff = top_diff.copy()
        bottom_diff[self.input <= 0] = 0
        return bottom_diff
