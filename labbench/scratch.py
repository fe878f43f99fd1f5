"""Temporary folders that do not outlive their process for long: what a killed one left, the next one removes.

Each folder is locked (flock) by the process that made it; the kernel drops the lock when that process dies, whatever
kills it, and across containers that share a file system. A folder whose lock is free belongs to nobody.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "labbench-tmp-"
#: A younger folder may be one that is not locked yet.
_YOUNG_SECONDS = 10.0


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A private folder (mode 0700) for as long as the context lasts; removes those of processes that are gone."""
    path = Path(tempfile.mkdtemp(prefix=_PREFIX))
    with _locked(path) as mine:
        if not mine:
            raise BlockingIOError(f"{path} is locked by another process")
        try:
            _remove_stale(path)
            yield path
        finally:
            _remove(path)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Whether the folder's lock could be taken; held while the context lasts."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)


def _remove_stale(fresh: Path) -> None:
    now = fresh.stat().st_mtime
    for entry in fresh.parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            found = entry.lstat()
            if found.st_uid == os.getuid() and now - found.st_mtime > _YOUNG_SECONDS:
                with _locked(entry) as free:
                    if free:
                        _remove(entry)


def _remove(path: Path) -> None:
    try:
        shutil.rmtree(path)
    except (OSError, RecursionError):
        # Folders nested a thousand deep are too much for Python's own removal.
        subprocess.run(["rm", "-rf", "--", path], check=False, stderr=subprocess.DEVNULL)
