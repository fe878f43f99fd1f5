import numpy as np


class ContentLossLayer:
    def forward(self, input_layer, content_layer):
        return np.mean((input_layer - content_layer) ** 2) / 2

    def backward(self, input_layer, content_layer):
        return (input_layer - content_layer) / input_layer.size


class StyleLossLayer:
    def forward(self, input_layer, style_layer):
        n, c, h, w = input_layer.shape
        self.x = input_layer.reshape(n, c, h * w)
        self.y = style_layer.reshape(n, c, h * w)
        self.gram_x = np.einsum('nap,nbp->nab', self.x, self.x, optimize=True)
        self.gram_y = np.einsum('nap,nbp->nab', self.y, self.y, optimize=True)
        self.m = c * h * w
        return ((self.gram_x - self.gram_y) ** 2).sum() / (4.0 * n * self.m ** 2)

    def backward(self, input_layer, style_layer):
        n = input_layer.shape[0]
        diff = np.einsum('nba,nbp->nap', self.gram_x - self.gram_y, self.y, optimize=True)
        return diff.reshape(input_layer.shape) / (float(n) * self.m ** 2)
