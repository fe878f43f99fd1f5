# 全连接层、ReLU 层、Softmax 损失层 / Fully connected, ReLU and softmax-loss layers
# 每一处下划线都要补全 / Replace every run of underscores.

import numpy as np


class FullyConnectedLayer:
    """全连接层 / Fully connected layer: Y = X W + b."""

    def __init__(self, num_input, num_output):
        self.num_input = num_input
        self.num_output = num_output

    def init_param(self, std=0.01):
        # 权重 (num_input, num_output)，偏置 (1, num_output) / weight and bias with these shapes
        shape = (self.num_input, self.num_output)
        self.weight = std * np.random.default_rng().standard_normal(shape, dtype=np.float32)
        self.bias = np.zeros((1, self.num_output), dtype=np.float32)

    def forward(self, input):
        # 输入 (N, num_input)，输出 (N, num_output) / input and output shapes
        self.input = input
        # TODO: 全连接层的前向传播
        # TODO: the forward pass
        output = _______________________
        return output

    def backward(self, top_diff):
        # top_diff 是损失对输出的梯度 (N, num_output) / the gradient with respect to the output
        # TODO: 权重、偏置和输入的梯度，形状分别与权重、偏置、输入相同
        # TODO: the gradients of weight, bias and input, each shaped like its variable
        self.d_weight = _______________________
        self.d_bias = _______________________
        bottom_diff = _______________________
        return bottom_diff

    def get_gradient(self):
        return self.d_weight, self.d_bias

    def update_param(self, lr):
        # TODO: 用学习率 lr 做一步梯度下降
        # TODO: one step of gradient descent with learning rate lr
        self.weight = _______________________
        self.bias = _______________________

    def load_param(self, weight, bias):
        assert weight.shape == (self.num_input, self.num_output), weight.shape
        assert bias.shape == (1, self.num_output), bias.shape
        self.weight = weight
        self.bias = bias

    def save_param(self):
        return self.weight, self.bias


class ReLULayer:
    """ReLU 层，输入可为任意形状 / ReLU, for input of any shape."""

    def forward(self, input):
        self.input = input
        # TODO: 负数变为 0，其余不变
        # TODO: negative values become 0, all others stay
        output = _______________________
        return output

    def backward(self, top_diff):
        # TODO: 输入大于 0 处传回梯度，其余为 0
        # TODO: pass the gradient back where the input was positive, 0 elsewhere
        bottom_diff = _______________________
        return bottom_diff


class SoftmaxLossLayer:
    """Softmax 与交叉熵损失 / Softmax and the cross-entropy loss."""

    def forward(self, input):
        # 输入 (N, 类别数)，每一行是一个样本 / input (N, classes), one sample a row
        # TODO: 每一行先减去该行最大值，再取指数，再除以该行之和
        # TODO: in each row subtract the row's maximum, exponentiate, divide by the row's sum
        self.prob = _______________________
        return self.prob

    def get_loss(self, label):
        # label 是整数类别号 (N,) / label holds class numbers, (N,)
        self.batch_size = self.prob.shape[0]
        self.label_onehot = np.zeros_like(self.prob)
        self.label_onehot[np.arange(self.batch_size), label] = 1.0
        # TODO: 正确类别概率的对数，求和，取负，除以样本数
        # TODO: sum the logarithms of the right classes' probabilities, negate, divide by N
        loss = _______________________
        return loss

    def backward(self):
        # TODO: 损失对输入的梯度 (N, 类别数)
        # TODO: the gradient of the loss with respect to the input, (N, classes)
        bottom_diff = _______________________
        return bottom_diff
