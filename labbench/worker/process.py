"""Stopping and continuing a session's process."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path

from labbench import timing

_STOPPED = b"TtZX"
#: A stop takes microseconds; a process in an uninterruptible wait may take longer.
_STOP_SECONDS = 5.0


def stop(pid: int) -> None:
    """SIGSTOP, and wait until the kernel says stopped (or dead); then the CPU clock is exact."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    if sys.platform != "linux":
        return
    deadline = timing.wall_ns() + int(_STOP_SECONDS * 1e9)
    while _state(pid) not in _STOPPED and timing.wall_ns() < deadline:
        timing.pause(0)


def resume(pid: int) -> None:
    """SIGCONT."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def _state(pid: int) -> bytes:
    """The one-letter state of a process; X when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return b"X"
    # The name before it may hold anything, even a closing bracket.
    after = stat.rpartition(b")")[2].split()
    return after[0] if after else b"X"
