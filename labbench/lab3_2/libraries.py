"""pycnml and pycnnl as data: what their create* calls mean, and in what else they differ.

Source: the argument lists and the behaviour of the vendor's two libraries as the course uses them. Where the vendor
checks nothing, a call that makes no sense is refused with the layer's name, what was expected and what was given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labbench.lab3_2 import layers
from labbench.lab3_2.arithmetic import Float32, Int8
from labbench.lab3_2.engines.quantisation import Quantisation
from labbench.lab3_2.layers import ConvGeometry, DeviceError, Layer, Shape, checked_shape
from labbench.worker.faults import protocol

if TYPE_CHECKING:
    from labbench.lab3_2.arithmetic import Arithmetic

#: The largest kernel that the vendor's order of a convolution's arguments is believed to mean.
_LARGEST_KERNEL = 11
_INT32 = range(-(2**31), 2**31)

#: (layer name, other arguments, shape before it or None) → the layer.
Create = Callable[[str, list[Any], Shape | None], Layer]


@dataclass(frozen=True, slots=True)
class Library:
    """One of the two.

    Attributes:
        name: As it is imported.
        create: The create* calls.
        arithmetic: What its device computes with.
        shape_first: Whether create* before setInputShape ends the process; else the shapes are with each layer.
        hidden_cast: Whether `size()` leaves out one layer until the first loadParams.
    """

    name: str
    create: Mapping[str, Create]
    arithmetic: Arithmetic
    shape_first: bool
    hidden_cast: bool


def integers(value: Any, count: int | None = None) -> tuple[int, ...]:
    """A list of C ints as our clients send it.

    Raises:
        Fault: FORBIDDEN, it is something else.
    """
    if not isinstance(value, list) or len(value) > 8 or count not in (None, len(value)):
        raise protocol()
    if not all(type(number) is int and number in _INT32 for number in value):
        raise protocol()
    return tuple(value)


def quantisation(where: str, value: Any) -> Quantisation:
    """A QuantParam, [position, scale].

    Raises:
        DeviceError: one of the two is out of range.
        Fault: FORBIDDEN, it is something else.
    """
    match value:
        case [int() as position, float() as scale]:
            try:
                return Quantisation(position, scale)
            except ValueError as error:
                raise DeviceError(f"{where}: QuantParam({position}, {scale}) is none: {error}") from error
    raise protocol()


def read_conv(name: str, numbers: tuple[int, ...], channels: int) -> ConvGeometry:
    """What five numbers after a convolution's name mean to pycnml.

    The vendor's order is out_channel, kernel_size, stride, dilation, pad; the handout's text prints kernel_size,
    channel_in, channel_out, padding, stride. The rule: the vendor's whenever it gives a kernel of at most 11 and a
    stride of at most the kernel, as every call in use does; otherwise the handout's if its channel_in is `channels`,
    the channels of the map that comes in.

    Raises:
        DeviceError: neither; it shows both readings.
    """
    a, b, c, d, e = numbers
    if b <= _LARGEST_KERNEL and c <= b:
        return ConvGeometry(a, b, c, d, e)
    if b == channels:
        return ConvGeometry(channels_out=c, kernel=a, stride=e, dilation=1, pad=d)
    raise DeviceError(
        f"layer {name}: createConvLayer{numbers} reads (out_channel {a}, kernel_size {b}, stride {c}, dilation {d}, "
        f"pad {e}), or as the handout has it (kernel_size {a}, channel_in {b}, channel_out {c}, padding {d}, stride "
        f"{e}); the first needs kernel_size ≤ {_LARGEST_KERNEL} and stride ≤ kernel_size, the second channel_in "
        f"{channels}, the channels that come in"
    )


# -- pycnml: shapes chain from layer to layer -------------------------------------------------------------------


def _chained(before: Shape | None) -> Shape:
    if before is None:
        raise DeviceError("setInputShape must come before the layers", ends=True)
    return before


def _cnml_conv(name: str, args: list[Any], before: Shape | None) -> Layer:
    numbers, quant = _arguments(args, 2)
    shape = _chained(before)
    geometry = read_conv(name, integers(numbers, 5), shape[1])
    return layers.conv(name, shape, geometry, quantisation(f"layer {name}", quant))


def _cnml_mlp(name: str, args: list[Any], before: Shape | None) -> Layer:
    numbers, quant = _arguments(args, 2)
    (size_out,) = integers(numbers, 1)
    shape = _chained(before)
    if sorted(shape[1:])[:2] != [1, 1]:
        raise DeviceError(
            f"layer {name}: createMlpLayer takes (N, values, 1, 1), not {shape}; createFlattenLayer first"
        )
    return layers.mlp(name, shape[0], math.prod(shape[1:]), size_out, quantisation(f"layer {name}", quant))


def _cnml_pool(name: str, args: list[Any], before: Shape | None) -> Layer:
    (numbers,) = _arguments(args, 1)
    kernel, stride = integers(numbers, 2)
    return layers.pool(name, _chained(before), kernel, stride)


def _cnml_flatten(name: str, args: list[Any], before: Shape | None) -> Layer:
    """The handout's text has the input shape, too; only the number of its values is looked at."""
    shape = _chained(before)
    given = [integers(numbers) for numbers in args]
    if len(given) not in (1, 2):
        raise protocol()
    if math.prod(given[0]) != math.prod(shape):
        raise DeviceError(f"layer {name}: {given[0]} does not hold the {math.prod(shape)} values of {shape}")
    return layers.flatten(name, shape, given[-1])


def _cnml_softmax(name: str, args: list[Any], before: Shape | None) -> Layer:
    (numbers,) = _arguments(args, 1)
    (axis,) = integers(numbers, 1)
    return layers.softmax(name, _chained(before), axis)


def _cnml_relu(name: str, args: list[Any], before: Shape | None) -> Layer:
    _arguments(args, 0)
    return layers.relu(name, _chained(before))


# -- pycnnl: shapes are given, and must be those of the layer before --------------------------------------------


def _given(name: str, value: Any, before: Shape | None) -> Shape:
    shape = checked_shape(f"layer {name}: input shape", integers(value))
    if before not in (None, shape):
        raise DeviceError(f"layer {name}: expects the input shape {before}, (N, C, H, W), got {shape}")
    return shape


def _cnnl_conv(name: str, args: list[Any], before: Shape | None) -> Layer:
    shape, numbers = _arguments(args, 2)
    geometry = ConvGeometry(*integers(numbers, 5))
    return layers.conv(name, _given(name, shape, before), geometry)


def _cnnl_pool(name: str, args: list[Any], before: Shape | None) -> Layer:
    shape, numbers = _arguments(args, 2)
    kernel, stride = integers(numbers, 2)
    return layers.pool(name, _given(name, shape, before), kernel, stride)


def _cnnl_mlp(name: str, args: list[Any], before: Shape | None) -> Layer:
    """(…, 1, 1, in), (…, 1, in, out), (…, 1, 1, out); the values of whatever comes in are taken as they lie."""
    given = _arguments(args, 3)
    shape, shape_out = (checked_shape(f"layer {name}", integers(given[i])) for i in (0, 2))
    weight = integers(given[1])
    _same_count(name, shape, before)
    rows, size_in, size_out = math.prod(shape[:3]), shape[3], shape_out[3]
    # Code in use gives the batch as the weight's first number, too.
    if weight[1:] != (1, size_in, size_out) or math.prod(shape_out[:3]) != rows:
        raise DeviceError(
            f"layer {name}: input {shape}, weight {weight} and output {shape_out} do not fit; "
            "expected (1, 1, 1, in), (1, 1, in, out), (1, 1, 1, out)"
        )
    return layers.mlp(name, rows, size_in, size_out)


def _cnnl_relu(name: str, args: list[Any], before: Shape | None) -> Layer:
    """The one call without a shape: that of the layer before, or setInputShape's."""
    _arguments(args, 0)
    if before is None:
        raise DeviceError(f"layer {name}: createReLuLayer is told no shape; setInputShape first")
    return layers.relu(name, before)


def _cnnl_softmax(name: str, args: list[Any], before: Shape | None) -> Layer:
    """Over the innermost dimension with more than one value, whatever the axis.

    All code in use gives (1, 1, 1000) and axis 1, and gets probabilities of the 1000.
    """
    value, numbers = _arguments(args, 2)
    shape, (axis,) = integers(value), integers(numbers, 1)
    if len(shape) != 3 or axis not in range(3):
        raise DeviceError(f"layer {name}: createSoftmaxLayer takes a shape of three numbers and an axis of 0 to 2")
    checked = checked_shape(f"layer {name}", (*shape, 1))
    _same_count(name, checked, before)
    classes = next((size for size in reversed(shape) if size > 1), 1)
    return layers.softmax(name, (math.prod(shape) // classes, classes, 1, 1), 1)


def _same_count(name: str, shape: Shape, before: Shape | None) -> None:
    if before is not None and math.prod(before) != math.prod(shape):
        raise DeviceError(
            f"layer {name}: expects an input shape of {math.prod(before)} values, those of {before}, got {shape}"
        )


# -- both -------------------------------------------------------------------------------------------------------


def _arguments(args: list[Any], count: int) -> list[Any]:
    if len(args) != count:
        raise protocol()
    return args


PYCNML = Library(
    "pycnml",
    {
        "createConvLayer": _cnml_conv,
        "createMlpLayer": _cnml_mlp,
        "createReLuLayer": _cnml_relu,
        "createPoolingLayer": _cnml_pool,
        "createFlattenLayer": _cnml_flatten,
        "createSoftmaxLayer": _cnml_softmax,
    },
    Int8(),
    shape_first=True,
    hidden_cast=True,
)
PYCNNL = Library(
    "pycnnl",
    {
        "createConvLayer": _cnnl_conv,
        "createMlpLayer": _cnnl_mlp,
        "createReLuLayer": _cnnl_relu,
        "createPoolingLayer": _cnnl_pool,
        "createSoftmaxLayer": _cnnl_softmax,
    },
    Float32(),
    shape_first=False,
    hidden_cast=False,
)
LIBRARIES: Mapping[str, Library] = {library.name: library for library in (PYCNML, PYCNNL)}
