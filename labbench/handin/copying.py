"""From a folder to a snapshot: plain files only, each opened inside an open folder, so that no link comes between."""

from __future__ import annotations

import contextlib
import os
import unicodedata
from typing import TYPE_CHECKING

from labbench.errors import LabbenchError
from labbench.handin import limits, names
from labbench.handin.reading import open_file, write
from labbench.texts.untrusted import clean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labbench.handin.budget import Budget


def copy_folder(top: Path, folder: Path, target: Path, budget: Budget) -> None:
    """Copy `folder`, which lies somewhere below `top` (which may be a link), to the new folder `target`.

    Raises:
        LabbenchError: too large, too deep, or with two names that some file systems take for one.
        OSError: something cannot be read.
    """
    with contextlib.ExitStack() as stack:
        inside = stack.enter_context(_opened(top, follow=True))
        for part in folder.relative_to(top).parts:
            inside = stack.enter_context(_opened(part, inside))
        _copy(inside, folder, target, target, budget)


def copy_file(file: Path, target: Path, budget: Budget) -> None:
    """Copy one file (which may be a link) to the new folder `target`.

    Raises:
        LabbenchError: too large.
        OSError: it cannot be read.
    """
    with open_file(file, follow=True) as stream:
        write(stream, target / file.name, budget, budget.bytes_left)


def _copy(inside: int, source: Path, target: Path, top: Path, budget: Budget) -> None:
    target.mkdir()
    budget.check_depth(target.relative_to(top))
    seen: dict[str, str] = {}
    for entry in _entries(inside):
        name = unicodedata.normalize("NFC", entry.name)
        if limits.is_junk(name) or entry.is_symlink():
            continue
        other = seen.setdefault(names.fold(name), entry.name)
        if other != entry.name:
            raise LabbenchError("handin.alike", path=str(source), first=clean(other), second=clean(name))
        with _naming(source / entry.name):
            if entry.is_dir(follow_symlinks=False):
                with _opened(entry.name, inside) as below:
                    _copy(below, source / entry.name, target / name, top, budget)
            elif entry.is_file(follow_symlinks=False):
                budget.count_file()
                with open_file(entry.name, inside=inside) as stream:
                    write(stream, target / name, budget, budget.bytes_left)


def _entries(inside: int) -> list[os.DirEntry[str]]:
    with os.scandir(inside) as found:
        return sorted(found, key=lambda entry: entry.name)


@contextlib.contextmanager
def _opened(path: Path | str, inside: int | None = None, *, follow: bool = False) -> Iterator[int]:
    """A folder's descriptor."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    descriptor = os.open(path, flags, dir_fd=inside)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Complaints of the system name the whole path, not what it is inside its folder."""
    try:
        yield
    except OSError as error:
        if error.filename == path.name:
            error.filename = str(path)
        raise
