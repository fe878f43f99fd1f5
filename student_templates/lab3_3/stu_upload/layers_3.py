# 内容损失层、风格损失层 / Content-loss and style-loss layers
# 特征图的布局是 NCHW。input_layer 是生成图像的特征，另一个参数是目标
# Feature maps are laid out as NCHW. input_layer holds the features of the image being made, the other its target.

import numpy as np


class ContentLossLayer:
    """内容损失 / Content loss."""

    def forward(self, input_layer, content_layer):
        # 返回一个数 / returns one number
        # TODO: 内容损失
        # TODO: the content loss
        loss = _______________________
        return loss

    def backward(self, input_layer, content_layer):
        # TODO: 损失对 input_layer 的梯度，形状与它相同
        # TODO: the gradient of the loss with respect to input_layer, shaped like it
        bottom_diff = _______________________
        return bottom_diff


class StyleLossLayer:
    """风格损失：比较 Gram 矩阵 / Style loss: compares Gram matrices."""

    def forward(self, input_layer, style_layer):
        # 返回一个数 / returns one number
        n, c, h, w = input_layer.shape
        # TODO: 两者都变为 (N, C, H*W)，再求 Gram 矩阵 (N, C, C)
        # TODO: bring both to (N, C, H*W), then compute their Gram matrices, (N, C, C)
        self.input_rows = _______________________
        self.input_gram = _______________________
        self.style_gram = _______________________
        # TODO: 风格损失
        # TODO: the style loss
        loss = _______________________
        return loss

    def backward(self, input_layer, style_layer):
        # 在同样的输入上先调用过 forward / forward has been called on the same input before
        n, c, h, w = input_layer.shape
        # TODO: 损失对 input_layer 的梯度，形状与它相同
        # TODO: the gradient of the loss with respect to input_layer, shaped like it
        bottom_diff = _______________________
        return bottom_diff
