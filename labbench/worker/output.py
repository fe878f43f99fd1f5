"""What a session prints: both pipes drained, a bounded piece kept, a flood noticed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: How much of the output is kept, in bytes.
KEPT = 64 << 10


class Output:
    """The read ends of a session's stdout and stderr."""

    def __init__(self, out: int, err: int, limit: int, listener: Callable[[bytes], None] | None = None) -> None:
        self.open = {out, err}
        self._listener = listener
        self._limit = limit
        self._seen = 0
        self._kept = bytearray()
        for descriptor in self.open:
            os.set_blocking(descriptor, False)

    @property
    def flooded(self) -> bool:
        """Whether more came than the limit allows."""
        return self._seen > self._limit

    def drain(self, descriptor: int) -> bool:
        """Read what is there; False once the other end is closed."""
        while not self.flooded:
            try:
                data = os.read(descriptor, 1 << 16)
            except BlockingIOError:
                return True
            if not data:
                self.open.discard(descriptor)
                os.close(descriptor)
                return False
            self._seen += len(data)
            self._kept += data[: KEPT - len(self._kept)]
            if self._listener is not None:
                self._listener(data)
        return True

    def text(self) -> str:
        """The kept piece, decoded."""
        return self._kept.decode("utf-8", errors="replace")

    def close(self) -> None:
        """Close both pipes."""
        while self.open:
            os.close(self.open.pop())
