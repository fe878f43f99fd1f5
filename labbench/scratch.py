"""Temporary folders that do not outlive their process for long: what a killed one left, the next one removes.

Each folder is locked (flock) by the process that made it; the kernel drops the lock when that process dies, whatever
kills it, and across containers that share a file system. A folder whose lock is free belongs to nobody.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = ".labbench-tmp-"
#: What a folder is called until it is locked, and how long that may take at most.
_UNLOCKED, _UNLOCKED_SECONDS = ".labbench-new-", 10.0


@contextlib.contextmanager
def folder(beside: Path | None = None) -> Iterator[Path]:
    """A private folder (mode 0700) for as long as the context lasts; removes those of processes that are gone.

    Args:
        beside: Make it in the folder of this file, which can then be replaced by a rename.
    """
    parent = Path(tempfile.gettempdir()) if beside is None else beside.absolute().parent
    name = secrets.token_hex(8)
    unlocked, path = parent / (_UNLOCKED + name), parent / (_PREFIX + name)
    # Names that are nobody else's: wherever a signal interrupts this, both may be removed.
    try:
        unlocked.mkdir(mode=0o700)
        with _locked(unlocked) as mine:
            if not mine:
                raise BlockingIOError(f"{unlocked} is locked by another process")
            try:
                unlocked.rename(path)
                _remove_stale(parent, path.stat().st_mtime)
                yield path
            finally:
                _remove(path)
    except BaseException:
        _remove(unlocked, path)
        raise


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


def _remove_stale(parent: Path, now: float) -> None:
    for entry in [*parent.glob(f"{_PREFIX}*"), *parent.glob(f"{_UNLOCKED}*")]:
        with contextlib.suppress(OSError):
            found = entry.lstat()
            young = entry.name.startswith(_UNLOCKED) and now - found.st_mtime < _UNLOCKED_SECONDS
            if found.st_uid == os.getuid() and not young:
                with _locked(entry) as free:
                    if free:
                        _remove(entry)


def _remove(*paths: Path) -> None:
    for path in paths:
        try:
            if path.exists():
                for folder, _, _ in os.walk(path):
                    Path(folder).chmod(0o700)  # snapshots are read-only
                shutil.rmtree(path)
        except (OSError, RecursionError):
            # Unreadable folders, or some nested a thousand deep, are too much for Python's own removal.
            for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
                subprocess.run([*command, "--", path], check=False, stderr=subprocess.DEVNULL)
