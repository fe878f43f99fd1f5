"""Writing what is taken from a hand-in, under its budget."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Protocol

from labbench.errors import LabbenchError, reason

if TYPE_CHECKING:
    from pathlib import Path

    from labbench.handin.budget import Budget

_CHUNK = 1 << 16


class Readable(Protocol):
    """What can be copied from."""

    def read(self, size: int, /) -> bytes: ...  # noqa: D102


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
                _put(out, data)
            except OSError as error:
                raise not_written(error) from error


def _put(out: IO[bytes], data: bytes) -> None:
    """All of it: where the room ends, the system takes a part and complains only when it is given the rest."""
    rest = memoryview(data)
    while rest:
        rest = rest[out.write(rest) :]


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
    return LabbenchError("handin.not_written", folder=_temporary(), reason=reason(error))


def _temporary() -> str:
    """The folder for temporary files, or where it was looked for."""
    import tempfile

    try:
        return tempfile.gettempdir()
    except FileNotFoundError:
        return tempfile.tempdir or "TMPDIR, /tmp, /var/tmp"
