"""How lab 3-3 drives a hand-in's layers: as the course's harness does, and observation by observation.

What real hand-ins force: the version (`type`: 0 loops, 1 fast) is the last *positional* argument of a layer, which some
classes lack; every backward gets a forward of its own first. `transfer` has what concerns the whole net.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from labbench.lab3_3.drawing import distinct, uniform
from labbench.results import Fault
from labbench.worker.remote import shape_of, takes_others

if TYPE_CHECKING:
    from labbench.labs import Case, Scenario
    from labbench.results import Plain
    from labbench.worker.remote import Remote

#: Height and width of the feature maps that the course checks with, and its two versions, by `type`.
COURSE_MAP = (24, 40)
VERSIONS = ("loops", "fast")


def conv(student: Remote, case: Case) -> Scenario:
    """One convolution, forward and backward.

    Observes the output, (N, C_out, H_out, W_out); the gradients of input (N, C_in, H, W), weight and bias.
    """
    layer = _convolution(student, case)
    yield "ready", None
    yield "output", layer.forward(case.arrays["input"])
    yield "bottom_diff", layer.backward(case.arrays["top_diff"])
    yield "d_weight", layer.d_weight
    yield "d_bias", layer.d_bias


def pool(student: Remote, case: Case) -> Scenario:
    """One max pooling, forward and backward; observes the output and the gradient of the input."""
    layer = _pooling(student, case)
    yield "ready", None
    yield "output", layer.forward(case.arrays["input"])
    yield "bottom_diff", layer.backward(case.arrays["top_diff"])


def conv_duel(student: Remote, case: Case) -> Scenario:
    """What is timed of a convolution; loading its parameters counts as work of the forward pass."""
    layer = _convolution(student, case, load=False)
    yield "ready", None
    layer.load_param(case.arrays["weight"], case.arrays["bias"])
    yield "forward", layer.forward(case.arrays["input"])
    yield "backward", layer.backward(case.arrays["top_diff"])


def pool_duel(student: Remote, case: Case) -> Scenario:
    """What is timed of a pooling."""
    layer = _pooling(student, case)
    yield "ready", None
    yield "forward", layer.forward(case.arrays["input"])
    yield "backward", layer.backward(case.arrays["top_diff"])


def course_conv(student: Remote, case: Case) -> Scenario:
    """The course's own convolution: both versions at its shape, each on an input of its own."""
    channels_in, size, channels_out = (int(case.params[p] or 0) for p in ("channel_in", "kernel_size", "channel_out"))
    shape = (1, channels_in, *COURSE_MAP)
    for version, label in enumerate(VERSIONS):
        layer = _convolution(student, case, version, load=False)
        weight, bias = (channels_in, size, size, channels_out), (channels_out,)
        layer.load_param(uniform(case, f"{label} weight", *weight), uniform(case, f"{label} bias", *bias))
        yield "ready", None
        yield f"{label}_output", layer.forward(uniform(case, f"{label} input", *shape))
        yield f"{label}_bottom_diff", layer.backward(uniform(case, f"{label} top_diff", 1, channels_out, *shape[2:]))


def course_pool(student: Remote, case: Case) -> Scenario:
    """The course's own pooling: both versions at its shape, each on an input of its own."""
    channels, (height, width) = int(case.params["channels"] or 0), COURSE_MAP
    for version, label in enumerate(VERSIONS):
        layer = _pooling(student, case, version)
        yield "ready", None
        yield f"{label}_output", layer.forward(distinct(case, f"{label} input", 1, channels, height, width))
        top_diff = uniform(case, f"{label} top_diff", 1, channels, height // 2, width // 2)
        yield f"{label}_bottom_diff", layer.backward(top_diff)


def content(student: Remote, case: Case) -> Scenario:
    """The content loss and its gradient with respect to the features."""
    yield from _loss(student.layers_3.ContentLossLayer(), case)


def style(student: Remote, case: Case) -> Scenario:
    """The style loss and its gradient with respect to the features."""
    yield from _loss(student.layers_3.StyleLossLayer(), case)


def _convolution(student: Remote, case: Case, version: int | None = None, *, load: bool = True) -> Remote:
    geometry = (case.params[p] for p in ("kernel_size", "channel_in", "channel_out", "padding", "stride"))
    layer = _made(student.layers_2.ConvolutionalLayer, case, version, *geometry)
    layer.init_param()
    if load:
        layer.load_param(case.arrays["weight"], case.arrays["bias"])
    return layer


def _pooling(student: Remote, case: Case, version: int | None = None) -> Remote:
    geometry = (case.params[p] for p in ("kernel_size", "stride"))
    return _made(student.layers_2.MaxPoolingLayer, case, version, *geometry)


def _made(layer: Remote, case: Case, version: int | None, *geometry: Plain) -> Remote:
    """A layer of the version that is asked for; a class without that argument has only one."""
    try:
        return layer(*geometry, case.params.get("type", 0) if version is None else version)
    except Fault as fault:
        if not takes_others(fault):
            raise
        try:
            return layer(*geometry)
        except Fault:
            raise fault from None


def _loss(layer: Remote, case: Case) -> Scenario:
    features, target = case.arrays["features"], case.arrays["target"]
    yield "loss", one(layer.forward(features, target))
    yield "diff", layer.backward(features, target)


def one(loss: Remote) -> Remote:
    """A loss as a number: some hand-ins keep one for each sample, an array of one in the course's box."""
    try:
        shape = shape_of(loss)
    except Fault:
        return loss  # a number, or what its fetching will tell of
    return loss[(0,) * len(shape)] if math.prod(shape) == 1 else loss
