"""Stopping and continuing a session's process."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path

from labbench import timing

_DEAD = b"ZX"
_STOPPED = b"Tt" + _DEAD
#: A stop takes microseconds; a process in an uninterruptible wait may take longer.
_STOP_SECONDS = 5.0
#: A dying process closes its sockets a moment before it is dead.
_DEATH_SECONDS = 1.0


def stop(pid: int) -> None:
    """SIGSTOP, until the kernel says stopped (or dead); then the CPU clock is exact."""
    deadline = _deadline(_STOP_SECONDS)
    while True:
        # Again and again: what the hand-in has started may send it SIGCONT.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
        if sys.platform != "linux" or _state(pid) in _STOPPED or timing.wall_ns() > deadline:
            return
        timing.pause(0)


def resume(pid: int) -> None:
    """SIGCONT."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def kill(pid: int) -> None:
    """SIGKILL, to its process group and to itself, in case it left the group."""
    for send in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            send(pid, signal.SIGKILL)


def ended(pid: int) -> bool:
    """Whether the process ends by itself, waited for a moment; True where that cannot be seen."""
    deadline = _deadline(_DEATH_SECONDS)
    while sys.platform == "linux" and not dead(pid):
        if timing.wall_ns() > deadline:
            return False
        timing.pause(0)
    return True


def dead(pid: int) -> bool:
    """Whether the process has ended, reaped or not; False where that cannot be seen."""
    return sys.platform == "linux" and _state(pid) in _DEAD


def _deadline(seconds: float) -> int:
    return timing.wall_ns() + int(seconds * 1e9)


def _state(pid: int) -> bytes:
    """The one-letter state of a process; X when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return b"X"
    # The name before it may hold anything, even a closing bracket.
    after = stat.rpartition(b")")[2].split()
    return after[0] if after else b"X"
