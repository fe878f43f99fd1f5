"""VGG19 as each library's calls make it, and how a hand-in's net differs from it, in the words of those calls."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from labbench.lab3_2 import layers
from labbench.lab3_2.layers import ConvGeometry
from labbench.results import Fault, Verdict, text
from labbench.vgg.table import IMAGE_SIDE, LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labbench.lab3_2.layers import Layer, Shape
    from labbench.results import Array
    from labbench.vgg.table import Layer as Row

#: The layers by id. `pycnnl` has none that flattens.
NAMES = {
    "pycnml": tuple(row.name for row in LAYERS),
    "pycnnl": tuple(row.name for row in LAYERS if row.kind != "flatten"),
}
#: Those with a filter and a bias.
LOADED = tuple(row.name for row in LAYERS if row.has_weights)
_CALLS = {
    "conv": "createConvLayer",
    "mlp": "createMlpLayer",
    "relu": "createReLuLayer",
    "pool": "createPoolingLayer",
    "flatten": "createFlattenLayer",
    "softmax": "createSoftmaxLayer",
}
_KINDS = tuple(_CALLS)


def described(layer: Layer) -> Array:
    """int64 (8,): kind, size, C, H, W, kernel, stride, padding.

    Of what works on plain vectors the size alone, of a softmax also over how many values it is.
    """
    geometry: tuple[int, ...] = (0,) * 6
    if layer.kind in ("conv", "pool"):
        geometry = (*layer.shape_out[1:], layer.kernel, layer.stride, layer.pad)
    elif layer.kind == "softmax":
        geometry = (layer.shape_in[layer.axis], 0, 0, 0, 0, 0)
    return np.array([_KINDS.index(layer.kind), math.prod(layer.shape_out), *geometry], dtype=np.int64)


def compared(net: Sequence[Layer], broken: Fault | None, library: str) -> dict[str, Array | Fault]:
    """Of each layer that VGG19 has, what the net has under that id, or what is wrong with it.

    Only a layer's own mistake has a Fault of its own: one whose shape is off because of an earlier one has that one's.
    After a layer of the wrong kind every id means another layer, so the rest has its Fault. Where the net ends too
    early stands what ended its making, `broken`, if anything did.
    """
    seen: dict[str, Array | Fault] = {}
    cause: Fault | None = None
    shifted = False
    for number, expected in enumerate(_right(library)):
        got = net[number] if number < len(net) else None
        if not shifted and got is not None and np.array_equal(described(got), described(expected)):
            seen[expected.name] = described(got)
            continue
        if cause is None or (not shifted and (got is None or _arguments(got) != _arguments(expected))):
            cause = _differs(number, got, expected) if got else broken or _absent(number, len(net), expected)
            shifted = got is None or got.kind != expected.kind
        seen[expected.name] = cause
    return seen


def _right(library: str) -> Iterator[Layer]:
    shape: Shape = (1, 3, IMAGE_SIDE, IMAGE_SIDE)
    for row in LAYERS:
        if row.name in NAMES[library]:
            layer = _layer(row, shape)
            shape = layer.shape_out
            yield layer


def _layer(row: Row, shape: Shape) -> Layer:
    match row.kind:
        case "conv":
            return layers.conv(row.name, shape, ConvGeometry(row.channels_out, 3, 1, 1, 1))
        case "relu":
            return layers.relu(row.name, shape)
        case "pool":
            return layers.pool(row.name, shape, 2, 2)
        case "flatten":
            return layers.flatten(row.name, shape, (1, row.channels_out, 1, 1))
        case "fc":
            return layers.mlp(row.name, 1, row.channels_in, row.channels_out)
        case "softmax":
            return layers.softmax(row.name, shape, 1)


def _arguments(layer: Layer) -> tuple[int | str | bool, ...]:
    """What the hand-in said of this layer alone, whatever comes in."""
    outputs = layer.shape_out[1] if layer.has_parameters else 0
    whole = layer.kind != "softmax" or layer.shape_in[layer.axis] == math.prod(layer.shape_in)
    return (layer.kind, outputs, layer.kernel, layer.stride, layer.pad, whole)


def _words(layer: Layer) -> str:
    """A layer as the call that makes it, and the shape that comes out; of one language, the libraries' own."""
    shape = layer.shape_out
    said = {
        "conv": f"kernel_size {layer.kernel}, stride {layer.stride}, pad {layer.pad}",
        "pool": f"kernel_size {layer.kernel}, stride {layer.stride}",
        "softmax": f"axis {layer.axis}",
    }.get(layer.kind, "")
    return f"{_CALLS[layer.kind]}({said}) → {shape}"


def _differs(number: int, got: Layer, expected: Layer) -> Fault:
    return Fault(Verdict.WRONG, text("dlp.layer", number=number, got=_words(got), expected=_words(expected)))


def _absent(number: int, count: int, expected: Layer) -> Fault:
    return Fault(Verdict.ERROR, text("dlp.no_layer", number=number, count=count, expected=_words(expected)))
