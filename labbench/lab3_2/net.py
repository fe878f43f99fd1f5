"""One net on the emulated DLP: its layers, its parameters, its input and output; what a grader reads of it."""

from __future__ import annotations

import math
import os
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from labbench import timing
from labbench.lab3_2.arithmetic import Parameters
from labbench.lab3_2.layers import DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from labbench.lab3_2.arithmetic import Floats
    from labbench.lab3_2.engines.quantisation import Quantisation
    from labbench.lab3_2.layers import Layer, Shape
    from labbench.lab3_2.libraries import Library

#: How many numbers come at once, at most: 4 MB.
CHUNK = 1 << 20
MOST_LAYERS = 256
#: What all layers of a net may take: five times VGG19. A few seconds, half a minute for the worst that can be made.
_MOST_EFFORT = 200_000_000_000
#: How many numbers of a filter a grader compares.
SAMPLE = 4096


@dataclass(frozen=True, slots=True)
class Work:
    """What a layer costs the device, for a model of its time.

    Attributes:
        operations: `Layer.operations`.
        parameter_bytes: Filter and bias, as the device keeps them.
        map_bytes: The maps that come in and go out.
    """

    operations: int
    parameter_bytes: int
    map_bytes: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded into a layer, as the device understands it.

    Attributes:
        filter: float32, at most `SAMPLE` numbers, always from the same places of a filter of that size; of
            pycnml what the quantised ones stand for.
        bias: float32 (C_out,).
        quantisation: The filter's, of pycnml.
    """

    filter: Floats
    bias: Floats
    quantisation: Quantisation | None


@dataclass(slots=True)
class Incoming:
    """Numbers on their way into arrays of the device, chunk by chunk.

    Attributes:
        parts: Each a flat array to fill, and how a chunk is kept in it.
        done: Called when all have come.
    """

    parts: list[tuple[NDArray[Any], Callable[[Floats], NDArray[Any]]]]
    done: Callable[[], None]
    filled: int = 0

    @property
    def expected(self) -> int:
        """How many numbers the next chunk has; 0 when all have come."""
        return min(CHUNK, len(self.parts[0][0]) - self.filled) if self.parts else 0

    def take(self, chunk: Floats) -> None:
        """Keep the next `expected` numbers, float32."""
        target, kept = self.parts[0]
        with np.errstate(all="ignore"):  # a device overflows without a word
            target[self.filled : self.filled + len(chunk)] = kept(chunk)
        self.filled += len(chunk)
        if self.filled == len(target):
            self.filled = 0
            self.parts.pop(0)
        if not self.parts:
            self.done()


class Net:
    """A net, by whatever calls a hand-in makes. Methods raise DeviceError for what the library does not take.

    Attributes:
        library: Which of the two made it.
        cores: What CnmlNet was made with.
        input_shape: (N, C, H, W) of setInputShape, or None.
        input: The input as it came, flat float32 (read it, do not write), or None.
        output: The last layer's after the last forward, flat float32, or None.
        forward_seconds: CPU seconds of the emulation, of each of the last forwards of the net as it is.
    """

    def __init__(self, library: Library, cores: int) -> None:
        self.library = library
        self.cores = cores
        self.input_shape: Shape | None = None
        self.input: Floats | None = None
        self.output: Floats | None = None
        self.forward_seconds: deque[float] = deque(maxlen=1000)
        self._layers: list[Layer] = []
        self._parameters: dict[int, Parameters] = {}

    # -- what a grader reads --------------------------------------------------------------------------------

    @property
    def layers(self) -> Sequence[Layer]:
        """The layers, by id."""
        return tuple(self._layers)

    @property
    def loaded(self) -> frozenset[int]:
        """The ids of the layers that have their parameters."""
        return frozenset(self._parameters)

    @property
    def nbytes(self) -> int:
        """What its parameters, its input and its output take."""
        maps = sum(values.nbytes for values in (self.input, self.output) if values is not None)
        return maps + sum(p.filter.nbytes + p.bias.nbytes for p in self._parameters.values())

    def parameters(self, layer_id: int) -> Loaded:
        """What was loaded into a layer.

        Raises:
            KeyError: nothing was.
        """
        kept = self._parameters[layer_id]
        sample = kept.filter.reshape(-1)[sampled(kept.filter.size)]
        restored = self.library.arithmetic.restored(sample, kept.quantisation)
        return Loaded(restored, kept.bias.astype(np.float32), kept.quantisation)

    def work(self, layer_id: int) -> Work:
        """What a layer costs.

        Raises:
            IndexError: there is none of that id.
        """
        layer = self._layers[layer_id]
        numbers = math.prod(layer.shape_in) + math.prod(layer.shape_out)
        maps = numbers * self.library.arithmetic.dtype.itemsize
        return Work(layer.operations, self.parameter_bytes(layer), maps)

    def parameter_bytes(self, layer: Layer) -> int:
        """What the parameters of a layer take on the device."""
        arithmetic = self.library.arithmetic
        biases = layer.shape_out[1] if layer.has_parameters else 0
        return layer.filter_size * arithmetic.filter_dtype.itemsize + biases * arithmetic.dtype.itemsize

    # -- what the library does ------------------------------------------------------------------------------

    def set_input_shape(self, shape: Shape) -> None:
        """pycnml: before the layers. pycnnl: for information, unless the first layer is one without a shape."""
        if self._layers and self.library.shape_first:
            raise DeviceError("setInputShape must come before the layers")
        self.input_shape = shape

    def create(self, call: str, name: str, args: list[Any]) -> None:
        """Add a layer by one of the library's create* calls."""
        before = self._layers[-1].shape_out if self._layers else None
        if before is None and (self.library.shape_first or call == "createReLuLayer"):
            before = self.input_shape
        layer = self.library.create[call](name, args, before)
        if len(self._layers) == MOST_LAYERS or layer.effort + sum(row.effort for row in self._layers) > _MOST_EFFORT:
            raise DeviceError(f"layer {name}: the net is too large for this device")
        self._layers.append(layer)
        # They were another net's.
        self.output = None
        self.forward_seconds.clear()

    def load(self, layer_id: int, counts: tuple[int, int], quantisation: Quantisation | None, room: int) -> Incoming:
        """Get ready for the filter and the bias of a layer, of which the hand-in has so many numbers.

        What the layer had is gone from here on, so that there need not be room for both. `room` is how many bytes the
        device has left, here and below.
        """
        layer = self.layer(layer_id)
        if not layer.has_parameters:
            raise DeviceError(f"layer {layer_id}, {layer.name}, has no parameters to load", ends=True)
        arithmetic = self.library.arithmetic
        shape, outputs = arithmetic.filter_shape(layer), layer.shape_out[1]
        for what, expected, given in (
            (f"filter {shape}", layer.filter_size, counts[0]),
            (f"bias ({outputs},)", outputs, counts[1]),
        ):
            if given != expected:
                raise DeviceError(f"layer {layer_id}, {layer.name}: the {what} has {expected} values, got {given}")
        before = self._parameters.pop(layer_id, None)
        freed = before.filter.nbytes + before.bias.nbytes if before is not None else 0
        if self.parameter_bytes(layer) > room + freed:
            raise DeviceError(f"layer {layer_id}, {layer.name}: the device has no room for its parameters")
        kept = Parameters(np.empty(shape, arithmetic.filter_dtype), np.empty(outputs, arithmetic.dtype), quantisation)
        return Incoming(
            [
                (kept.filter.reshape(-1), lambda chunk: arithmetic.stored(chunk, quantisation)),
                (kept.bias, lambda chunk: chunk),
            ],
            lambda: self._parameters.update({layer_id: kept}),
        )

    def set_input(self, count: int, room: int) -> Incoming:
        """Get ready for the input, of which the hand-in has so many numbers."""
        shape = self._first_shape()
        if shape is None:
            raise DeviceError("setInputData: the input's shape is not known; setInputShape first")
        if count != math.prod(shape):
            raise DeviceError(f"setInputData: the input {shape} has {math.prod(shape)} values, got {count}")
        if 4 * count > room:
            raise DeviceError("setInputData: the device has no room for the input")
        values = np.empty(count, np.float32)

        def done() -> None:
            self.input = values

        return Incoming([(values, lambda chunk: chunk)], done)

    def forward(self, room: int) -> None:
        """Run all layers."""
        missing = next(
            (i for i, row in enumerate(self._layers) if row.has_parameters and i not in self._parameters), None
        )
        if missing is not None:
            raise DeviceError(f"layer {missing}, {self._layers[missing].name}: parameters were not loaded", ends=True)
        shape = self._first_shape()
        if not self._layers or shape is None or self.input is None or self.input.size != math.prod(shape):
            raise DeviceError("forward: layers and input data are needed first")
        if 4 * math.prod(self._layers[-1].shape_out) > room:
            raise DeviceError("forward: the device has no room for the output")
        # One thread: idle ones would spin, and count. A device overflows without a word.
        with threadpool_limits(1), np.errstate(all="ignore"):
            start = timing.cpu_ns(os.getpid())
            x = self.library.arithmetic.entered(self.input, shape)
            for i, layer in enumerate(self._layers):
                x = self.library.arithmetic.run(layer, x, self._parameters.get(i))
            self.output = np.ascontiguousarray(x, dtype=np.float32).reshape(-1)
            self.forward_seconds.append((timing.cpu_ns(os.getpid()) - start) / 1e9)

    def size(self) -> int:
        """How many layers the library says there are."""
        hidden = self.library.hidden_cast and not self._parameters
        return max(0, len(self._layers) - hidden)

    def layer(self, layer_id: int) -> Layer:
        """The layer of an id, from 0."""
        if layer_id not in range(len(self._layers)):
            raise DeviceError(f"there is no layer {layer_id}; the net has {len(self._layers)}, from 0")
        return self._layers[layer_id]

    def _first_shape(self) -> Shape | None:
        return self._layers[0].shape_in if self._layers else self.input_shape


def sampled(size: int) -> NDArray[np.int64]:
    """The places of a filter of that size which a grader compares: all of a small one, else `SAMPLE` random ones."""
    if size <= SAMPLE:
        return np.arange(size)
    # Of the raw stream NumPy promises that it never changes.
    return (np.random.Philox(key=size).random_raw(SAMPLE) % np.uint64(size)).astype(np.int64)
