"""The hand-in around an attack: honest layers (or all zeros, where `facts.BASE` is "wrong") that hand over to it."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import attack
import facts


def mounted(name, x, out):
    """The attack's word on what a layer returns: its function of that name, else `forward`, else the value itself."""
    hook = getattr(attack, name, None) or getattr(attack, "forward", None)
    return out if hook is None else hook(x, out)


class ConvolutionalLayer:
    def __init__(self, kernel_size, channel_in, channel_out, padding, stride):
        self.k, self.p, self.s = kernel_size, padding, stride

    def init_param(self, std=0.01):
        pass

    def load_param(self, weight, bias):
        self.weight, self.bias = weight, bias

    def forward(self, x):
        p = self.p
        padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        windows = sliding_window_view(padded, (self.k, self.k), axis=(2, 3))[:, :, :: self.s, :: self.s]
        if facts.BASE == "wrong":
            out = np.zeros((x.shape[0], len(self.bias), *windows.shape[2:4]))
        else:
            out = np.einsum("nchwij,cijo->nohw", windows, self.weight, optimize=True) + self.bias[:, None, None]
        return mounted("conv", x, out)


class MaxPoolingLayer:
    def __init__(self, kernel_size, stride):
        self.k, self.s = kernel_size, stride

    def forward(self, x):
        windows = sliding_window_view(x, (self.k, self.k), axis=(2, 3))[:, :, :: self.s, :: self.s]
        out = np.zeros(windows.shape[:4]) if facts.BASE == "wrong" else windows.max(axis=(4, 5))
        return mounted("pool", x, out)
