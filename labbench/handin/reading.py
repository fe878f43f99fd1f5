"""Reading and writing single files, never anything that only looks like one.

What is handed in may change while it is read, so nothing is asked of a path and then opened by it: a file is opened
without waiting (a FIFO would block) and without following a link, and the descriptor is asked what it is.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import IO, TYPE_CHECKING, Protocol

from labbench.errors import LabbenchError, reason

if TYPE_CHECKING:
    from pathlib import Path

    from labbench.handin.budget import Budget

_CHUNK = 1 << 16


class Readable(Protocol):
    """What can be copied from."""

    def read(self, size: int, /) -> bytes: ...  # noqa: D102


def open_file(path: Path | str, *, inside: int | None = None, follow: bool = False) -> IO[bytes]:
    """A regular file, opened for reading.

    Args:
        path: Where it is.
        inside: An open folder that `path` starts from.
        follow: Whether it may be a link.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    descriptor = os.open(path, flags, dir_fd=inside)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def write(stream: Readable, target: Path, budget: Budget, most: int, chunk: int = _CHUNK) -> None:
    """Copy a stream into a new file.

    Args:
        stream: What to copy.
        target: The file; its folder is made.
        budget: What the hand-in may still cost.
        most: How many bytes the stream may give.
        chunk: How many are asked for at once.

    Raises:
        LabbenchError: there are more than allowed, or they cannot be written.
        FileExistsError: the file is there.
        OSError: the stream cannot be read.
    """
    with _create(target) as out:
        # One byte more than allowed, to see that there are more.
        while data := stream.read(min(chunk, most + 1)):
            most -= len(data)
            if most < 0:
                budget.refuse_size()
            budget.count_bytes(len(data))
            try:
                out.write(data)
            except OSError as error:
                raise not_written(error) from error


def _create(target: Path) -> IO[bytes]:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return target.open("xb", buffering=0)
    except (FileExistsError, NotADirectoryError):
        raise
    except OSError as error:
        raise not_written(error) from error


def not_written(error: OSError) -> LabbenchError:
    """The refusal where it is not the hand-in that is at fault."""
    import tempfile

    return LabbenchError("handin.not_written", folder=tempfile.gettempdir(), reason=reason(error))
