"""The files that every session may read: what Python, the permitted packages and their libraries are loaded from.

Theory of operation. A session must be able to import any part of the standard library, numpy, scipy and PIL late,
after it is locked in, and nothing else: the folder that holds the standard library often holds site-packages as
well, and with it labbench's own data. So a folder that has site-packages in it is never allowed as a whole; its
other entries are, one by one. Shared libraries are allowed by folder where that is a system library folder, else
file by file; which files the standard library's extension modules need is found out by loading them in a child.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from typing import TYPE_CHECKING

from . import kernel
from .layer import Unavailable

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

_FOREIGN = ("site-packages", "dist-packages")
_SYSTEM_LIBRARIES = ("/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/", "/usr/local/lib/")
#: What the C library and Python read on their own: library search, time zones, locales, processor count.
_SYSTEM_FILES = (
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/usr/lib/locale",
    "/sys/devices/system/cpu/online",
    "/sys/devices/system/cpu/possible",
    "/dev/zero",
    "/dev/urandom",
    "/dev/random",
)
_INSIDE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - no pathlib in here


def shared_paths(packages: Mapping[str, str]) -> list[str]:
    """The paths, folders meant with all they hold.

    Args:
        packages: Top-level package to the folder it is installed in, as for `compat.prepare`.
    """
    paths = {_INSIDE, *_standard_library(), *_packages(packages), *_SYSTEM_FILES}
    mapped = {_place(file) for file in _mapped()}
    paths |= mapped
    # Some lie beside who knows what (Conda's, Homebrew's): then there may be more of them.
    if any(os.path.isfile(p) and "/libpython" not in p for p in mapped if not _lies_in(p, paths)):  # noqa: PTH113
        with contextlib.suppress(Unavailable):
            paths.update(_place(file) for file in kernel.in_child(_load_all).split("\n"))
    # Last line of defence: no folder that labbench lies in.
    paths = {path for path in paths if not _lies_in(_INSIDE, (path,))}
    return sorted(path for path in paths if os.path.exists(path) and not _lies_in(path, paths))  # noqa: PTH110


def _lies_in(path: str, folders: Container[str]) -> bool:
    """Whether one of the folders is above the path."""
    while len(path) > 1:
        path = os.path.dirname(path)  # noqa: PTH120
        if path in folders:
            return True
    return False


def _standard_library() -> Iterable[str]:
    for entry in sys.path:
        if os.path.isfile(entry):  # noqa: PTH113
            yield entry
        elif os.path.isdir(entry):  # noqa: PTH112
            names = os.listdir(entry)  # noqa: PTH208
            if any(name in _FOREIGN for name in names):
                yield from (os.path.join(entry, name) for name in names if name not in _FOREIGN)  # noqa: PTH118
            else:
                yield entry


def _packages(packages: Mapping[str, str]) -> Iterable[str]:
    for name, folder in packages.items():
        # Wheels keep the libraries they bring beside the package; Pillow's is in lower case.
        bundled = "pillow" if name == "PIL" else name
        yield from (os.path.join(folder, entry) for entry in (name, bundled + ".libs"))  # noqa: PTH118


def _place(file: str) -> str:
    """The library's folder if that may be read as a whole, else the library itself."""
    folder = os.path.dirname(file)  # noqa: PTH120
    return folder if (folder + "/").startswith(_SYSTEM_LIBRARIES) and not _is_mixed(folder) else file


def _is_mixed(folder: str) -> bool:
    """Whether Python packages are installed in it, as in Fedora's /usr/lib64."""
    below = ["", *(name for name in os.listdir(folder) if name.startswith("python"))]  # noqa: PTH208
    return any(os.path.isdir(os.path.join(folder, name, foreign)) for name in below for foreign in _FOREIGN)  # noqa: PTH112, PTH118


def _mapped() -> set[str]:
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:  # noqa: PTH123
        named = (line.rstrip("\n").split(maxsplit=5) for line in maps)
        return {fields[5] for fields in named if len(fields) == 6 and ".so" in os.path.basename(fields[5])}  # noqa: PTH119


def _load_all() -> str:
    """Load, not import, every extension module of the standard library; the shared libraries mapped then."""
    for entry in sys.path:
        if os.path.isdir(entry):  # noqa: PTH112
            for name in os.listdir(entry):  # noqa: PTH208
                if name.endswith(".so"):
                    with contextlib.suppress(OSError):
                        ctypes.CDLL(os.path.join(entry, name))  # noqa: PTH118
    return "\n".join(_mapped())
