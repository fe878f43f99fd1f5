# ReLU 层 / ReLU layer
# 每一处下划线都要补全；实验 3-1 写过的可以拿过来用
# Replace every run of underscores; what you wrote in lab 3-1 may be used again.

import numpy as np


class ReLULayer:
    """ReLU 层，输入可为任意形状 / ReLU, for input of any shape."""

    def forward(self, input):
        self.input = input
        # TODO: 负数变为 0，其余不变；不要改动 input 本身，别的层还要用它
        # TODO: negative values become 0, all others stay; leave `input` itself alone, other layers need it
        output = _______________________
        return output

    def backward(self, top_diff):
        # TODO: 输入大于 0 处传回梯度，其余为 0
        # TODO: pass the gradient back where the input was positive, 0 elsewhere
        bottom_diff = _______________________
        return bottom_diff
