"""Objects of the hand-in as seen by the grader: attribute, item, call; never a value by accident.

A `Remote` is a path from a handle: `vgg.layers["conv1_1"].forward` costs nothing until it is called, and the
call is one request. A result stays in the session until it is fetched, so a 44-layer walk moves handles, not
arrays. Dropped handles are released with the next request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from labbench.results import Fault, Verdict, text
from labbench.texts.untrusted import clean
from labbench.worker.faults import protocol
from labbench.worker.inside import wire

if TYPE_CHECKING:
    from labbench.results import Array
    from labbench.worker.session import Service, Session

#: The most a fetched array may weigh unless a spec says otherwise: pool1 of a float64 VGG19 and then some.
DEFAULT_LIMIT = 256 << 20
_MOST_HANDLES = 1 << 31


class _Handle:
    """One object in the session; when the last Remote on it goes, the next request releases it."""

    __slots__ = ("number", "session")

    def __init__(self, session: Session, number: int) -> None:
        self.session, self.number = session, number

    def __del__(self) -> None:
        if self.number:  # 0, the hand-in itself, stays
            self.session.dropped.append(self.number)


class Remote:
    """A path into the hand-in. Attribute and item access extend it, a call asks the session.

    Raises (when called):
        Fault: whatever went wrong; an argument that is a Fault is raised as it is.
    """

    __slots__ = ("_handle", "_label", "_path")

    def __init__(self, handle: _Handle, path: tuple[tuple[str, Any], ...] = (), label: str = "") -> None:
        object.__setattr__(self, "_handle", handle)
        object.__setattr__(self, "_path", path)
        object.__setattr__(self, "_label", label)

    def __getattr__(self, name: str) -> Remote:
        if name.startswith("__"):
            raise AttributeError(name)
        handle, path, label = _parts(self)
        return Remote(handle, (*path, ("attr", name)), f"{label}.{name}".lstrip("."))

    def __getitem__(self, key: Any) -> Remote:
        handle, path, label = _parts(self)
        shown = repr(key) if isinstance(key, str | int) else "…"
        return Remote(handle, (*path, ("item", key)), f"{label}[{shown}]")

    def __call__(self, *args: Any, **kwargs: Any) -> Remote:
        """Call it in the session; the result stays there."""
        handle, _, label = _parts(self)
        session = handle.session
        arrays: list[Array] = []
        header = {
            "op": "call",
            "target": encode(self, arrays),
            "args": [encode(a, arrays) for a in args],
            "kwargs": {k: encode(v, arrays) for k, v in kwargs.items()},
        }
        answer, _ = session.request(label, header, arrays)
        number = answer.get("handle")
        if type(number) is not int or not 0 < number < _MOST_HANDLES:
            raise protocol()
        return Remote(_Handle(session, number), (), f"{label}()")

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("a Remote has no value here; fetch it")

    __iter__ = __bool__ = __eq__ = __ne__ = __len__ = __contains__ = __array__ = _refuse
    __setattr__ = __delattr__ = _refuse
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Remote {_parts(self)[2] or 'hand-in'}>"


def _parts(remote: Remote) -> tuple[_Handle, tuple[tuple[str, Any], ...], str]:
    """Handle, path and label; by the slots, since attribute access on a Remote means the hand-in's."""
    return tuple(object.__getattribute__(remote, slot) for slot in ("_handle", "_path", "_label"))


@dataclass(frozen=True, slots=True)
class Spec:
    """What an array must look like to be fetched.

    Attributes:
        shape: Its shape; None: any.
        limit: Its greatest size in bytes.
        sequence: A list or tuple of floats will do: it is fetched as float64.
    """

    shape: tuple[int, ...] | None = None
    limit: int = DEFAULT_LIMIT
    sequence: bool = False


def service_of(remote: Remote) -> Service | None:
    """What the session behind a remote object may ask: the lab's own side of it, which no hand-in can touch."""
    handle, _, _ = _parts(remote)
    service: Service | None = handle.session.service
    return service


def root(session: Session) -> Remote:
    """The hand-in itself: its attributes are its modules."""
    return Remote(_Handle(session, 0))


def encode(value: Any, arrays: list[Array]) -> Any:
    """A value as the wire carries it; arrays are appended to `arrays`.

    Raises:
        Fault: the value is a Fault: what depends on it cannot be asked for.
        TypeError: the value is of a kind that never crosses.
    """
    match value:
        case Fault():
            raise value
        case Remote():
            handle, path, _ = _parts(value)
            return {"remote": [handle.number, [[kind, encode(key, arrays)] for kind, key in path]]}
        case None | bool() | int() | float() | str():
            return value
        case np.ndarray():
            arrays.append(value)
            return {"array": len(arrays) - 1}
        case list() | tuple():
            return {type(value).__name__: [encode(v, arrays) for v in value]}
        case dict():
            return {"dict": {str(k): encode(v, arrays) for k, v in value.items()}}
        case slice():
            return {"slice": [value.start, value.stop, value.step]}
    raise TypeError(f"cannot send a {type(value).__name__}")


def attempt(function: Remote, *args: Any) -> Remote | Fault:
    """Call, with the failure as a value, so that a scenario can go on after it."""
    try:
        return function(*args)
    except Fault as fault:
        return fault


def takes_others(fault: Fault) -> bool:
    """Whether a call failed because the hand-in's function takes other arguments: not in it, but at its door."""
    return fault.why.key == "fault.call" and fault.why.values.get("type") == "TypeError"


def _ask(remote: Remote, header: dict[str, Any], expect: Any = None) -> tuple[dict[str, Any], Array | None]:
    arrays: list[Array] = []
    handle, _, label = _parts(remote)
    header["target"] = encode(remote, arrays)
    return handle.session.request(f"{header['op']} {label}", header, arrays, expect)


def fetch(remote: Remote, spec: Spec) -> Array:
    """A copy of a remote array, C-ordered, of a plain numeric dtype.

    dtype, shape and size are checked against the spec before a byte is allocated.

    Raises:
        Fault: TYPE (not a plain numeric array), SHAPE, OUTPUT (too large), or what happened on the way.
    """

    def expect(answer: dict[str, Any]) -> Array | None:
        if not answer.get("array"):
            return None
        announced = wire.announced(answer)
        if len(announced) != 1:
            raise wire.WireError("one array was asked for")
        dtype, shape = announced[0]
        if (spec.shape is not None and shape != spec.shape) or _nbytes(dtype, shape) > spec.limit:
            raise wire.WireError("an array that was not asked for")
        return np.empty(shape, np.dtype(dtype).newbyteorder("<"))

    wanted = None if spec.shape is None else list(spec.shape)
    header = {"op": "fetch", "shape": wanted, "limit": spec.limit, "sequence": spec.sequence}
    answer, array = _ask(remote, header, expect)
    if array is None:
        raise _misfit(answer, spec)
    # Bytes that no bool has would compare like none.
    return array if array.dtype != np.bool_ else array.view(np.uint8) != 0


def shape_of(remote: Remote) -> tuple[int, ...]:
    """The shape of a remote array, without its values.

    Raises:
        Fault: TYPE when it is not an array, or what happened on the way.
    """
    answer, _ = _ask(remote, {"op": "look"})
    kind, _dtype, shape = _seen(answer)
    if kind != "ndarray":
        raise Fault(Verdict.TYPE, text("fault.type", got=kind))
    return shape


def fetch_plain(remote: Remote) -> float | str | list[str]:
    """A remote number, string or list of strings.

    Raises:
        Fault: TYPE, or what happened on the way.
    """
    answer, _ = _ask(remote, {"op": "plain"})
    value = answer.get("plain")
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [clean(v) for v in value[:1000] if isinstance(v, str)]
    if isinstance(value, float):
        return value
    raise Fault(Verdict.TYPE, text("fault.plain_type", got=_seen(answer)[0]))


def run_main(session: Session, file: str) -> None:
    """Run a file of the hand-in as `__main__`.

    Raises:
        Fault: what went wrong in it.
    """
    session.request("__main__", {"op": "main", "file": file})


def _nbytes(dtype: str, shape: tuple[int, ...]) -> int:
    size = np.dtype(dtype).itemsize
    for n in shape:
        size *= n
    return size


def _seen(answer: dict[str, Any]) -> tuple[str, str, tuple[int, ...]]:
    """The type, dtype and shape a session names; it is not believed further than a message."""
    match answer.get("seen"):
        case [str() as kind, str() as dtype, list() as shape]:
            if all(type(n) is int and 0 <= n < 1 << 63 for n in shape):
                return clean(kind, 60), clean(dtype, 40), tuple(shape[: wire.MAX_NDIM])
    raise protocol()


def _misfit(answer: dict[str, Any], spec: Spec) -> Fault:
    kind, dtype, shape = _seen(answer)
    if not dtype:
        return Fault(Verdict.TYPE, text("fault.none" if kind == "NoneType" else "fault.type", got=kind))
    if dtype not in wire.DTYPES:
        return Fault(Verdict.TYPE, text("fault.dtype", got=dtype))
    if spec.shape is not None and shape != spec.shape:
        return Fault(Verdict.SHAPE, text("fault.shape", got=str(shape), expected=str(spec.shape)))
    return Fault(Verdict.OUTPUT, text("fault.too_large", got=str(shape), limit=spec.limit >> 20))
