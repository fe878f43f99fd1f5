"""Writing VGG19 as `imagenet-vgg-verydeep-19.mat`: MATLAB 5, uncompressed, in MatConvNet's old layout.

The file answers every expression that students use on the real one after `scipy.io.loadmat`:
`params['layers'][0][i][0][0][0][0]` is `[w, b]` and `params['normalization'][0][0][0]` the average image. It
is written as a stream, tag by tag, so that half a gigabyte never lies in memory, and its bytes depend on the
weights alone (`scipy.io.savemat` would put the date into the header).

Format: "MAT-File Format", The MathWorks: an element is a tag (type and size, two uint32), then data padded to
8 bytes; data of at most 4 bytes shares the 8 bytes of its tag.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labbench.vgg.matformat import CELL, CHAR, DOUBLE, HEADER, MATRIX, SINGLE, STRUCT, MatType
from labbench.vgg.table import IMAGE_SIDE, LAYERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from labbench.vgg.table import Layer

_TITLE = b"MATLAB 5.0 MAT-file, VGG19 in the layout of MatConvNet's imagenet-vgg-verydeep-19, written by labbench"
_NAME_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Tensor:
    """An array whose values come when they are written.

    Attributes:
        shape: As MATLAB sees it.
        blocks: Gives the float32 values, first axis fastest, in flat blocks of any size.
    """

    shape: tuple[int, ...]
    blocks: Callable[[], Iterator[NDArray[np.float32]]]

    @property
    def nbytes(self) -> int:
        """Size of the values."""
        return 4 * math.prod(self.shape)


#: Consecutive pieces of a file.
_Pieces = list[bytes | Tensor]


def pieces(weights: Mapping[str, tuple[Tensor, NDArray[np.float32]]], mean: Sequence[float]) -> _Pieces:
    """The file, ready to be written piece by piece.

    Args:
        weights: For each weighted layer its weight (kh, kw, cin, cout) and bias (cout,).
        mean: The mean colour, RGB.
    """
    entries = [_entry(layer, weights) for layer in LAYERS if layer.mat_index is not None]
    average = np.broadcast_to(np.asarray(mean, dtype=np.float64), (IMAGE_SIDE, IMAGE_SIDE, 3))
    normalization = _struct(
        {
            "averageImage": _doubles(average),
            "imageSize": _doubles(np.array([[IMAGE_SIDE, IMAGE_SIDE, 3]])),
            "interpolation": _text("bilinear"),
        },
        name="normalization",
    )
    return [_header(), *_cell((1, len(entries)), entries, name="layers"), *normalization]


def stream(parts: _Pieces) -> Iterator[memoryview | bytes]:
    """The file's bytes, in order."""
    for part in parts:
        if isinstance(part, bytes):
            yield part
        else:
            for block in part.blocks():
                yield block.astype("<f4", copy=False).data.cast("B")


def size(parts: _Pieces) -> int:
    """Bytes that the pieces take."""
    return sum(len(part) if isinstance(part, bytes) else part.nbytes for part in parts)


def _entry(layer: Layer, weights: Mapping[str, tuple[Tensor, NDArray[np.float32]]]) -> _Pieces:
    """One of the 43 layer structs. What is not a weight starts with a text, which unpacks into no `w, b`."""
    if layer.has_weights:
        weight, bias = weights[layer.name]
        row = Tensor((1, layer.channels_out), lambda: iter((bias,)))
        fields = {
            "weights": _cell((1, 2), [_single(weight), _single(row)]),
            "type": _text("conv"),
            "name": _text(layer.name),
            "pad": _doubles(np.full((1, 4), 1 if layer.kind == "conv" else 0)),
            "stride": _doubles(np.ones((1, 2))),
        }
    elif layer.kind == "pool":
        fields = {
            "type": _text("pool"),
            "name": _text(layer.name),
            "method": _text("max"),
            "pool": _doubles(np.full((1, 2), 2)),
            "pad": _doubles(np.zeros((1, 4))),
            "stride": _doubles(np.full((1, 2), 2)),
        }
    else:
        name = "prob" if layer.kind == "softmax" else layer.name
        fields = {"type": _text(layer.kind), "name": _text(name)}
    return _struct(fields)


def _header() -> bytes:
    return _TITLE.ljust(HEADER - 12) + bytes(8) + struct.pack("<H2s", 0x0100, b"IM")


def _element(kind: MatType, *content: bytes | Tensor) -> _Pieces:
    parts = list(content)
    length = size(parts)
    if length <= 4 and kind is not MatType.MATRIX:
        return [struct.pack("<HH", kind, length) + b"".join(p for p in parts if isinstance(p, bytes)).ljust(4, b"\0")]
    return [struct.pack("<II", kind, length), *parts, bytes(-length % 8)]


def _matrix(kind: int, shape: Sequence[int], content: _Pieces, name: str = "") -> _Pieces:
    flags = _element(MatType.UINT32, struct.pack("<II", kind, 0))
    dims = _element(MatType.INT32, struct.pack(f"<{len(shape)}i", *shape))
    return _element(MATRIX, *flags, *dims, *_element(MatType.INT8, name.encode()), *content)


def _single(tensor: Tensor) -> _Pieces:
    return _matrix(SINGLE, tensor.shape, _element(MatType.SINGLE, tensor))


def _doubles(array: NDArray[Any]) -> _Pieces:
    values = array.astype("<f8").tobytes(order="F")
    return _matrix(DOUBLE, array.shape, _element(MatType.DOUBLE, values))


def _text(words: str) -> _Pieces:
    return _matrix(CHAR, (1, len(words)), _element(MatType.UINT16, words.encode("utf-16-le")))


def _cell(shape: Sequence[int], items: Sequence[_Pieces], name: str = "") -> _Pieces:
    return _matrix(CELL, shape, [part for item in items for part in item], name)


def _struct(fields: Mapping[str, _Pieces], name: str = "") -> _Pieces:
    names = b"".join(field.encode().ljust(_NAME_LENGTH, b"\0") for field in fields)
    content = [
        *_element(MatType.INT32, struct.pack("<i", _NAME_LENGTH)),
        *_element(MatType.INT8, names),
        *(part for value in fields.values() for part in value),
    ]
    return _matrix(STRUCT, (1, 1), content, name)
