"""What one hand-in may still cost. Counted as it comes, whatever an archive claims of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from labbench import timing
from labbench.errors import LabbenchError
from labbench.handin import limits

if TYPE_CHECKING:
    from pathlib import PurePath


class Budget:
    """Files, bytes and seconds of one hand-in, archives inside it included.

    Attributes:
        bytes_left: How many may still be written.
    """

    def __init__(self, shown: str) -> None:
        """Start the clock; `shown` is the hand-in in messages."""
        self._shown = shown
        self.bytes_left = limits.MAX_BYTES
        self._files_left, self._members_left = limits.MAX_FILES, limits.MAX_MEMBERS
        self._end = timing.wall_ns() + int(limits.MAX_SECONDS * 1e9)

    def count_member(self) -> None:
        """One more entry of an archive."""
        self._members_left -= 1
        if self._members_left < 0:
            self.refuse_size()
        self.check_time()

    def count_file(self) -> None:
        """One more file."""
        self._files_left -= 1
        if self._files_left < 0:
            self.refuse_size()
        self.check_time()

    def count_bytes(self, count: int) -> None:
        """Some more bytes, no more than are left."""
        self.bytes_left -= count
        self.check_time()

    def check_time(self) -> None:
        """Refuse what takes too long."""
        if timing.wall_ns() > self._end:
            raise LabbenchError("handin.too_slow", path=self._shown, seconds=limits.MAX_SECONDS)

    def check_depth(self, path: PurePath) -> None:
        """Refuse what lies too deep."""
        if len(path.parts) > limits.MAX_PARTS:
            raise LabbenchError("handin.too_deep", path=self._shown, parts=limits.MAX_PARTS)

    def refuse_size(self) -> NoReturn:
        """It is too large."""
        mib = limits.MAX_BYTES >> 20
        raise LabbenchError(
            "handin.too_large", path=self._shown, files=limits.MAX_FILES, mib=mib, ratio=limits.MAX_RATIO
        )
