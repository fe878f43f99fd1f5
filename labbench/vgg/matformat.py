"""Reading MATLAB 5 files without copying them: numbers become views of the mapped file.

`scipy.io.loadmat` reads 575 MB into memory; this walks the tags and leaves the values where they are.
Compressed variables are inflated into memory first. Only what a network's file needs is understood: numbers,
text, cells and structs; anything else reads as None.

Format: "MAT-File Format", The MathWorks (see `matwrite`).
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from labbench.texts import Lang, Text, render

if TYPE_CHECKING:
    from labbench.texts import Plain


class MatType(IntEnum):
    """Types of elements, as their tags name them."""

    INT8 = 1
    UINT8 = 2
    INT16 = 3
    UINT16 = 4
    INT32 = 5
    UINT32 = 6
    SINGLE = 7
    DOUBLE = 9
    INT64 = 12
    UINT64 = 13
    MATRIX = 14
    COMPRESSED = 15
    UTF8 = 16
    UTF16 = 17


MATRIX = MatType.MATRIX
#: Classes of matrices, as their flags name them.
CELL, STRUCT, CHAR, DOUBLE, SINGLE = 1, 2, 4, 6, 7
#: Bytes before the first element.
HEADER = 128

#: A matrix: an array (first axis fastest), a text, a cell's items, a struct's fields; None if not understood.
Value = NDArray[Any] | str | list["Value"] | dict[str, "Value"] | None

#: How numbers are stored, by the type of their element,
_STORED: dict[int, str] = {
    MatType.INT8: "<i1",
    MatType.UINT8: "<u1",
    MatType.INT16: "<i2",
    MatType.UINT16: "<u2",
    MatType.INT32: "<i4",
    MatType.UINT32: "<u4",
    MatType.SINGLE: "<f4",
    MatType.DOUBLE: "<f8",
    MatType.INT64: "<i8",
    MatType.UINT64: "<u8",
}
#: and what they are to MATLAB, by the class of their matrix; from 8 on: int8, uint8, … uint64.
_NUMERIC = {
    DOUBLE: "<f8",
    SINGLE: "<f4",
    8: "<i1",
    9: "<u1",
    10: "<i2",
    11: "<u2",
    12: "<i4",
    13: "<u4",
    14: "<i8",
    15: "<u8",
}
_ENCODINGS: dict[int, str] = {MatType.UTF16: "utf-16-le", MatType.UINT16: "utf-16-le"}
#: A network's file nests four deep; the limits stop hostile files from costing more than an error.
_MAX_DEPTH = 8
_MAX_ITEMS = 1 << 16
_MAX_DIMENSIONS = 8
#: The real network takes 0.6 GiB.
_MAX_INFLATED = 1 << 30


class FormatError(ValueError):
    """The bytes do not follow the format; `why` says where."""

    def __init__(self, key: str, **values: Plain) -> None:
        self.why = Text(key, values)
        super().__init__(render(self.why, Lang.EN))


class TruncatedError(FormatError):
    """An element promises more bytes than there are."""


class _Element(NamedTuple):
    kind: int
    start: int
    stop: int
    following: int


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables of a file.

    Attributes:
        values: By name.
        compressed: Whether any of them had to be inflated.
    """

    values: dict[str, Value]
    compressed: bool


def read(data: NDArray[np.uint8]) -> Variables:
    """Walk a MATLAB 5 file.

    Args:
        data: The whole file, mapped or in memory; the arrays returned are read-only views of it.

    Raises:
        FormatError: it is no little-endian MATLAB 5 file, or broken.
        TruncatedError: it ends early.
    """
    if len(data) < HEADER or bytes(data[HEADER - 4 : HEADER]) != b"\x00\x01IM":
        raise FormatError("mat.no_header")
    values: dict[str, Value] = {}
    compressed = False
    left = _MAX_INFLATED
    at = HEADER
    while at < len(data):
        element = _element(data, at, len(data))
        if element.kind == MatType.COMPRESSED:
            compressed = True
            inner = _inflate(data[element.start : element.stop], left)
            left -= len(inner)
            name, value = _matrix(inner, _element(inner, 0, len(inner)), 0)
            at = element.stop  # the one kind without padding
        else:
            name, value = _matrix(data, element, 0)
            at = element.following
        values[name] = value
    return Variables(values, compressed)


def _inflate(packed: NDArray[np.uint8], most: int) -> NDArray[np.uint8]:
    inflater = zlib.decompressobj()
    try:
        raw = inflater.decompress(packed.data, most + 1)
    except zlib.error:
        raise FormatError("mat.not_inflated") from None
    if len(raw) > most:
        raise FormatError("mat.inflated", limit=_MAX_INFLATED >> 20)
    if not inflater.eof:
        raise TruncatedError("mat.cut_variable")
    return np.frombuffer(raw, dtype=np.uint8)


def _element(data: NDArray[np.uint8], at: int, end: int) -> _Element:
    if at + 8 > end:
        raise TruncatedError("mat.cut_tag", at=at)
    kind, length = struct.unpack("<II", bytes(data[at : at + 8]))
    start = at + 8
    if kind >> 16:  # data of at most 4 bytes inside the tag
        kind, length, start = kind & 0xFFFF, kind >> 16, at + 4
        if length > 4:
            raise FormatError("mat.small", length=length, at=at)
    stop = start + length
    if stop > end:
        raise TruncatedError("mat.cut_bytes", length=length, at=start)
    return _Element(kind, start, stop, at + 8 if start == at + 4 else stop + -length % 8)


def _matrix(data: NDArray[np.uint8], outer: _Element, depth: int) -> tuple[str, Value]:
    """A matrix element's name and value."""
    if outer.kind != MatType.MATRIX or depth > _MAX_DEPTH:
        raise FormatError("mat.no_matrix", kind=outer.kind, at=outer.start)
    if outer.start == outer.stop:
        return "", np.empty((0, 0))
    flags = _element(data, outer.start, outer.stop)
    dims = _element(data, flags.following, outer.stop)
    named = _element(data, dims.following, outer.stop)
    kind = _first(data, flags) & 0xFF
    shape = tuple(int(n) for n in _numbers(data, dims))
    name = bytes(data[named.start : named.stop]).decode("ascii", "replace")
    if min(shape, default=-1) < 0 or len(shape) > _MAX_DIMENSIONS:
        raise FormatError("mat.dimensions", shape=str(shape[:_MAX_DIMENSIONS]), at=dims.start)
    if math.prod(n or 1 for n in shape) > len(data):
        raise FormatError("mat.shape", shape=str(shape), at=dims.start)
    inside = outer._replace(start=named.following)
    if kind == CELL:
        return name, _items(data, inside, math.prod(shape), depth)
    if kind == STRUCT:
        return name, _fields(data, inside, math.prod(shape), depth)
    if kind == CHAR:
        return name, _characters(data, _element(data, inside.start, inside.stop))
    if kind in _NUMERIC:
        return name, _array(data, _element(data, inside.start, inside.stop), _NUMERIC[kind], shape)
    return name, None


def _numbers(data: NDArray[np.uint8], element: _Element) -> NDArray[Any]:
    stored = _STORED.get(element.kind)
    if stored is None or (element.stop - element.start) % np.dtype(stored).itemsize:
        raise FormatError("mat.no_numbers", kind=element.kind, at=element.start)
    return data[element.start : element.stop].view(stored)


def _first(data: NDArray[np.uint8], element: _Element) -> int:
    numbers = _numbers(data, element)
    if not numbers.size:
        raise FormatError("mat.no_number", at=element.start)
    return int(numbers[0])


def _array(data: NDArray[np.uint8], element: _Element, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    flat = _numbers(data, element)
    if flat.size != math.prod(shape):
        raise FormatError("mat.numbers", count=flat.size, shape=str(shape), at=element.start)
    return flat.astype(dtype, copy=False).reshape(shape, order="F")


def _characters(data: NDArray[np.uint8], element: _Element) -> str:
    encoding = _ENCODINGS.get(element.kind, "utf-8")
    return bytes(data[element.start : element.stop]).decode(encoding, "replace")


def _items(data: NDArray[np.uint8], inside: _Element, count: int, depth: int) -> list[Value]:
    if count > _MAX_ITEMS:
        raise FormatError("mat.items", count=count, at=inside.start)
    items: list[Value] = []
    at = inside.start
    for _ in range(count):
        element = _element(data, at, inside.stop)
        items.append(_matrix(data, element, depth + 1)[1])
        at = element.following
    return items


def _fields(data: NDArray[np.uint8], inside: _Element, count: int, depth: int) -> Value:
    """A struct's fields by name; an array of structs as a list of them."""
    length = _element(data, inside.start, inside.stop)
    packed = _element(data, length.following, inside.stop)
    width = _first(data, length)
    if width < 1 or (packed.stop - packed.start) // width > _MAX_ITEMS or count > _MAX_ITEMS:
        raise FormatError("mat.structs", count=count, width=width, at=inside.start)
    raw = bytes(data[packed.start : packed.stop])
    names = [raw[i : i + width].split(b"\0")[0].decode("ascii", "replace") for i in range(0, len(raw), width)]
    values = _items(data, inside._replace(start=packed.following), count * len(names), depth)
    records = [dict(zip(names, values[i * len(names) :], strict=False)) for i in range(count)]
    return records[0] if count == 1 else list[Value](records)
