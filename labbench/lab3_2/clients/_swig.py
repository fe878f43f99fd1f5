"""SWIG as a hand-in meets it: how arguments become C++ values, its messages, its vectors.

A C int must be a Python int; a vector of floats a one-dimensional sequence of Python floats, which a float64 array is,
and a float32, an integer or a two-dimensional array is not. Numbers become C floats, float32. A sequence is what has
items and a length and is no dict, as Python's PySequence_Check has it.
"""

from __future__ import annotations

import array
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.floating[Any]]

_INTS = range(-(2**31), 2**31)
_FLOATS = "std::vector< float,std::allocator< float > >"
_INTEGERS = "std::vector< int,std::allocator< int > >"


# -- arguments; `where` is "in method 'CnmlNet_loadParams', argument 3" ----------------------


def argument(owner: str, method: str, number: int) -> str:
    """How SWIG names an argument; 1 is the object itself."""
    return f"in method '{owner}_{method}', argument {number}"


def overloaded(function: str, *prototypes: str) -> TypeError:
    """What SWIG raises when the arguments fit none of a function's argument lists."""
    listed = "".join(f"    {prototype}\n" for prototype in prototypes)
    possible = f"\n  Possible C/C++ prototypes are:\n{listed}" if prototypes else ""
    return TypeError(f"Wrong number or type of arguments for overloaded function '{function}'.{possible}")


def _wrong(where: str, kind: str) -> TypeError:
    return TypeError(f"{where} of type '{kind}'")


def integer(value: Any, where: str) -> int:
    """A C int.

    Raises:
        TypeError: not a Python int.
        OverflowError: out of its range.
    """
    if not isinstance(value, int):
        raise _wrong(where, "int")
    number = int(value)  # of a subclass: only plain ints are found in a range at once
    if number not in _INTS:
        raise OverflowError(f"{where} of type 'int'")
    return number


def real(value: Any, where: str) -> float:
    """A C float: the nearest float32.

    Raises:
        TypeError: neither a Python float nor an int.
    """
    if not isinstance(value, float | int):
        raise _wrong(where, "float")
    with np.errstate(over="ignore"):
        return float(np.float32(value))


def string(value: Any, where: str) -> str:
    """A std::string.

    Raises:
        TypeError: not a Python string.
    """
    if not isinstance(value, str):
        raise _wrong(where, "std::string const &")
    return str(value)


def integers(value: Any, where: str) -> list[int]:
    """A vector of C ints: an IntVector, or a list or tuple of Python ints.

    Raises:
        TypeError: anything else.
    """
    if not isinstance(value, list | tuple | IntVector) or not all(isinstance(number, int) for number in value):
        raise _wrong(where, _INTEGERS)
    return [integer(number, where) for number in value]


def floats(value: Any, where: str) -> Floats:
    """A vector of C floats, flat, not copied and not converted where it is an array already.

    Raises:
        TypeError: not a one-dimensional sequence of Python floats.
    """
    if isinstance(value, FloatVector | DoubleVector):
        return value.as_array()
    if isinstance(value, np.ndarray):
        if value.ndim == 1 and value.dtype.type is np.float64:
            return value
        # The items of another array are not Python floats, those of an array of objects may be.
        value = list(value) if value.dtype == object else None
    if not _is_sequence(value) or not all(isinstance(number, float) for number in value):
        raise _wrong(where, _FLOATS)
    return np.array(value, np.float64)


def _is_sequence(value: Any) -> bool:
    return hasattr(value, "__getitem__") and hasattr(value, "__len__") and not isinstance(value, dict | np.generic)


# -- vectors ----------------------------------------------------------------------------------------------------


class Vector:
    """A std::vector: made empty, of n zeros, of n times a value, or of a sequence."""

    _code = "d"
    _number = "double"

    def __init__(self, *args: Any) -> None:
        match args:
            case []:
                values: Any = ()
            case [int() as count] if count >= 0 and not isinstance(count, bool):
                values = (0,) * count
            case [int() as count, value] if count >= 0:
                values = (self._checked(value, "assign", 3),) * count
            case [np.ndarray() as given] if given.ndim == 1 and self._code != "i":
                values = floats(given, argument("new", type(self).__name__, 1))
            case [sequence] if hasattr(sequence, "__iter__") and not isinstance(sequence, str):
                values = [self._checked(value, "assign", 2) for value in sequence]
            case _:
                raise overloaded(f"new_{type(self).__name__}")
        # A C float is the nearest to what is given, or infinite.
        self._values: array.array[Any] = array.array(self._code)
        with np.errstate(over="ignore"):
            self._values.frombytes(np.asarray(values, self._code).tobytes())

    def _checked(self, value: Any, method: str, number: int) -> Any:
        if isinstance(value, int) or (self._code != "i" and isinstance(value, float)):
            return value
        kind = f"std::vector< {self._number} >::value_type"
        raise _wrong(argument(type(self).__name__, method, number), kind)

    def _check_size(self, count: Any, method: str) -> None:
        if not isinstance(count, int) or count < 0:
            raise overloaded(f"{type(self).__name__}_{method}")

    def as_array(self) -> Floats:
        """The values as they are; the vector's length must not change meanwhile."""
        return np.frombuffer(self._values, self._code) if len(self._values) else np.empty(0, self._code)

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(self._values[index].tolist())
        return self._values[self._place(index)]

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            self._values[index] = array.array(self._code, type(self)(value))
        else:
            self._values[self._place(index)] = self._checked(value, "__setitem__", 3)

    def __delitem__(self, index: Any) -> None:
        del self._values[index]

    def _place(self, index: Any) -> int:
        if not isinstance(index, int):
            raise _wrong(
                argument(type(self).__name__, "__getitem__", 2), f"std::vector< {self._number} >::difference_type"
            )
        if not -len(self) <= index < len(self):
            raise IndexError("index out of range")
        return index

    def append(self, value: Any) -> None:
        """One more at the end."""
        self._values.append(self._checked(value, "append", 2))

    def push_back(self, value: Any) -> None:
        """One more at the end."""
        self._values.append(self._checked(value, "push_back", 2))

    def pop(self) -> Any:
        """Take the last one out.

        Raises:
            IndexError: there is none.
        """
        if not self._values:
            raise IndexError("pop from empty container")
        return self._values.pop()

    def pop_back(self) -> None:
        """Drop the last one, if any."""
        del self._values[-1:]

    def front(self) -> Any:
        """The first."""
        return self[0]

    def back(self) -> Any:
        """The last."""
        return self[-1]

    def size(self) -> int:
        """How many there are."""
        return len(self._values)

    def empty(self) -> bool:
        """Whether there are none."""
        return not self._values

    def clear(self) -> None:
        """Drop all."""
        del self._values[:]

    def resize(self, count: int, value: Any = 0) -> None:
        """Cut off, or fill up with the value, to so many."""
        self._check_size(count, "resize")
        kept = self._values[:count].tolist()
        self[:] = kept + [self._checked(value, "resize", 3)] * (count - len(kept))

    def assign(self, count: int, value: Any) -> None:
        """So many times the value, and nothing else."""
        self._check_size(count, "assign")
        self[:] = [self._checked(value, "assign", 3)] * count

    def reserve(self, count: int) -> None:
        """Nothing: a promise of C++ about its memory."""


class IntVector(Vector):
    """A std::vector<int>."""

    _code = "i"
    _number = "int"


class FloatVector(Vector):
    """A std::vector<float>."""

    _code = "f"
    _number = "float"


class DoubleVector(Vector):
    """A std::vector<double>."""
