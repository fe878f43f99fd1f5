"""The session's loop: answer one request after the other until the socket closes.

Requests are `{"op": …, "drop": [handles]}` and more by op:

call    target, args, kwargs   -> {"handle": n}
fetch   target, shape, limit,  -> {"array": true} + one array, or {"seen": [type, dtype, shape]} if it does not fit
        sequence
look    target                 -> {"seen": [type, dtype, shape]}
plain   target, limit          -> {"plain": value}
main    file                   -> {}

`target` is {"remote": [handle, path]}: handle 0 is the hand-in itself, whose attributes are its modules. Whatever the
hand-in raises becomes {"fault": {…}}. `used` in an answer lists compatibility help used since the last one. Before its
answer a session may ask (`service`): {"ask": [op, args]} with arrays, answered by {"told": value} with arrays.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib
import io
import sys
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from . import compat, service, wire
from .faults import describe

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Header = dict[str, Any]
    Arrays = Sequence[NDArray[Any]]
    Operation = Callable[[Header, Arrays], tuple[Header, Arrays]]

#: The longest string that is sent, in characters.
_PLAIN_LIMIT = 65536


class _HandIn:
    """Handle 0: attribute access imports the hand-in's modules."""

    def __init__(self, package: str) -> None:
        self._package = package

    def __getattr__(self, name: str) -> Any:
        return importlib.import_module(f"{self._package}.{name}")


class Session:
    """The objects that live in this process, by handle."""

    def __init__(self, connection: socket.socket, package: str, folder: str, used: set[str]) -> None:
        self._socket = connection
        self._folder = folder
        self._objects: dict[int, Any] = {0: _HandIn(package)}
        self._next = 1
        self._used = used
        self._told: set[str] = set()
        # A thread of the hand-in's may ask while the request is answered.
        self._speaking = threading.RLock()
        service.connect(self._ask)

    def run(self) -> None:
        """Answer until the process is killed.

        Raises:
            OSError, EOFError: the connection is gone.
            MemoryError: no room for a request or its answer.
        """
        while True:
            header, arrays = self._read()
            for handle in header.get("drop", ()):
                self._objects.pop(handle, None)
            self._send(*self._answer(header, arrays))

    def _answer(self, header: Header, arrays: Arrays) -> tuple[Header, Arrays]:
        try:
            operation: Operation = getattr(self, "_op_" + header["op"])
            return operation(header, arrays)
        except BaseException as error:  # noqa: BLE001 - exit(), KeyboardInterrupt and all: a hand-in's failure is data
            return {"fault": describe(error, self._folder)}, ()
        finally:
            for stream in (sys.stdout, sys.stderr):
                _flush(stream)

    def _ask(self, op: str, args: Sequence[Any], arrays: Arrays) -> tuple[Any, Arrays]:
        with self._speaking:
            self._send({"ask": [op, list(args)]}, arrays)
            header, told = self._read()
        return header["told"], told

    # -- the operations -------------------------------------------------------------------------------------

    def _op_call(self, header: Header, arrays: Arrays) -> tuple[Header, Arrays]:
        function = self._resolve(header["target"], arrays)
        args = [self._resolve(a, arrays) for a in header["args"]]
        kwargs = {k: self._resolve(v, arrays) for k, v in header["kwargs"].items()}
        handle, self._next = self._next, self._next + 1
        self._objects[handle] = function(*args, **kwargs)
        return {"handle": handle}, ()

    def _op_fetch(self, header: Header, arrays: Arrays) -> tuple[Header, Arrays]:
        value = self._resolve(header["target"], arrays)
        array = _plain_array(value)
        if array is None and header["sequence"] and _is_floats(value):
            array = np.array(value, np.float64)
        wanted = header["shape"]
        fits = array is not None and (wanted is None or list(array.shape) == wanted)
        if array is None or not fits or array.nbytes > header["limit"]:
            return {"seen": _seen(value)}, ()
        return {"array": True}, (array,)

    def _op_look(self, header: Header, arrays: Arrays) -> tuple[Header, Arrays]:
        return {"seen": _seen(self._resolve(header["target"], arrays))}, ()

    def _op_plain(self, header: Header, arrays: Arrays) -> tuple[Header, Arrays]:
        value = self._resolve(header["target"], arrays)
        if isinstance(value, str):
            return {"plain": str(value)[:_PLAIN_LIMIT]}, ()
        if isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
            return {"plain": [str(v)[:200] for v in value[:1000]]}, ()
        if isinstance(value, bool | int | float | np.number):
            return {"plain": float(value)}, ()
        return {"seen": _seen(value)}, ()

    def _op_main(self, header: Header, _arrays: Arrays) -> tuple[Header, Arrays]:
        # It may run for hours: what it prints is to be seen when it prints it.
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(line_buffering=True)
        compat.run_main(header["file"])
        return {}, ()

    # -- values ---------------------------------------------------------------------------------------------

    def _resolve(self, value: Any, arrays: Arrays) -> Any:
        """The object that an encoded value stands for."""
        if not isinstance(value, dict):
            return value
        ((kind, body),) = value.items()
        match kind:
            case "remote":
                return self._walk(self._objects[body[0]], body[1], arrays)
            case "array":
                return arrays[body]
            case "list":
                return [self._resolve(v, arrays) for v in body]
            case "tuple":
                return tuple(self._resolve(v, arrays) for v in body)
            case "dict":
                return {k: self._resolve(v, arrays) for k, v in body.items()}
            case "slice":
                return slice(*body)
        raise wire.WireError(kind)

    def _walk(self, current: Any, path: list[list[Any]], arrays: Arrays) -> Any:
        for kind, key in path:
            current = _attribute(current, key) if kind == "attr" else current[self._resolve(key, arrays)]
        return current

    # -- frames ---------------------------------------------------------------------------------------------

    def _receive(self, size: int) -> bytes:
        data = bytearray(size)
        self._receive_into(memoryview(data))
        return bytes(data)

    def _receive_into(self, view: memoryview) -> None:
        while view:
            count = self._socket.recv_into(view)
            if not count:
                raise EOFError
            view = view[count:]

    def _read(self) -> tuple[Header, Arrays]:
        header = wire.read_header(self._receive)
        arrays = []
        for dtype, shape in wire.announced(header):
            # A fresh allocation: student code may write into what it is given.
            array = np.empty(shape, np.dtype(dtype))
            if array.nbytes:
                self._receive_into(wire.byte_view(array))
            arrays.append(array)
        return header, arrays

    def _send(self, header: Header, arrays: Arrays) -> None:
        if news := self._used - self._told:
            header["used"] = sorted(news)
            self._told |= news
        with self._speaking:
            for buffer in wire.pack(header, arrays):
                self._socket.sendall(buffer)


class MissingAttributeError(AttributeError):
    """The hand-in's own object lacks what the lab's interface promises."""

    def __init__(self, owner: str, name: str, nearest: str) -> None:
        self.owner, self.missing, self.nearest = owner, name, nearest
        super().__init__(name)


def _attribute(owner: Any, name: str) -> Any:
    try:
        return getattr(owner, name)
    except AttributeError as error:
        # An AttributeError from inside a property or a module body is the student's own.
        if error.__traceback__ is None or error.__traceback__.tb_next is not None or hasattr(type(owner), name):
            raise
        label = getattr(owner, "__name__", None) or type(owner).__name__
        close = difflib.get_close_matches(name, dir(owner), n=1)
        raise MissingAttributeError(str(label), name, close[0] if close else "") from None


def _plain_array(value: Any) -> NDArray[Any] | None:
    """The value as a plain array of a permitted dtype, or None if it is none."""
    if isinstance(value, bool) or not isinstance(value, np.ndarray | np.number | int | float):
        return None
    # Of a subclass this keeps the data only.
    array = np.asarray(value)
    if array.dtype == np.longdouble:
        array = array.astype(np.float64)
    if array.dtype.name not in wire.DTYPES or array.ndim > wire.MAX_NDIM:
        return None
    return array


def _is_floats(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(v, float) for v in value)


def _seen(value: Any) -> list[Any]:
    """What a message may say of a value: type, dtype, shape; a number is an array without dimensions."""
    if isinstance(value, np.ndarray | np.number | int | float) and not isinstance(value, bool):
        array = np.asarray(value)
        return ["ndarray", array.dtype.name, list(array.shape)]
    return [type(value).__name__, "", []]


def _flush(stream: Any) -> None:
    # A hand-in may have put anything in the place of sys.stdout.
    with contextlib.suppress(BaseException):
        stream.flush()
