import numpy as np


class ContentLossLayer:
    def forward(self, input_layer, content_layer):
        self.d = input_layer - content_layer
        return np.mean(self.d ** 2) / 2

    def backward(self, input_layer, content_layer):
        return self.d / self.d.size


class StyleLossLayer:
    """loss 返回 float32 标量"""
    def gram(self, x):
        f = x.reshape(x.shape[0], x.shape[1], -1)
        return f @ f.swapaxes(1, 2)

    def forward(self, input_layer, style_layer):
        self.diff = self.gram(input_layer) - self.gram(style_layer)
        n, c, h, w = input_layer.shape
        self.scale = float(c * h * w) ** 2 * n
        return np.float32(0.25 * (self.diff * self.diff).sum() / self.scale)

    def backward(self, input_layer, style_layer):
        n, c, h, w = input_layer.shape
        return np.einsum('nij,njk->nik', self.diff, input_layer.reshape(n, c, h * w)).reshape(n, c, h, w) / self.scale
