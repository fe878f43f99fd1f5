"""`einops` for NumPy arrays: rearrange, reduce and repeat.

Source: the einops documentation. A pattern names the axes on both sides; parentheses group axes that are one
axis of the array, `...` stands for all axes not named, and 1 is an axis of length one.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]
    Groups = list[list[str]]

__all__ = ["rearrange", "reduce", "repeat"]

_GROUP = re.compile(r"\(([^()]*)\)|(\w+)")


def rearrange(tensor: Array | Sequence[Array], pattern: str, **sizes: int) -> Array:
    """Transpose, merge and split axes, as in `rearrange(x, "n c h w -> n (h w c)")`.

    Raises:
        ValueError: The pattern is wrong or does not fit the array.
    """
    array, left, right, lengths = _prepare(tensor, pattern, sizes)
    if set(left) != {axis for group in right for axis in group}:
        raise ValueError(f"rearrange needs the same axes on both sides of {pattern!r}")
    return _compose(array, left, right, lengths)


def reduce(tensor: Array | Sequence[Array], pattern: str, reduction: str | Callable[..., Array], **sizes: int) -> Array:
    """Reduce over the axes that the right side leaves out.

    Args:
        tensor: Any array, or a list of arrays to be stacked.
        pattern: As in `reduce(x, "n c (h k) w -> n c h w", "max", k=2)`.
        reduction: mean, sum, max, min, prod, or a function of the array and the axes' numbers.
        sizes: Lengths that the array's shape does not tell.

    Raises:
        ValueError: The pattern is wrong or does not fit the array.
    """
    array, left, right, lengths = _prepare(tensor, pattern, sizes)
    kept = {axis for group in right for axis in group}
    if not kept <= set(left):
        raise ValueError(f"reduce cannot make new axes: {pattern!r}")
    gone = tuple(place for place, axis in enumerate(left) if axis not in kept)
    if gone and callable(reduction):
        array = reduction(array, gone)
    elif reduction not in ("mean", "sum", "max", "min", "prod"):
        raise ValueError(f"unknown reduction {reduction!r}")
    elif gone:
        array = getattr(np, str(reduction))(array, axis=gone)
    return _compose(array, [axis for axis in left if axis in kept], right, lengths)


def repeat(tensor: Array | Sequence[Array], pattern: str, **sizes: int) -> Array:
    """Repeat along the axes that only the right side has; their lengths are given by keyword.

    Raises:
        ValueError: The pattern is wrong or does not fit the array.
    """
    array, left, right, lengths = _prepare(tensor, pattern, sizes)
    new = [axis for group in right for axis in group if axis not in left]
    if len(new) + len(left) != sum(map(len, right)) or not set(new) <= set(lengths):
        raise ValueError(f"repeat needs every axis of the left side and the lengths of new ones: {pattern!r}")
    array = np.broadcast_to(array, (*(lengths[axis] for axis in new), *array.shape))
    return _compose(array, [*new, *left], right, lengths)


def _prepare(
    tensor: Array | Sequence[Array], pattern: str, sizes: Mapping[str, int]
) -> tuple[Array, list[str], Groups, dict[str, int]]:
    """The array with an axis for each name on the left, those names, the groups on the right, all lengths."""
    array = np.asarray(tensor)
    if pattern.count("->") != 1:
        raise ValueError(f"a pattern has two sides, joined by ->: {pattern!r}")
    # The axes that `...` stands for get names that no pattern uses.
    named = len(_groups(pattern.split("->")[0].replace("...", "_"), pattern)) - 1
    others = " ".join(f"_{number}" for number in range(array.ndim - named))
    left, right = (_groups(side.replace("...", others), pattern) for side in pattern.split("->"))
    if len(left) != array.ndim:
        raise ValueError(f"{pattern!r} does not fit an array of {array.ndim} axes, shape {array.shape}")
    lengths = dict(sizes)
    for group, length in zip(left, array.shape, strict=True):
        _measure(group, length, lengths, pattern)
    names = [axis for group in left for axis in group]
    wanted = [axis for group in right for axis in group]
    if len(set(names)) != len(names) or len(set(wanted)) != len(wanted):
        raise ValueError(f"an axis is named twice on one side of {pattern!r}")
    if strangers := set(sizes).difference(names, wanted):
        raise ValueError(f"{', '.join(sorted(strangers))} is no axis of {pattern!r}")
    return array.reshape([lengths[axis] for axis in names]), names, right, lengths


def _groups(side: str, pattern: str) -> Groups:
    if _GROUP.sub("", side).strip():
        raise ValueError(f"cannot read {side.strip()!r} in the pattern {pattern!r}")
    names = [(inner or single).split() for inner, single in _GROUP.findall(side)]
    groups = [[name for name in group if name != "1"] for group in names]
    if not all(name.isidentifier() for group in groups for name in group):
        raise ValueError(f"axes need names, 1 or ...: {pattern!r}")
    return groups


def _measure(group: list[str], length: int, lengths: dict[str, int], pattern: str) -> None:
    """Find the one length in a group that is not known yet, and check the product."""
    known = math.prod(lengths[axis] for axis in group if axis in lengths)
    unknown = [axis for axis in group if axis not in lengths]
    if len(unknown) > 1:
        raise ValueError(f"give the lengths of all but one of {', '.join(unknown)} in {pattern!r}")
    if unknown and known and length % known == 0:
        lengths[unknown[0]] = length // known
    elif unknown or known != length:
        raise ValueError(f"an axis of length {length} cannot be ({' '.join(group)}) in {pattern!r}")


def _compose(array: Array, axes: list[str], right: Groups, lengths: Mapping[str, int]) -> Array:
    order = [axes.index(axis) for group in right for axis in group]
    return array.transpose(order).reshape([math.prod(lengths[axis] for axis in group) for group in right])
