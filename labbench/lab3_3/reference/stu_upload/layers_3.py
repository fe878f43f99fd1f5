"""The two losses of style transfer (Gatys, Ecker, Bethge 2016), and their gradients with respect to the features.

Features are NCHW. X are the features of the image that is being made, Y those of its target.
"""

import numpy as np


class ContentLossLayer:
    """Half the mean squared difference of the features."""

    def forward(self, input_layer, content_layer):
        """Σ (X − Y)² / (2·N·C·H·W)."""
        return np.sum((input_layer - content_layer) ** 2) / (2 * input_layer.size)

    def backward(self, input_layer, content_layer):
        """(X − Y) / (N·C·H·W)."""
        return (input_layer - content_layer) / input_layer.size


class StyleLossLayer:
    """The squared difference of the Gram matrices, which know which features occur together, but not where."""

    def gram(self, features):
        """(N, C, H, W) → X (N, C, H·W) and its Gram matrix X Xᵀ (N, C, C), not normalised."""
        rows = features.reshape(features.shape[0], features.shape[1], -1)
        return rows, rows @ rows.transpose(0, 2, 1)

    def forward(self, input_layer, style_layer):
        """Σ (G − A)² / (4·N·(C·H·W)²), G and A the Gram matrices of X and Y."""
        self.rows, input_gram = self.gram(input_layer)
        _, style_gram = self.gram(style_layer)
        self.difference = input_gram - style_gram
        samples, values = input_layer.shape[0], input_layer[0].size
        return np.sum(self.difference**2) / (4 * samples * values**2)

    def backward(self, input_layer, style_layer):
        """(G − A)ᵀ X / (N·(C·H·W)²), after `forward` on the same features."""
        samples, values = input_layer.shape[0], input_layer[0].size
        gradient = self.difference.transpose(0, 2, 1) @ self.rows
        return (gradient / (samples * values**2)).reshape(input_layer.shape)
