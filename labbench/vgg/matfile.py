"""VGG19 in a MatConvNet file: its tensors by layer name, in either of the two layouts that are around.

The older layout has `normalization` and the weights as a layer's first field; the newer one has `meta` and
the weights at another place. Fields are therefore chosen by name, layers by position (the same in both).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labbench import inputs
from labbench.errors import LabbenchError, reason
from labbench.vgg import matformat
from labbench.vgg.table import IMAGE_SIDE, LAYERS, WEIGHTED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from labbench.vgg.matformat import Value
    from labbench.vgg.table import Layer

_HDF5 = (b"MATLAB 7.3", b"\x89HDF")
#: Where each layer of the file stands in it.
_POSITIONS = {row.name: row.mat_index for row in LAYERS if row.mat_index is not None}


@dataclass(frozen=True, slots=True)
class MatNet:
    """The network of a file.

    Attributes:
        tensors: For each weighted layer its weight (kh, kw, cin, cout), first axis fastest in memory, and
            bias (cout,); float32, read-only, views of the mapped file where it is uncompressed.
        mean: The mean colour, float64 (3,), RGB on a scale of 0…255.
        in_place: Whether the file is what students' code expects: uncompressed, old layout.
    """

    tensors: Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]]
    mean: NDArray[np.float64]
    in_place: bool

    def conv(self, name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """A convolution's weight (kh, kw, cin, cout) and bias (cout,); no copy."""
        return self.tensors[name]

    def fc(self, name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """A fully connected layer's weight (n_in, n_out) and bias (n_out,).

        The inputs of fc6 are in H, W, C order, which takes a copy (411 MB); fc7 and fc8 are views.
        """
        weight, bias = self.tensors[name]
        inputs = weight.shape[0] * weight.shape[1] * weight.shape[2]
        return weight.transpose(3, 0, 1, 2).reshape(-1, inputs).T, bias


def open_weights(path: Path) -> MatNet:
    """Map a MatConvNet file of VGG19; of an uncompressed one nothing is read but its tags.

    Raises:
        LabbenchError: the file is missing, no MATLAB 5 file, cut off, or holds another network.
    """
    try:
        variables = matformat.read(_map(path))
    except matformat.TruncatedError as error:
        raise LabbenchError("mat_truncated", path=str(path), reason=error.why) from None
    except matformat.FormatError as error:
        raise LabbenchError("mat_broken", path=str(path), reason=error.why) from None
    entries = variables.values.get("layers")
    if "layers" not in variables.values:
        raise LabbenchError("mat_no_layers", path=str(path), got=", ".join(variables.values)[:100] or "-")
    if not isinstance(entries, list):
        raise LabbenchError("mat_layers_kind", path=str(path))
    if len(entries) != len(_POSITIONS):
        raise LabbenchError("mat_other_net", path=str(path), got=len(entries), expected=len(_POSITIONS))
    tensors = {row.name: _tensors(path, row, entries[_POSITIONS[row.name]]) for row in WEIGHTED}
    average = _average_image(path, variables.values)
    mean = np.asarray(average, dtype=np.float64).mean(axis=tuple(range(average.ndim - 1)))
    in_place = not variables.compressed and _is_old(variables.values)
    return MatNet(tensors, mean, in_place)


def _map(path: Path) -> NDArray[np.uint8]:
    try:
        with inputs.opened(path) as file:
            data: NDArray[np.uint8] = np.memmap(file, dtype=np.uint8, mode="r")
    except FileNotFoundError:
        raise LabbenchError("mat_missing", path=str(path)) from None
    except OSError as error:
        raise LabbenchError("mat_unreadable", path=str(path), reason=reason(error)) from None
    except ValueError:  # an empty file cannot be mapped
        data = np.empty(0, dtype=np.uint8)
    start = bytes(data[: matformat.HEADER])
    if start.startswith(_HDF5):
        raise LabbenchError("mat_hdf5", path=str(path))
    if len(start) < matformat.HEADER or start[-4:] != b"\x00\x01IM":
        raise LabbenchError("mat_not_v5", path=str(path), got=repr(start[:16]))
    return data.view(np.ndarray)


def _tensors(path: Path, row: Layer, entry: Value) -> tuple[NDArray[Any], NDArray[Any]]:
    """A layer's weight and bias, checked against the table."""
    cell = entry.get("weights") if isinstance(entry, dict) else None
    if not isinstance(cell, list) or len(cell) != 2:
        raise LabbenchError("mat_no_weights", path=str(path), layer=row.name, index=row.mat_index)
    weight, bias = cell
    return (
        _checked(path, row, "weight", weight, row.mat_shape),
        _checked(path, row, "bias", bias, (1, row.channels_out)).reshape(-1),
    )


def _checked(path: Path, row: Layer, what: str, value: Value, expected: tuple[int, ...]) -> NDArray[np.float32]:
    """A float32 array of that shape; a bias may lie in a row or a column."""
    got = value.shape if isinstance(value, np.ndarray) else type(value).__name__
    accepted = (expected, expected[::-1]) if what == "bias" else (expected,)
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.shape not in accepted:
        raise LabbenchError(
            "mat_entry_shape",
            path=str(path),
            layer=f"{row.name} ({what})",
            got=str(got),
            expected=str(expected),
        )
    return value.astype(np.float32, copy=False)


def _average_image(path: Path, variables: Mapping[str, Value]) -> NDArray[Any]:
    """`normalization.averageImage` or `meta.normalization.averageImage`, its last axis the colours."""
    meta = variables.get("meta")
    holder = variables.get("normalization", meta.get("normalization") if isinstance(meta, dict) else None)
    average = holder.get("averageImage") if isinstance(holder, dict) else None
    if not isinstance(average, np.ndarray) or average.size not in (3, 3 * IMAGE_SIDE**2):
        got = str(average.shape) if isinstance(average, np.ndarray) else "-"
        raise LabbenchError("mat_no_mean", path=str(path), got=got, expected=f"({IMAGE_SIDE}, {IMAGE_SIDE}, 3)")
    return average.reshape(average.shape if average.shape[-1] == 3 else (3,))


def _is_old(variables: Mapping[str, Value]) -> bool:
    """Whether positions are those of the old layout: weights first, a float64 average image first."""
    normalization, entries = variables.get("normalization"), variables.get("layers")
    if not isinstance(normalization, dict) or not isinstance(entries, list):
        return False
    first = next(iter(normalization.values()), None)
    full = isinstance(first, np.ndarray) and first.dtype == np.float64 and first.ndim == 3
    weighted = [entries[_POSITIONS[row.name]] for row in WEIGHTED]
    return full and all(isinstance(e, dict) and next(iter(e)) == "weights" for e in weighted)
