"""A stream that hands out no more than was allowed.

zipfile and tarfile read tables and headers whole, as long as the archive claims they are, and build objects of
them. Through this stream the claim does not matter: whoever asks for more than the allowance is refused.
"""

from __future__ import annotations

import io
import os
from typing import Protocol

_CHUNK = 1 << 16


class Source(Protocol):
    """What can be read and sought in."""

    def read(self, size: int, /) -> bytes: ...  # noqa: D102
    def seek(self, offset: int, whence: int = ..., /) -> int: ...  # noqa: D102
    def tell(self) -> int: ...  # noqa: D102


class TooMuchError(Exception):
    """More was asked for than is allowed."""


class Metered(io.RawIOBase):
    """Wraps a stream for reading."""

    def __init__(self, source: Source, most: int, *, forward: bool) -> None:
        """Read `source`; never beyond byte `most`, and only `forward` if it is unpacked as it comes."""
        self._source, self._most, self._forward = source, most, forward
        self._allowed = 0
        #: What was read last.
        self.last = b""

    def allow(self, count: int) -> None:
        """From here on, `count` bytes may be read; skipping costs none."""
        self._allowed = count

    def read(self, size: int | None = -1) -> bytes:
        """As every stream; without a size, all that is there."""
        if size is None or size < 0:
            size = self._allowed + 1
        elif size > self._allowed:
            raise TooMuchError
        self.last = self._source.read(size)
        self._allowed -= len(self.last)
        if self._allowed < 0 or self.tell() > self._most:
            raise TooMuchError
        return self.last

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As every stream; where only forward, by reading."""
        if not self._forward:
            return self._source.seek(offset, whence)
        if whence != os.SEEK_SET or offset < self.tell():
            raise OSError("out of order")
        while (missing := offset - self.tell()) and self._source.read(min(missing, _CHUNK)):
            if self.tell() > self._most:
                raise TooMuchError
        return self.tell()

    def tell(self) -> int:
        """As every stream."""
        return self._source.tell()

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """As far as it goes."""
        return True
