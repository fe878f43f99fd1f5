"""The course's `pycnnl` 0.1 for the MLU370, emulated: float32, NHWC. Shapes are given with each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labbench.lab3_2.clients import _dlp, _swig
    from labbench.lab3_2.clients._swig import DoubleVector, FloatVector, IntVector
else:
    import _dlp
    import _swig
    from _swig import DoubleVector, FloatVector, IntVector

__all__ = ["CnnlNet", "DoubleVector", "FloatVector", "IntVector"]


class CnnlNet(_dlp.Net):
    """A net on the device. A shape is an IntVector, a list or a tuple."""

    _library = "pycnnl"

    def __init__(self) -> None:
        super().__init__(1)

    def setInputShape(self, *dims: int) -> None:
        """Four numbers, N, C, H, W, or two, for information: the first layer's own shape counts."""
        self._ask("setInputShape", [*self._dims("setInputShape", dims), 1, 1][:4])

    def setOutputShape(self, *dims: int) -> None:
        """Four numbers or two, for information."""
        self._dims("setOutputShape", dims)

    def createConvLayer(
        self, name: str, input_shape: Any, out_channel: int, kernel_size: int, stride: int, dilation: int, pad: int
    ) -> None:
        """A convolution; input_shape is N, C, H, W.

        Raises:
            ValueError: the shape is not that of the layer before, or the numbers do not fit.
        """
        method = "createConvLayer"
        numbers = self._ints(method, 4, (out_channel, kernel_size, stride, dilation, pad))
        self._create(method, name, [input_shape], numbers)

    def createPoolingLayer(self, name: str, input_shape: Any, kernel_size: int, stride: int) -> None:
        """Max pooling; input_shape is N, C, H, W; what fills no window at the edge is left out.

        Raises:
            ValueError: the shape is not that of the layer before, or the numbers do not fit.
        """
        method = "createPoolingLayer"
        self._create(method, name, [input_shape], self._ints(method, 4, (kernel_size, stride)))

    def createMlpLayer(self, name: str, input_shape: Any, weight_shape: Any, output_shape: Any) -> None:
        """A fully connected layer: (1, 1, 1, in), (1, 1, in, out), (1, 1, 1, out).

        Raises:
            ValueError: the shapes do not fit each other or the layer before.
        """
        self._create("createMlpLayer", name, [input_shape, weight_shape, output_shape])

    def createSoftmaxLayer(self, name: str, input_shape: Any, axis: int) -> None:
        """Probabilities over the innermost of the three dimensions that has more than one value, whatever the axis.

        Raises:
            ValueError: the shape does not fit the layer before.
        """
        method = "createSoftmaxLayer"
        self._create(method, name, [input_shape], self._ints(method, 4, [axis]))

    def loadParams(self, layer_id: int, filter_data: Any, bias_data: Any) -> None:
        """Filter, flat from [out, h, w, in] or [in, out], and bias of a layer; ends the process if it takes none.

        Raises:
            TypeError: not vectors of floats.
            ValueError: of another length.
        """
        method = "loadParams"
        number = _swig.integer(layer_id, self._where(method, 2))
        filters, biases = (_swig.floats(d, self._where(method, n)) for n, d in enumerate((filter_data, bias_data), 3))
        _dlp.send(method, (self._number, number, len(filters), len(biases), None), filters, biases)

    def _create(self, method: str, name: str, shapes: list[Any], *args: Any) -> None:
        called = _swig.string(name, self._where(method, 2))
        self._ask(method, called, *(_swig.integers(s, self._where(method, n)) for n, s in enumerate(shapes, 3)), *args)

    def _dims(self, method: str, dims: tuple[Any, ...]) -> list[int]:
        if len(dims) not in (2, 4):
            raise _swig.overloaded(f"CnnlNet_{method}")
        return self._ints(method, 2, dims)
