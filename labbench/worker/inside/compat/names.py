"""Names that old code expects: NumPy's and Pillow's removed aliases, and what Python 2 and 3.6 had.

Removed attributes are served by the module's `__getattr__`, which Python asks only for what the module lacks:
an installed version that still has a name keeps its own, and each use can be noted. Builtins have no such
hook; they are simply set, and a file's use of them is read off its syntax tree.
"""

from __future__ import annotations

import ast
import builtins
import collections
import collections.abc
import contextlib
import functools
import importlib
import itertools
import re
import sys
import time
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Builtins of Python 2 by the value that serves for them.
_BUILTINS: Mapping[str, object] = types.MappingProxyType(
    {
        "basestring": str,
        "long": int,
        "raw_input": input,
        "reduce": functools.reduce,
        "reload": importlib.reload,
        "unichr": chr,
        "unicode": str,
        "xrange": range,
    }
)

_BUILTIN = re.compile(rf"\b({'|'.join(_BUILTINS)})\b")

#: NumPy's removed names by the current one. `bool` is not among them: NumPy 2 has a `bool` of its own.
_NUMPY_RENAMED: Mapping[str, str] = types.MappingProxyType(
    {
        **dict.fromkeys(("Inf", "Infinity", "infty", "PINF"), "inf"),
        **dict.fromkeys(("NaN", "NAN"), "nan"),
        "alltrue": "all",
        "bool8": "bool_",
        "cfloat": "complex128",
        "complex_": "complex128",
        "cumproduct": "cumprod",
        "float_": "float64",
        "int0": "intp",
        "longfloat": "longdouble",
        "mat": "asmatrix",
        "product": "prod",
        "round_": "round",
        "row_stack": "vstack",
        "singlecomplex": "complex64",
        "sometrue": "any",
        "string_": "bytes_",
        "trapz": "trapezoid",
        "uint0": "uintp",
        "unicode_": "str_",
    }
)


def serve(module: types.ModuleType, label: str, table: Mapping[str, object], used: set[str]) -> None:
    """Let a module answer for names it lacks.

    Args:
        module: The module.
        label: What comes before the name in `used`: "np" gives "np.float".
        table: Name to value.
        used: Where each name that was asked for is noted.
    """
    original = vars(module).get("__getattr__")

    def answer(name: str) -> object:
        if name in table:
            used.add(f"{label}.{name}")
            return table[name]
        if original is not None:
            return original(name)
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}", name=name, obj=module)

    vars(module)["__getattr__"] = answer


def install(used: set[str]) -> None:
    """Serve every old name of this module's tables in this process."""
    numpy: Any = importlib.import_module("numpy")
    serve(numpy, "np", _numpy_names(numpy), used)
    serve(numpy.lib, "np.lib", {"pad": numpy.pad}, used)
    with contextlib.suppress(ModuleNotFoundError):  # a lab need not offer Pillow or SciPy
        image: Any = importlib.import_module("PIL.Image")
        renamed = {"ANTIALIAS": image.LANCZOS, "LINEAR": image.BILINEAR, "CUBIC": image.BICUBIC}
        serve(image, "PIL.Image", renamed, used)
    with contextlib.suppress(ModuleNotFoundError):
        _serve_misc(importlib.import_module("scipy"))
    serve(time, "time", {"clock": time.perf_counter}, used)
    serve(collections, "collections", {n: getattr(collections.abc, n) for n in collections.abc.__all__}, used)
    serve(itertools, "itertools", {"izip": zip, "imap": map, "ifilter": filter}, used)
    serve(sys, "sys", {"maxint": sys.maxsize, "setdefaultencoding": lambda _encoding: None}, used)
    for name, value in _BUILTINS.items():
        setattr(builtins, name, value)


def _numpy_names(numpy: Any) -> Mapping[str, object]:
    own = {
        "float": float,
        "int": int,
        "complex": complex,
        "object": object,
        "str": str,
        "unicode": str,
        "long": int,
    }
    renamed = {old: getattr(numpy, new) for old, new in _NUMPY_RENAMED.items()}
    return {
        **own,
        **renamed,
        "NINF": -numpy.inf,
        "asfarray": lambda a, dtype=numpy.float64: numpy.asarray(a, dtype=dtype),
        "asscalar": lambda a: a.item(),
        "in1d": lambda a, b, **options: numpy.isin(numpy.ravel(a), b, **options),
        "VisibleDeprecationWarning": numpy.exceptions.VisibleDeprecationWarning,
        "warnings": importlib.import_module("warnings"),
    }


def _serve_misc(scipy: types.ModuleType) -> None:
    """`scipy.misc` after a mere `import scipy`; the stand-in itself notes what is used of it."""
    original: Callable[[str], object] = vars(scipy)["__getattr__"]

    def answer(name: str) -> object:
        return importlib.import_module("scipy.misc") if name == "misc" else original(name)

    vars(scipy)["__getattr__"] = answer


def may_read_old_builtins(text: str) -> bool:
    """Whether a source holds the name of a builtin of Python 2; it may mean something else there."""
    return _BUILTIN.search(text) is not None


def old_builtins(tree: ast.AST) -> set[str]:
    """The builtins of Python 2 that a module reads and does not define itself."""
    read: set[str] = set()
    bound: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                read.add(name)
            case ast.Name(id=name) | ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.alias(name=name, asname=other):
                bound.add(other or name)
    return (read - bound) & _BUILTINS.keys()
