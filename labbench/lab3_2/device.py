"""The emulated DLP of one session: the grader's side of `pycnml` and `pycnnl`.

Theory of operation. The hand-in's `pycnml` is a thin client that asks this device, which lives in the grader: its
results and clocks are out of the hand-in's reach, and it never holds a golden. It trusts nothing it is told. Whatever
our clients would send gets an answer, {"value": …}, or {"error": sentence, "ends": whether the vendor's library would
end the process}; anything else is FORBIDDEN, and the session over. Nets, layers, numbers and work are bounded.
Numbers come as float32 after a call has said how many, in chunks of exactly the announced length, and are stored
(quantised) as they come.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from labbench.lab3_2.engines.quantisation import parameters
from labbench.lab3_2.layers import DeviceError, checked_shape
from labbench.lab3_2.libraries import LIBRARIES, integers, quantisation
from labbench.lab3_2.net import CHUNK, Net
from labbench.worker.faults import protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from labbench.lab3_2.net import Incoming
    from labbench.results import Array

    OnLoaded = Callable[[str, int, int], None]

#: How many nets there may be at a time.
MOST_NETS = 8
#: What they may take together: two VGG19 of pycnnl.
MOST_BYTES = 1200 << 20
_LONGEST_NAME = 200


class Device:
    """What a session's clients ask. `nets` and `current` are for the grader."""

    def __init__(self, on_loaded: OnLoaded | None = None) -> None:
        """`on_loaded` is told of each layer whose parameters have come: its name, how many have, out of how many."""
        self._on_loaded = on_loaded
        self._nets: dict[int, Net] = {}
        self._created = 0
        self._current: Net | None = None
        self._incoming: Incoming | None = None

    @property
    def nets(self) -> Mapping[int, Net]:
        """The nets that the hand-in has not let go, by number, in the order of their making."""
        return MappingProxyType(self._nets)

    @property
    def current(self) -> Net | None:
        """The net that ran last; the one made last if none has run since."""
        return self._current

    # -- the service ----------------------------------------------------------------------------------------

    def admits(self, op: str, announced: Sequence[tuple[str, tuple[int, ...]]]) -> bool:
        """The next chunk, exactly, with `data`; nothing with anything else."""
        if op != "data":
            return not announced
        expected = self._incoming.expected if self._incoming is not None else 0
        return expected > 0 and list(announced) == [("float32", (expected,))]

    def answer(self, op: str, args: Sequence[Any], arrays: Sequence[Array]) -> tuple[Any, Sequence[Array]]:
        """Do what a client asks.

        Raises:
            Fault: FORBIDDEN, no client of ours would have asked that.
        """
        try:
            return self._answer(op, list(args), arrays)
        except DeviceError as error:
            return {"error": str(error), "ends": error.ends}, ()
        except MemoryError:
            return {"error": "the device is out of memory", "ends": False}, ()

    def _answer(self, op: str, args: list[Any], arrays: Sequence[Array]) -> tuple[Any, Sequence[Array]]:
        if op == "data":
            self._take(arrays)
            return {"value": None}, ()
        # What came of another call's numbers is forgotten: the client was interrupted.
        self._incoming = None
        match op, args:
            case "create", [str() as library, int() as cores, list() as released]:
                return {"value": self._create(library, cores, released)}, ()
            case "getQuantParam", [float() as largest]:
                return {"value": _quant_param(largest)}, ()
            case "getOutputData", [int() as number] if number in self._nets:
                return {"value": None}, (_output(self._nets[number]),)
            case _, [int() as number, *rest] if number in self._nets:
                return {"value": self._of_net(self._nets[number], op, rest)}, ()
        raise protocol()

    def _take(self, arrays: Sequence[Array]) -> None:
        if self._incoming is None or len(arrays) != 1:
            raise protocol()
        self._incoming.take(arrays[0])  # type: ignore[arg-type] # admitted as float32
        if not self._incoming.expected:
            self._incoming = None

    def _create(self, library: str, cores: int, released: list[Any]) -> int:
        if library not in LIBRARIES:
            raise protocol()
        for number in released:
            if type(number) is int:
                self._nets.pop(number, None)
        if len(self._nets) == MOST_NETS:
            raise DeviceError(f"the device holds {MOST_NETS} nets at a time, and there are as many")
        self._created += 1
        self._current = self._nets[self._created] = Net(LIBRARIES[library], cores)
        return self._created

    def _room(self) -> int:
        return MOST_BYTES - sum(net.nbytes for net in self._nets.values())

    def _of_net(self, net: Net, op: str, args: list[Any]) -> Any:
        match op, args:
            case "setInputShape", [list() as shape]:
                net.set_input_shape(checked_shape("setInputShape", integers(shape)))
            case _, [str() as name, *rest] if op in net.library.create:
                if len(name) > _LONGEST_NAME:
                    raise DeviceError(f"a layer's name has at most {_LONGEST_NAME} characters")
                net.create(op, name, rest)
            case "loadParams", [int() as layer, int() as filters, int() as biases, quant]:
                return self._load(net, layer, (filters, biases), quant)
            case "setInputData", [int() as count]:
                self._incoming = net.set_input(count, self._room())
                return CHUNK
            case "forward", []:
                self._current = net
                net.forward(self._room())
            case "size", []:
                return net.size()
            case "getLayerName", [int() as layer]:
                return net.layer(layer).name
            case "needToBeQuantized", [int() as layer]:
                return net.layer(layer).has_parameters
            case _:
                raise protocol()
        return None

    def _load(self, net: Net, layer: int, counts: tuple[int, int], quant: Any) -> int:
        """Returns how long the chunks are."""
        quantised = net.library.arithmetic.filter_dtype.kind == "i"
        if quantised == (quant is None):
            raise protocol()
        read = quantisation(f"layer {layer}", quant) if quantised else None
        incoming, told = net.load(layer, counts, read, self._room()), self._on_loaded

        def done() -> None:
            incoming.done()
            if told is not None:
                told(net.layer(layer).name, len(net.loaded), sum(row.has_parameters for row in net.layers))

        # Not `self`: a device in a cycle would keep what it holds until some garbage collection.
        self._incoming = replace(incoming, done=done)
        return CHUNK


def _output(net: Net) -> Array:
    if net.output is None:
        raise DeviceError("getOutputData: forward first")
    return net.output


def _quant_param(largest: float) -> list[Any]:
    try:
        found = parameters(largest)
    except ValueError as error:
        raise DeviceError(f"QuantTool: {error}") from error
    return [found.position, found.scale]
