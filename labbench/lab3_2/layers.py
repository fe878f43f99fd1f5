"""One layer of a net on the emulated DLP: what it computes, its shapes, what it costs; and how the libraries complain.

Shapes are (N, C, H, W) in both libraries, whatever the order of the numbers in memory. Nothing that a hand-in says is
believed: whoever makes a layer here has a layer that the engines can compute in bounded time and memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from labbench.lab3_2.engines.quantisation import Quantisation

Kind = Literal["conv", "mlp", "relu", "pool", "flatten", "softmax"]
Shape = tuple[int, int, int, int]

#: The most numbers of a feature map, and of a convolution's filter: five pictures of VGG19 at once, seven times its
#: largest filter. The engines have some of them as float64 for a moment.
MOST_NUMBERS = 1 << 24
#: What the emulation's other work costs, in multiply-adds that take as long: a number of a window that is copied, one
#: that goes in or out of a layer, a sample of a convolution. Measured, on the slow side for the worst layers.
_COPIED, _MOVED, _SAMPLE = 32, 256, 1 << 19


class DeviceError(Exception):
    """A call that the library does not take: what it says, in English as all its messages.

    `ends`: the vendor's library prints this and ends the process; otherwise it checks nothing, and ours raises
    ValueError in the hand-in, so that the student sees the line.
    """

    def __init__(self, message: str, *, ends: bool = False) -> None:
        self.ends = ends
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer; `kernel`, `stride` and `pad` are those of a convolution or pooling, `axis` a softmax's.

    Attributes:
        name: As the hand-in calls it.
        kind: What it computes.
        shape_in: (N, C, H, W); (rows, n_in, 1, 1) of a fully connected layer.
        shape_out: Likewise.
        quantisation: How a convolution or fully connected layer of pycnml quantises its input.
    """

    name: str
    kind: Kind
    shape_in: Shape
    shape_out: Shape
    kernel: int = 1
    stride: int = 1
    pad: int = 0
    axis: int = 1
    quantisation: Quantisation | None = None

    @property
    def has_parameters(self) -> bool:
        """Whether it has a filter and a bias, the same layers that are to be quantised."""
        return self.kind in ("conv", "mlp")

    @property
    def filter_size(self) -> int:
        """How many numbers its filter has."""
        return self.shape_out[1] * self.shape_in[1] * self.kernel**2 if self.has_parameters else 0

    @property
    def multiply_adds(self) -> int:
        """Products of filter and input that are summed; 0 without a filter."""
        return self.filter_size * self.shape_out[0] * self.shape_out[2] * self.shape_out[3]

    @property
    def operations(self) -> int:
        """Arithmetic operations: 2 a product, a comparison for each number of a pooling window, 1 a number else."""
        match self.kind:
            case "conv" | "mlp":
                return 2 * self.multiply_adds
            case "pool":
                return self.kernel**2 * math.prod(self.shape_out)
            case "flatten":
                return 0
        return math.prod(self.shape_out)

    @property
    def effort(self) -> int:
        """About how long the emulation takes, in multiply-adds."""
        moved = _MOVED * (math.prod(self.shape_in) + math.prod(self.shape_out))
        if self.kind not in ("conv", "pool"):
            return self.multiply_adds + moved
        n, _, height, width = self.shape_out
        windows = _COPIED * self.kernel**2 * n * self.shape_in[1] * height * width
        return self.multiply_adds + windows + moved + (_SAMPLE * n if self.kind == "conv" else 0)


@dataclass(frozen=True, slots=True)
class ConvGeometry:
    """The five numbers of a convolution, in the vendor's order."""

    channels_out: int
    kernel: int
    stride: int
    dilation: int
    pad: int


def checked_shape(what: str, shape: tuple[int, ...]) -> Shape:
    """Four positive numbers whose product the device has room for.

    Raises:
        DeviceError: it is something else.
    """
    if len(shape) != 4 or min(shape) < 1 or math.prod(shape) > MOST_NUMBERS:
        raise DeviceError(f"{what}: {shape} is no shape of four positive numbers, at most {MOST_NUMBERS} values")
    return (shape[0], shape[1], shape[2], shape[3])


def conv(name: str, shape: Shape, geometry: ConvGeometry, quantisation: Quantisation | None = None) -> Layer:
    """A convolution: H_out = (H + 2·pad − kernel) // stride + 1, and so W_out.

    Raises:
        DeviceError: the numbers do not fit.
    """
    g = geometry
    if min(g.channels_out, g.kernel, g.stride) < 1 or g.pad < 0:
        raise DeviceError(f"layer {name}: not a convolution: {g}")
    if g.dilation != 1:
        raise DeviceError(f"layer {name}: dilation {g.dilation}; this device has dilation 1 only")
    n, c, h, w = shape
    checked_shape(f"layer {name} with its padding", (n, c, h + 2 * g.pad, w + 2 * g.pad))
    height, width = _windows(name, (h + 2 * g.pad, w + 2 * g.pad), g.kernel, g.stride)
    shape_out = checked_shape(f"layer {name}", (n, g.channels_out, height, width))
    # The engines gather the windows of a row of the output, at least, at once.
    checked_shape(f"layer {name}: the windows of a row", (width, c, g.kernel, g.kernel))
    checked_shape(f"layer {name}: the filter", (g.channels_out, c, g.kernel, g.kernel))
    return Layer(name, "conv", shape, shape_out, g.kernel, g.stride, g.pad, quantisation=quantisation)


def pool(name: str, shape: Shape, kernel: int, stride: int) -> Layer:
    """Max pooling without padding; rows and columns that fill no window are left out.

    Raises:
        DeviceError: the numbers do not fit.
    """
    if min(kernel, stride) < 1:
        raise DeviceError(f"layer {name}: not a pooling: kernel {kernel}, stride {stride}")
    height, width = _windows(name, shape[2:], kernel, stride)
    return Layer(name, "pool", shape, (*shape[:2], height, width), kernel, stride)


def mlp(name: str, rows: int, size_in: int, size_out: int, quantisation: Quantisation | None = None) -> Layer:
    """A fully connected layer, (rows, size_in) → (rows, size_out).

    Raises:
        DeviceError: `size_out` is not positive or too large.
    """
    shape_out = checked_shape(f"layer {name}", (rows, size_out, 1, 1))
    return Layer(name, "mlp", (rows, size_in, 1, 1), shape_out, quantisation=quantisation)


def relu(name: str, shape: Shape) -> Layer:
    """max(x, 0)."""
    return Layer(name, "relu", shape, shape)


def flatten(name: str, shape: Shape, shape_out: tuple[int, ...]) -> Layer:
    """The same numbers in H, W, C order.

    Raises:
        DeviceError: `shape_out` holds another number of values.
    """
    # The handout's text gives fewer than four numbers, and as in lab 3-1 without N.
    whole = shape_out if len(shape_out) > 1 and shape_out[0] == shape[0] else (shape[0], *shape_out)
    shape_to = checked_shape(f"layer {name}", shape_out if len(shape_out) >= 4 else (*whole, 1, 1, 1)[:4])
    if math.prod(shape_to) != math.prod(shape):
        raise DeviceError(
            f"layer {name}: output shape {shape_out} does not hold the {math.prod(shape)} values of {shape}"
        )
    return Layer(name, "flatten", shape, shape_to)


def softmax(name: str, shape: Shape, axis: int) -> Layer:
    """Probabilities along one axis of (N, C, H, W).

    Raises:
        DeviceError: there is no such axis.
    """
    if axis not in range(4):
        raise DeviceError(f"layer {name}: axis {axis}; a softmax has 0 to 3")
    return Layer(name, "softmax", shape, shape, axis=axis)


def _windows(name: str, size: tuple[int, int], kernel: int, stride: int) -> tuple[int, int]:
    if kernel > min(size):
        raise DeviceError(f"layer {name}: kernel {kernel} is larger than the map, {size[0]} × {size[1]}")
    return (size[0] - kernel) // stride + 1, (size[1] - kernel) // stride + 1
