"""Reading a file that somebody names: no pipe that blocks, no device without end, no more than is expected."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING, BinaryIO

from labbench.errors import UnfitFileError
from labbench.texts import text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PIECE = 1 << 20


@contextlib.contextmanager
def opened(
    path: Path | str, most: int | None = None, *, inside: int | None = None, follow: bool = True
) -> Iterator[BinaryIO]:
    """A plain file, open for reading.

    Args:
        path: Where it lies.
        most: How many bytes it may have, if there is a limit.
        inside: The descriptor of the folder that `path` starts from.
        follow: Whether it may be a link.

    Raises:
        OSError: it cannot be opened, is no plain file, or is larger.
    """
    try:
        # Without O_NONBLOCK, opening a pipe would wait until somebody writes to it.
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
        descriptor = os.open(path, flags, dir_fd=inside)
    except ValueError as error:  # a NUL in its name
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL)) from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(status.st_mode):
            raise UnfitFileError(text("input.not_plain"))
        if most is not None and status.st_size > most:
            raise _too_large(most)
        yield file


def content(path: Path, most: int) -> bytes:
    """All of a plain file of at most `most` bytes.

    Raises:
        OSError: it cannot be read, is no plain file, or is larger.
    """
    with opened(path, most) as file:
        # It may grow meanwhile, or lie about its size, as those of /proc do; a call takes memory for all it asks for.
        pieces, left = [], most + 1
        while piece := file.read(min(_PIECE, left)):
            pieces.append(piece)
            left -= len(piece)
    read = b"".join(pieces)
    if len(read) > most:
        raise _too_large(most)
    return read


def _too_large(most: int) -> UnfitFileError:
    return UnfitFileError(text("input.too_large", mib=f"{most / 2**20:g}"))
