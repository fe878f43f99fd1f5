"""The wire between grader and session: one length-prefixed JSON header, then raw little-endian array bytes.

The header is plain data of bounded size; the arrays it announces (dtype, shape) follow in order. No pickle. Both
ends use this module; the grader's end reads through its own deadline-aware receive function and checks each
announcement against what it asked for before it allocates a byte.

Values in a header: None, bool, int, float and str stand for themselves; everything else is a one-key object:
{"list": […]}, {"tuple": […]}, {"dict": {…}}, {"slice": [start, stop, step]}, {"array": index},
{"remote": [handle, path]}.
"""

from __future__ import annotations

import json
import math
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

#: The longest header either end accepts, in bytes.
HEADER_LIMIT = 1 << 20
#: The dtypes that may cross, by NumPy's name; always little-endian.
DTYPES = frozenset(
    {"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"}
    | {"float16", "float32", "float64"}
)
#: The most dimensions an array may have.
MAX_NDIM = 8
_MOST_ITEMS = 1 << 40

_LENGTH = struct.Struct("<I")


class WireError(ValueError):
    """The other end sent something that is not this protocol."""


def pack(header: dict[str, Any], arrays: Sequence[NDArray[Any]] = ()) -> list[bytes | memoryview]:
    """The buffers of one frame, ready to be sent one after the other.

    Raises:
        WireError: the header is too long.
    """
    contiguous = [np.ascontiguousarray(a, dtype=a.dtype.newbyteorder("<")).reshape(a.shape) for a in arrays]
    announced = {**header, "arrays": [[a.dtype.name, list(a.shape)] for a in contiguous]}
    encoded = json.dumps(announced, separators=(",", ":")).encode()
    if len(encoded) > HEADER_LIMIT:
        raise WireError("header too long")
    bodies = [byte_view(a) for a in contiguous if a.nbytes]
    return [_LENGTH.pack(len(encoded)) + encoded, *bodies]


def byte_view(array: NDArray[Any]) -> memoryview:
    """The bytes of a C-contiguous array, not copied."""
    return memoryview(array.reshape(-1).view(np.uint8))  # type: ignore[arg-type]


def read_header(receive: Callable[[int], bytes]) -> dict[str, Any]:
    """Read one header; `receive(n)` returns exactly n bytes or raises.

    Raises:
        WireError: not a JSON object of at most `HEADER_LIMIT` bytes.
    """
    (length,) = _LENGTH.unpack(receive(_LENGTH.size))
    if length > HEADER_LIMIT:
        raise WireError("header too long")
    try:
        header = json.loads(receive(length))
    except (ValueError, RecursionError) as error:
        raise WireError("header is not JSON") from error
    if not isinstance(header, dict):
        raise WireError("header is not an object")
    return header


def announced(header: dict[str, Any]) -> list[tuple[str, tuple[int, ...]]]:
    """The (dtype name, shape) of the arrays that follow a header, checked for form only.

    Raises:
        WireError: not a list of pairs of a permitted dtype and a shape.
    """
    listed = header.get("arrays", [])
    if not isinstance(listed, list):
        raise WireError("arrays is not a list")
    return [_announcement(item) for item in listed]


def _announcement(item: object) -> tuple[str, tuple[int, ...]]:
    match item:
        case [str() as dtype, list() as shape] if dtype in DTYPES and len(shape) <= MAX_NDIM:
            # NumPy refuses a huge dimension even beside a 0.
            if all(type(n) is int and n >= 0 for n in shape) and math.prod(n for n in shape if n) <= _MOST_ITEMS:
                return dtype, tuple(shape)
    raise WireError("bad array announcement")
