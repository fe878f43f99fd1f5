"""One timing at a time on this machine: a lock that all graders here share, whoever runs them.

The kernel drops the lock (flock) when its holder dies, whatever kills it. Who cannot have it goes on without, and
says so: interleaving bears steady neighbours, and a lock that anybody may hold must not stop a grading for good.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import TYPE_CHECKING

from labbench import timing
from labbench.errors import reason
from labbench.results import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labbench.results import Text

#: The folder itself, so that nothing is left in it. Not the user's own temporary folder: other users must find it.
LOCK = Path("/tmp").resolve()  # noqa: S108 - nothing is written; a link on macOS
#: A duel takes a minute at most; several may be waiting.
PATIENCE = 300.0
_PAUSE = 0.02


@contextlib.contextmanager
def alone(lock: Path = LOCK, patience: float = PATIENCE) -> Iterator[Text | None]:
    """Hold the machine's timing lock; gives the reason if it could not be had within `patience` seconds."""
    try:
        # To read only, so that it may belong to any user.
        descriptor = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        yield text("duel.no_lock", file=str(lock), reason=reason(error))
        return
    try:
        yield None if _acquire(descriptor, patience) else text("duel.lock_busy", seconds=round(patience))
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, patience: float) -> bool:
    deadline = timing.wall_ns() + int(patience * 1e9)
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if timing.wall_ns() > deadline:
                return False
            timing.pause(_PAUSE)
        else:
            return True
