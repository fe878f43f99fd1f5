# N=1 的写法：没有 1/N；loss 是长度为 1 的数组；gram 放进 list；float32 缓冲区
import numpy as np


class ContentLossLayer(object):
    def forward(self, input_layer, content_layer):
        [N, C, H, W] = input_layer.shape
        loss = np.sum(np.square(input_layer - content_layer), axis=(1, 2, 3)) / (2.0 * C * H * W)
        return loss

    def backward(self, input_layer, content_layer):
        [N, C, H, W] = input_layer.shape
        return np.divide(input_layer - content_layer, C * H * W)


class StyleLossLayer(object):
    def forward(self, input_layer, style_layer):
        [N, C, H, W] = input_layer.shape
        self.gram_input, self.gram_style = [], []
        for i in range(N):
            F = input_layer[i].reshape(C, H * W)
            S = style_layer[i].reshape(C, H * W)
            self.gram_input.append(np.dot(F, F.T))
            self.gram_style.append(np.dot(S, S.T))
        self.gram_input = np.array(self.gram_input, dtype=np.float32)
        self.gram_style = np.array(self.gram_style, dtype=np.float32)
        loss = np.sum((self.gram_input - self.gram_style) ** 2, axis=(1, 2)) / (4 * (C * H * W) ** 2)
        return loss

    def backward(self, input_layer, style_layer):
        [N, C, H, W] = input_layer.shape
        bottom_diff = np.zeros([N, C, H * W], dtype=np.float32)
        for i in range(N):
            bottom_diff[i] = np.dot((self.gram_input[i] - self.gram_style[i]), input_layer[i].reshape(C, -1))
        bottom_diff /= (C * H * W) ** 2
        return bottom_diff.reshape(N, C, H, W)
