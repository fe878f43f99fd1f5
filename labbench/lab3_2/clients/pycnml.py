"""The course's `pycnml` 0.3 for the MLU270, emulated: int8 convolutions and fully connected layers, float16 maps, NCHW.

The calls are the vendor's. createConvLayer and createFlattenLayer also take the handout's own argument lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from labbench.lab3_2.clients import _dlp, _swig
    from labbench.lab3_2.clients._swig import DoubleVector, FloatVector, IntVector
else:
    import _dlp
    import _swig
    from _swig import DoubleVector, FloatVector, IntVector

__all__ = ["CNML_MLU100", "CNML_MLU220", "CNML_MLU270", "CnmlNet", "DoubleVector", "FloatVector", "IntVector",
           "QuantParam", "QuantTool"]  # fmt: skip

CNML_MLU100 = 3
CNML_MLU270 = 5
CNML_MLU220 = 6

_CHUNK = 1 << 20


class QuantParam:
    """How numbers become int8: round(x · scale / 2^position). QuantParam() is (1, 1)."""

    def __init__(self, *args: Any) -> None:
        match args:
            case []:
                self._position, self._scale = 1, 1.0
            case [int() as position, int() | float() as scale]:
                self.position, self.scale = position, scale
            case _:
                raise _swig.overloaded(
                    "new_QuantParam", "QuantParam::QuantParam()", "QuantParam::QuantParam(int,float)"
                )

    @property
    def position(self) -> int:
        """The exponent of two, a C int."""
        return self._position

    @position.setter
    def position(self, value: int) -> None:
        self._position = _swig.integer(value, _swig.argument("QuantParam", "position_set", 2))

    @property
    def scale(self) -> float:
        """A C float."""
        return self._scale

    @scale.setter
    def scale(self, value: float) -> None:
        self._scale = _swig.real(value, _swig.argument("QuantParam", "scale_set", 2))


class QuantTool:
    """Finds QuantParams; remembers the largest absolute value seen under each layer name."""

    def __init__(self) -> None:
        self._largest: dict[str, float] = {}

    def getQuantParam(self, data: Any, layer_name: str) -> QuantParam:
        """For what was seen under that name so far: position = ceil(log2(max / 127)), scale in [1, 2).

        Raises:
            TypeError: data is no vector of floats.
        """
        values = _swig.floats(data, _swig.argument("QuantTool", "getQuantParam", 2))
        name = _swig.string(layer_name, _swig.argument("QuantTool", "getQuantParam", 3))
        largest = self._largest.get(name, 0.0)
        for start in range(0, len(values), _CHUNK):
            # A NaN is never larger.
            largest = max(largest, float(np.fmax.reduce(np.abs(values[start : start + _CHUNK]))))
        self._largest[name] = largest
        (position, scale), _ = _dlp.call("getQuantParam", largest)
        return QuantParam(position, scale)


class CnmlNet(_dlp.Net):
    """A net on the device. Shapes are (N, C, H, W) and follow from layer to layer."""

    _library = "pycnml"

    def __init__(self, core_num: int = 1, core_version: int = CNML_MLU270) -> None:
        cores = _swig.integer(core_num, _swig.argument("new", "CnmlNet", 1))
        _swig.integer(core_version, _swig.argument("new", "CnmlNet", 2))
        super().__init__(cores)

    def setInputShape(self, d1: int, d2: int, d3: int, d4: int) -> None:
        """N, C, H, W; before the first layer."""
        self._ask("setInputShape", self._ints("setInputShape", 2, (d1, d2, d3, d4)))

    def createConvLayer(
        self,
        name: str,
        out_channel: int,
        kernel_size: int,
        stride: int,
        dilation: int,
        pad: int,
        input_quant_param: QuantParam,
    ) -> None:
        """A convolution.

        The handout's order is taken, too: (name, kernel_size, channel_in, channel_out, padding, stride, params). The
        rule: the order above whenever it gives a kernel of at most 11 and a stride of at most the kernel; otherwise
        the handout's if channel_in is the number of channels that come in.

        Raises:
            ValueError: neither, or the numbers do not fit.
        """
        method = "createConvLayer"
        self._create(method, name, self._ints(method, 3, (out_channel, kernel_size, stride, dilation, pad)),
                     self._quant(method, 8, input_quant_param))  # fmt: skip

    def createMlpLayer(self, name: str, output_num: int, input_quant_param: QuantParam) -> None:
        """A fully connected layer."""
        method = "createMlpLayer"
        self._create(method, name, self._ints(method, 3, [output_num]), self._quant(method, 4, input_quant_param))

    def createPoolingLayer(self, name: str, kernel_size: int, stride: int) -> None:
        """Max pooling; what fills no window at the edge is left out."""
        self._create("createPoolingLayer", name, self._ints("createPoolingLayer", 3, (kernel_size, stride)))

    def createFlattenLayer(self, name: str, *shapes: Any, output_shape: Any = None) -> None:
        """(name, output_shape): the values in H, W, C order. The handout has (name, input_shape, output_shape).

        Raises:
            ValueError: a shape holds another number of values.
        """
        method = "createFlattenLayer"
        if output_shape is not None:
            shapes = (*shapes, output_shape)
        if len(shapes) not in (1, 2):
            raise TypeError(f"{method}() takes (name, output_shape) or (name, input_shape, output_shape)")
        self._create(method, name, *(_swig.integers(s, self._where(method, n)) for n, s in enumerate(shapes, 3)))

    def createSoftmaxLayer(self, name: str, axis: int) -> None:
        """Probabilities along an axis of (N, C, H, W)."""
        self._create("createSoftmaxLayer", name, self._ints("createSoftmaxLayer", 3, [axis]))

    def loadParams(self, layer_id: int, filter_data: Any, bias_data: Any, filter_quant_param: QuantParam) -> None:
        """Filter, flat from [out, in, h, w] or [out, in], and bias of a layer; ends the process if it takes none.

        Raises:
            TypeError: not vectors of floats.
            ValueError: of another length.
        """
        method = "loadParams"
        number = _swig.integer(layer_id, self._where(method, 2))
        filters, biases = (_swig.floats(d, self._where(method, n)) for n, d in enumerate((filter_data, bias_data), 3))
        quant = self._quant(method, 5, filter_quant_param)
        _dlp.send(method, (self._number, number, len(filters), len(biases), quant), filters, biases)

    def _create(self, method: str, name: str, *args: Any) -> None:
        self._ask(method, _swig.string(name, self._where(method, 2)), *args)

    def _quant(self, method: str, number: int, value: Any) -> list[Any]:
        if not isinstance(value, QuantParam):
            raise TypeError(f"{self._where(method, number)} of type 'QuantParam'")
        return [value.position, value.scale]
