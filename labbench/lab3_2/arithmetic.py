"""What a net computes with: how each of the two devices keeps its parameters and runs a layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from labbench.lab3_2.engines import float32, int8
from labbench.lab3_2.engines.quantisation import quantise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labbench.lab3_2.engines.quantisation import Quantisation
    from labbench.lab3_2.layers import Layer, Shape

    Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Parameters:
    """A layer's filter and bias as the device keeps them; `quantisation` is the filter's, of pycnml."""

    filter: NDArray[Any]
    bias: NDArray[Any]
    quantisation: Quantisation | None = None


class Arithmetic(Protocol):
    """The arithmetic of one device. Feature maps are arrays in its own order and dtype.

    Attributes:
        filter_dtype: What a filter is kept in.
        dtype: What a bias and a feature map are kept in.
    """

    filter_dtype: np.dtype[Any]
    dtype: np.dtype[Any]

    def filter_shape(self, layer: Layer) -> tuple[int, ...]:
        """The order of a filter's numbers."""

    def stored(self, values: Floats, quantisation: Quantisation | None) -> NDArray[Any]:
        """Some numbers of a filter as they are kept; of any shape."""

    def restored(self, values: NDArray[Any], quantisation: Quantisation | None) -> Floats:
        """The numbers that these stand for."""

    def entered(self, values: Floats, shape: Shape) -> NDArray[Any]:
        """A net's input, flat in the device's order, as a feature map."""

    def run(self, layer: Layer, x: NDArray[Any], parameters: Parameters | None) -> NDArray[Any]:
        """One layer forward."""


class Int8:
    """pycnml on the MLU270: float16 feature maps, int8 filters, NCHW."""

    filter_dtype = np.dtype(np.int8)
    dtype = np.dtype(np.float16)

    def filter_shape(self, layer: Layer) -> tuple[int, ...]:
        """[out, in, h, w] of a convolution, [out, in] of a fully connected layer."""
        square = (layer.kernel, layer.kernel) if layer.kind == "conv" else ()
        return (layer.shape_out[1], layer.shape_in[1], *square)

    def stored(self, values: Floats, quantisation: Quantisation | None) -> NDArray[np.int8]:
        """Quantised."""
        assert quantisation is not None  # noqa: S101 - pycnml's loadParams has one
        return quantise(values, quantisation)

    def restored(self, values: NDArray[Any], quantisation: Quantisation | None) -> Floats:
        """As q · 2^position / scale."""
        assert quantisation is not None  # noqa: S101
        with np.errstate(over="ignore"):  # a position may take it beyond float32
            return (values / quantisation.factor).astype(np.float32)

    def entered(self, values: Floats, shape: Shape) -> NDArray[np.float16]:
        """Rounded to float16."""
        return values.astype(np.float16).reshape(shape)

    def run(self, layer: Layer, x: NDArray[Any], parameters: Parameters | None) -> NDArray[np.float16]:
        """One layer forward, (N, C, H, W) → (N, C, H, W)."""
        match layer.kind:
            case "conv":
                return int8.conv2d(x, _weights(layer, parameters), layer.stride, layer.pad)
            case "mlp":
                return int8.mlp(x.reshape(layer.shape_in[:2]), _weights(layer, parameters)).reshape(layer.shape_out)
            case "relu":
                return int8.relu(x)
            case "pool":
                return int8.max_pool(x, layer.kernel, layer.stride)
            case "flatten":
                return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).reshape(layer.shape_out)
            case "softmax":
                return int8.softmax(x, layer.axis)


class Float32:
    """pycnnl on the MLU370: float32, NHWC."""

    filter_dtype = dtype = np.dtype(np.float32)

    def filter_shape(self, layer: Layer) -> tuple[int, ...]:
        """[out, h, w, in] of a convolution, [in, out] of a fully connected layer."""
        if layer.kind == "conv":
            return (layer.shape_out[1], layer.kernel, layer.kernel, layer.shape_in[1])
        return (layer.shape_in[1], layer.shape_out[1])

    def stored(self, values: Floats, quantisation: Quantisation | None) -> Floats:  # noqa: ARG002 - none here
        """As they are."""
        return values

    def restored(self, values: NDArray[Any], quantisation: Quantisation | None) -> Floats:  # noqa: ARG002
        """As they are."""
        return values

    def entered(self, values: Floats, shape: Shape) -> Floats:
        """In the order N, H, W, C."""
        return values.reshape(_nhwc(shape))

    def run(self, layer: Layer, x: NDArray[Any], parameters: Parameters | None) -> Floats:
        """One layer forward, (N, H, W, C) → (N, H, W, C)."""
        # A fully connected layer and a softmax are told their shapes; the numbers stay where they are.
        x = x.reshape(_nhwc(layer.shape_in))
        match layer.kind:
            case "conv":
                kept = _kept(parameters)
                return float32.conv2d(x, kept.filter, kept.bias, layer.stride, layer.pad)
            case "mlp":
                kept = _kept(parameters)
                y = float32.mlp(x.reshape(layer.shape_in[:2]), kept.filter, kept.bias)
                return y.reshape(_nhwc(layer.shape_out))
            case "relu":
                return float32.relu(x)
            case "pool":
                return float32.max_pool(x, layer.kernel, layer.stride)
            case "flatten":
                return x.reshape(_nhwc(layer.shape_out))
            case "softmax":
                return float32.softmax(x, axis=3)


def _nhwc(shape: Shape) -> Shape:
    n, c, h, w = shape
    return (n, h, w, c)


def _kept(parameters: Parameters | None) -> Parameters:
    assert parameters is not None  # noqa: S101 - a net without them does not run
    return parameters


def _weights(layer: Layer, parameters: Parameters | None) -> int8.Weights:
    kept = _kept(parameters)
    assert layer.quantisation is not None  # noqa: S101 - pycnml's create* has one
    assert kept.quantisation is not None  # noqa: S101
    return int8.Weights(kept.filter, kept.bias, layer.quantisation, kept.quantisation)
