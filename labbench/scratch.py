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


@contextlib.contextmanager
def folder(beside: Path | None = None) -> Iterator[Path]:
    """A private folder (mode 0700) for as long as the context lasts; removes those of processes that are gone.

    Args:
        beside: Make it in the folder of this file, which can then be replaced by a rename.
    """
    parent = Path(tempfile.gettempdir()) if beside is None else beside.absolute().parent
    while True:
        with _made(parent) as path:
            if path is not None:
                _remove_stale(parent)
                yield path
                return


@contextlib.contextmanager
def _made(parent: Path) -> Iterator[Path | None]:
    """A new folder with its lock, or None when another process took it for a dead one's before it was locked."""
    # A name that is nobody else's: wherever a signal interrupts this, it may be removed.
    path = parent / (_PREFIX + secrets.token_hex(8))
    try:
        path.mkdir(mode=0o700)
        with _locked(path) as mine:
            try:
                yield path if mine else None
            finally:
                if mine:
                    _remove(path)
    except BaseException:
        _remove(path)
        raise


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Whether the folder is there and its lock could be taken; held while the context lasts."""
    with contextlib.ExitStack() as opened:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            opened.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = os.path.samestat(os.fstat(descriptor), path.lstat())
        except (FileNotFoundError, BlockingIOError):
            free = False
        yield free


def _remove_stale(parent: Path) -> None:
    for entry in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if entry.lstat().st_uid == os.getuid():
                with _locked(entry) as free:
                    if free:
                        _remove(entry)


def _remove(path: Path) -> None:
    try:
        if path.exists():
            for folder, _, _ in os.walk(path):
                Path(folder).chmod(0o700)  # snapshots are read-only
            shutil.rmtree(path)
    except (OSError, RecursionError):
        # Unreadable folders, or some nested a thousand deep, are too much for Python's own removal.
        for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
            subprocess.run([*command, "--", path], check=False, stderr=subprocess.DEVNULL)
