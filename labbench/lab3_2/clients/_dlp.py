"""Calls to the device, and what the nets of the two client libraries share."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labbench.lab3_2.clients._swig import Floats, argument, floats, integer, string
    from labbench.worker.inside.service import ask
else:
    from _swig import argument, floats, integer, string
    from labbench_inside.service import ask

#: Between a call that announces numbers and the last of them, no other thread may call.
_calling = threading.RLock()


def call(op: str, *args: Any) -> tuple[Any, Any]:
    """Ask the device: a plain value and the arrays that came with it.

    Raises:
        ValueError: the device does not take it.
        SystemExit: it does not, and the vendor's library ends the process with a line that starts with ERROR.
    """
    with _calling:
        return _answer(*ask(op, *args))


def send(op: str, args: tuple[Any, ...], *values: Floats) -> None:
    """Ask the device, and give it numbers, float32, in chunks of the length it asks for.

    Raises:
        ValueError, SystemExit: as `call`.
    """
    with _calling:
        length, _ = call(op, *args)
        for source in values:
            for start in range(0, len(source), length):
                with np.errstate(over="ignore"):
                    chunk = source[start : start + length].astype(np.float32)
                _answer(*ask("data", arrays=[chunk]))


def _answer(told: Any, arrays: Any) -> tuple[Any, Any]:
    if "error" not in told:
        return told["value"], arrays
    if told["ends"]:
        line = "ERROR: " + told["error"]
        print(line, flush=True)  # noqa: T201 - as the vendor's
        raise SystemExit(1) from ValueError(line)  # the cause is for whoever reports it
    raise ValueError(told["error"])


#: Nets that the hand-in has let go; told with the next one made, since a destructor may run amid another call.
_released: list[int] = []


class Net:
    """What CnmlNet and CnnlNet share; ids of layers count from 0 in the order of creation."""

    _library = ""

    def __init__(self, cores: int) -> None:
        gone: list[int] = []
        while _released:
            gone.append(_released.pop())
        self._number, _ = call("create", self._library, cores, gone)
        weakref.finalize(self, _released.append, self._number).atexit = False

    def _where(self, method: str, number: int) -> str:
        return argument(type(self).__name__, method, number)

    def _ask(self, op: str, *args: Any) -> Any:
        return call(op, self._number, *args)[0]

    def _ints(self, method: str, first: int, values: Iterable[Any]) -> list[int]:
        return [integer(value, self._where(method, number)) for number, value in enumerate(values, first)]

    def createReLuLayer(self, name: str) -> None:
        """max(x, 0)."""
        self._ask("createReLuLayer", string(name, self._where("createReLuLayer", 2)))

    def setInputData(self, data: Any) -> None:
        """The input, flat.

        Raises:
            TypeError: not a vector of floats.
            ValueError: of another length than the input shape.
        """
        values = floats(data, self._where("setInputData", 2))
        send("setInputData", (self._number, len(values)), values)

    def forward(self) -> None:
        """Run all layers; ends the process if one has no parameters yet."""
        self._ask("forward")

    def getOutputData(self) -> tuple[float, ...]:
        """What the last layer gave, flat."""
        _, (output,) = call("getOutputData", self._number)
        return tuple(output.tolist())

    def size(self) -> int:
        """How many layers there are."""
        return int(self._ask("size"))

    def getLayerName(self, layer_id: int) -> str:
        """The name that a layer was created with."""
        return str(self._ask("getLayerName", integer(layer_id, self._where("getLayerName", 2))))

    def needToBeQuantized(self, layer_id: int) -> bool:
        """Whether it is a convolution or a fully connected layer."""
        return bool(self._ask("needToBeQuantized", integer(layer_id, self._where("needToBeQuantized", 2))))
