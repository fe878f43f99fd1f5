"""From a folder to a snapshot: plain files only, each opened inside an open folder, so that no link comes between."""

from __future__ import annotations

import contextlib
import os
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labbench import inputs
from labbench.errors import LabbenchError
from labbench.handin import limits, names
from labbench.handin.writing import write
from labbench.texts.untrusted import clean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labbench.handin.budget import Budget


def copy_folder(top: Path, folder: Path, target: Path, shown: str, budget: Budget) -> None:
    """Copy a folder.

    Args:
        top: What was handed in; may be a link.
        folder: What to copy of it.
        target: A new folder.
        shown: What the hand-in is called in messages.
        budget: What it may cost.

    Raises:
        LabbenchError: too large, too deep, or with two names that some file systems take for one.
        OSError: something cannot be read.
    """
    with contextlib.ExitStack() as stack:
        inside = stack.enter_context(_opened(top, follow=True))
        for part in folder.relative_to(top).parts:
            inside = stack.enter_context(_opened(part, inside))
        _Copier(target, shown, budget).copy(inside, folder, target)


def copy_file(file: Path, target: Path, budget: Budget, name: str = "") -> None:
    """Copy one file (which may be a link) to the folder `target`, as `name` if it has another there.

    Raises:
        LabbenchError: too large.
        OSError: it cannot be read.
    """
    with inputs.opened(file) as stream:
        write(stream, target / (name or file.name), budget, budget.bytes_left)


@dataclass(frozen=True, slots=True)
class _Copier:
    """Copies to the folder `top`."""

    top: Path
    shown: str
    budget: Budget

    def copy(self, inside: int, source: Path, target: Path) -> None:
        """What is in the open folder `inside`, which is `source` in messages, to the new folder `target`."""
        target.mkdir()
        self.budget.check_depth(target.relative_to(self.top))
        seen: dict[str, str] = {}
        for entry in _entries(inside):
            name = unicodedata.normalize("NFC", entry.name)
            if limits.is_junk(name) or entry.is_symlink():
                continue
            other = seen.setdefault(names.fold(name), entry.name)
            if other != entry.name:
                raise LabbenchError("handin.alike", path=self.shown, first=clean(other), second=clean(name))
            with _naming(source / entry.name):
                self._copy_entry(entry, inside, source / entry.name, target / name)

    def _copy_entry(self, entry: os.DirEntry[str], inside: int, source: Path, target: Path) -> None:
        if entry.is_dir(follow_symlinks=False):
            with _opened(entry.name, inside) as below:
                self.copy(below, source, target)
        elif entry.is_file(follow_symlinks=False):
            self.budget.count_file()
            with inputs.opened(entry.name, inside=inside, follow=False) as stream:
                write(stream, target, self.budget, self.budget.bytes_left)


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
        if error.filename in (None, path.name):
            error.filename = str(path)
        raise
