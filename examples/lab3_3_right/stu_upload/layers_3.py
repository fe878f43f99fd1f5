# -*- coding: utf-8 -*-
import numpy as np


class ContentLossLayer(object):
    def forward(self, input_layer, content_layer):
        N, C, H, W = input_layer.shape
        return np.sum(np.square(input_layer - content_layer)) / (2 * N * C * H * W)

    def backward(self, input_layer, content_layer):
        N, C, H, W = input_layer.shape
        return (input_layer - content_layer) / (N * C * H * W)


class StyleLossLayer(object):
    def forward(self, input_layer, style_layer):
        N, C, H, W = input_layer.shape
        self.style_loss = 0
        self.gram_diff = []
        # 一个样本一个样本地算
        for n in range(N):
            x = input_layer[n].reshape(C, H * W)
            y = style_layer[n].reshape(C, H * W)
            d = np.dot(x, x.T) - np.dot(y, y.T)
            self.gram_diff.append(d)
            self.style_loss += np.sum(d * d)
        self.div = float(C * H * W) ** 2 * N
        return self.style_loss / (4 * self.div)

    def backward(self, input_layer, style_layer):
        N, C, H, W = input_layer.shape
        bottom_diff = np.zeros(input_layer.shape)
        for n in range(N):
            x = input_layer[n].reshape(C, H * W)
            bottom_diff[n] = np.dot(self.gram_diff[n].T, x).reshape(C, H, W) / self.div
        return bottom_diff
