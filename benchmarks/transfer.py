"""Lab 3-3: the reference's layers, forward and backward, and a step of the transfer, beside PyTorch; in this process.

Both sides have the same dtype and threads and do the same work: a backward gives the gradients of the parameters, too.
One row shows what PyTorch need not do: one backward of the whole loss to the image alone is enough.
Layers reckon in float32; the step in float64, as the course's loop does, whose first image is float64.
"""

from __future__ import annotations

import contextlib
import functools
import os

import numpy as np
import threadpoolctl
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name

from labbench.lab3_3 import LAB
from labbench.lab3_3.transfer import CONTENT_LAYERS, LEARNING_RATE, LOSS_LAYERS, STYLE_LAYERS
from labbench.vgg.weights import ensure_synthetic
from tests.rig import modules_of

#: Channels, height and width of inputs: the course's own, then conv1_2 and pool1, and conv4_2, of a picture of 192×320.
CONVOLUTIONS = ((256, 24, 40), (64, 192, 320), (512, 24, 40))
POOLINGS = ((256, 24, 40), (64, 192, 320))
#: Where four loops take no minute: channels, height, width.
SMALL = (64, 12, 20)
ALPHA, BETA = 1, 500


@contextlib.contextmanager
def threads(count):
    with threadpoolctl.threadpool_limits(count):
        torch.set_num_threads(count)
        yield


def normal(*shape):
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def convolution(layers_2, channels, version=1):
    """A 3×3 layer of the reference with as many channels out as in."""
    layer = layers_2.ConvolutionalLayer(3, channels, channels, 1, 1, version)
    layer.load_param(normal(channels, 3, 3, channels) / channels, normal(channels))
    return layer


def filters(weight):
    """(C_in, k, k, C_out) → PyTorch's (C_out, C_in, k, k)."""
    return torch.from_numpy(np.ascontiguousarray(weight.transpose(3, 0, 1, 2)))


def passes(layer, function, leaves, x):
    """The passes of a layer: (name, ours, PyTorch's). PyTorch's gradients are those of `leaves`, the input first."""
    for tensor in leaves:
        tensor.requires_grad_()
    output = function(*leaves)
    top_diff = normal(*output.shape)

    def backward():
        bottom_diff = layer.backward(top_diff)
        return [bottom_diff, filters(layer.d_weight), layer.d_bias] if len(leaves) > 1 else [bottom_diff]

    def theirs():
        return torch.autograd.grad(output, leaves, torch.from_numpy(top_diff), retain_graph=True)

    layer.forward(x)
    yield "forward", lambda: layer.forward(x), lambda: function(*leaves).detach()
    yield "backward", backward, theirs


def layers(layers_2):
    """(name, ours, PyTorch's) of every layer and pass."""
    for shape in CONVOLUTIONS:
        layer, x = convolution(layers_2, shape[0]), normal(1, *shape)
        leaves = [torch.from_numpy(x), filters(layer.weight), torch.from_numpy(layer.bias)]
        for which, *sides in passes(layer, functools.partial(F.conv2d, padding=1), leaves, x):
            yield f"conv {sized(shape)}, {which}", *sides
    for shape in POOLINGS:
        layer, x = layers_2.MaxPoolingLayer(2, 2, 1), normal(1, *shape)
        for which, *sides in passes(layer, functools.partial(F.max_pool2d, kernel_size=2), [torch.from_numpy(x)], x):
            yield f"pool {sized(shape)}, {which}", *sides


def loops(layers_2):
    """Both passes of the fast version beside those of the four loops: (name, fast, loops)."""
    x = normal(1, *SMALL)

    def both(layer):
        output = layer.forward(x)
        return [output, layer.backward(output)]

    convs = [convolution(layers_2, SMALL[0], version) for version in (1, 0)]
    pools = [layers_2.MaxPoolingLayer(2, 2, version) for version in (1, 0)]
    for name, pair in (("conv", convs), ("pool", pools)):
        yield f"{name} {sized(SMALL)}, both", *(functools.partial(both, layer) for layer in pair)


def sized(shape):
    return "×".join(map(str, shape))


class Transfer:
    """The first step of a transfer by both sides: the loss, its gradient with respect to the image, the next image."""

    def __init__(self, reference, height, width):
        self.reference = reference
        self.content, self.style, self.image = 50 * np.random.default_rng(0).standard_normal((3, 1, 3, height, width))
        self.vgg = reference.exp_3_3_style_transfer.VGG19(ensure_synthetic().path)
        self.vgg.build_model()
        self.vgg.load_model()
        convolutions = {name: self.vgg.layers[name] for name in self.vgg.update_layer_list}
        self.parameters = {
            name: [t.double().requires_grad_() for t in (filters(layer.weight), torch.from_numpy(layer.bias))]
            for name, layer in convolutions.items()
        }
        self.targets = self.vgg.forward(self.content, CONTENT_LAYERS) | self.vgg.forward(self.style, STYLE_LAYERS)
        self.tensors = {name: torch.from_numpy(target) for name, target in self.targets.items()}

    def ours(self):
        """As the course's loop does: one backward for each layer with a loss."""
        losses = {
            "content": self.reference.layers_3.ContentLossLayer(),
            "style": self.reference.layers_3.StyleLossLayer(),
        }
        features = self.vgg.forward(self.image, LOSS_LAYERS)
        loss, gradient = 0.0, np.zeros(self.image.shape)
        for name in LOSS_LAYERS:
            layer = losses["content" if name in CONTENT_LAYERS else "style"]
            loss += share(name) * layer.forward(features[name], self.targets[name])
            diff = layer.backward(features[name], self.targets[name])
            gradient += share(name) * self.vgg.backward(diff, name)
        adam = self.reference.exp_3_3_style_transfer.AdamOptimizer(LEARNING_RATE, self.image.shape)
        return [np.asarray(loss), gradient, adam.update(self.image, gradient)]

    def same_work(self):
        """Six backwards, each with the gradients of the parameters it passes."""
        return self._theirs(self._one_by_one)

    def least_work(self):
        """One backward of the whole loss to the image alone."""
        return self._theirs(lambda losses, image: torch.autograd.grad(sum(losses.values()), image)[0])

    def _theirs(self, gradient_of):
        image = torch.tensor(self.image, requires_grad=True)
        losses = {name: share(name) * self._loss(name, x) for name, x in self._features(image).items()}
        image.grad = gradient_of(losses, image)
        result = [sum(losses.values()).detach(), image.grad]
        torch.optim.Adam([image], LEARNING_RATE).step()
        return [*result, image.detach()]

    def _one_by_one(self, losses, image):
        total = torch.zeros_like(image)
        for name, loss in losses.items():
            passed = [t for conv in self._before(name) for t in self.parameters[conv]]
            total += torch.autograd.grad(loss, [image, *passed], retain_graph=True)[0]
        return total

    def _before(self, name):
        names = self.vgg.param_layer_name
        return [n for n in names[: names.index(name)] if n in self.parameters]

    def _features(self, x):
        features = {}
        for name in self.vgg.param_layer_name:
            if name in self.parameters:
                x = F.conv2d(x, *self.parameters[name], padding=1)
            else:
                x = F.relu(x) if name.startswith("relu") else F.max_pool2d(x, 2)
            features[name] = x
        return {name: features[name] for name in LOSS_LAYERS}

    def _loss(self, name, x):
        if name in CONTENT_LAYERS:
            return F.mse_loss(x, self.tensors[name]) / 2
        rows, target = (t.flatten(2)[0] for t in (x, self.tensors[name]))
        return ((rows @ rows.T - target @ target.T) ** 2).sum() / (4 * x.numel() ** 2)


def share(layer):
    """What the loss of a layer counts in the whole loss."""
    return ALPHA / len(CONTENT_LAYERS) if layer in CONTENT_LAYERS else BETA / len(STYLE_LAYERS)


@contextlib.contextmanager
def benchmarks():
    yield _rows()


def _rows():
    """Row by row, since the threads are those of the row that is being timed."""
    reference = modules_of(LAB.reference, ("layers_1", "layers_2", "layers_3", "exp_3_3_style_transfer"))
    small, large = (Transfer(reference, *size) for size in ((32, 32), (96, 160)))
    step = f"transfer step, {sized(large.image.shape[2:])}"
    with threads(1):
        for name, *sides in layers(reference.layers_2):
            yield name, *sides, "PyTorch, 1 thread"
        yield f"transfer step, {sized(small.image.shape[2:])}", small.ours, small.same_work, "PyTorch, 1 thread"
        yield step, large.ours, large.same_work, "PyTorch, 1 thread", 3
        yield step, large.ours, large.least_work, "1 thread, 1 backward", 3
        for name, *sides in loops(reference.layers_2):
            yield name, *sides, "four loops", 3
    with threads(os.cpu_count() or 1):
        yield step, large.ours, large.same_work, f"PyTorch, {torch.get_num_threads()} threads", 3
