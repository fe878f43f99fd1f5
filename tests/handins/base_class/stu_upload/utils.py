import numpy as np


class Layer(object):
    """Common parts of all layers; __call__ times the forward pass."""
    count = 0

    def __init__(self):
        Layer.count += 1
        self.index = Layer.count
        self.cache = {}

    def forward(self, input, **kwargs):
        raise NotImplementedError('%s must define forward' % type(self).__name__)

    def __call__(self, input):
        return self.forward(input)

    def __repr__(self):
        return '<%s %d>' % (type(self).__name__, self.index)


class ParamLayer(Layer):
    weight_shape = ()
    bias_shape = ()

    def init_param(self, std=0.01):
        self.weight = np.random.normal(0, std, self.weight_shape)
        self.bias = np.zeros(self.bias_shape)

    def load_param(self, weight, bias):
        assert weight.shape == self.weight_shape, (self, weight.shape)
        assert bias.shape == self.bias_shape, (self, bias.shape)
        self.weight, self.bias = weight, bias

    def save_param(self):
        return self.weight, self.bias


def out_size(size, kernel, padding, stride):
    return (size + 2 * padding - kernel) / stride + 1
