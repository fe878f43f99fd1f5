"""Writing a result file: whole or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from labbench import scratch
from labbench.errors import LabbenchError, reason
from labbench.texts import text

if TYPE_CHECKING:
    from pathlib import Path


def check_writable(path: Path, spared: Path | None = None) -> None:
    """Refuse a place where a result could not be written, or must not be, before minutes are spent on it.

    Args:
        path: The place.
        spared: What the result is made from: that file, or the Python files of that folder.

    Raises:
        LabbenchError: a folder or something spared is there, or the folder for it is missing or not writable.
    """
    try:
        _check(path, spared)
    except OSError as error:
        raise LabbenchError("output.not_written", path=str(path), reason=reason(error)) from error


def _check(path: Path, spared: Path | None) -> None:
    if spared is not None and path.exists() and spared.exists():
        inside = path.suffix == ".py" and spared.resolve() in path.resolve().parents
        if inside or path.samefile(spared):
            raise LabbenchError("output.is_input", path=str(path))
    if path.is_dir():
        raise LabbenchError("output.is_folder", path=str(path))
    folder = path.absolute().parent
    if _special(path):
        folder = path
    elif not folder.is_dir():
        raise LabbenchError("output.no_folder", path=str(path), folder=str(folder))
    if not os.access(folder, os.W_OK):
        raise LabbenchError("output.not_written", path=str(path), reason=text("errno.eacces"))


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that readers see the old content or the new one, never a piece.

    Raises:
        LabbenchError: it cannot be written.
    """
    try:
        if _special(path):
            path.write_bytes(content)
            return
        with scratch.folder(beside=path) as folder:
            fresh = folder / "fresh"
            with fresh.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            fresh.chmod(0o644)
            fresh.replace(path)
    except OSError as error:
        raise LabbenchError("output.not_written", path=str(path), reason=reason(error)) from error


def _special(path: Path) -> bool:
    """A device or a pipe: nothing to rename over."""
    return path.exists() and not path.is_file() and not path.is_dir()
