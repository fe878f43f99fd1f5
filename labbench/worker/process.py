"""Stopping and continuing a session's process."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path

from labbench import timing

_DEAD = frozenset((b"Z", b"X"))
_STOPPED = frozenset((b"T", b"t")) | _DEAD
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
        if sys.platform != "linux" or _states(pid) <= _STOPPED or timing.wall_ns() > deadline:
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
    return sys.platform == "linux" and _states(pid) <= _DEAD


def _deadline(seconds: float) -> int:
    return timing.wall_ns() + int(seconds * 1e9)


def _states(pid: int) -> set[bytes]:
    """The one-letter states of a process's threads; X alone when there is none.

    The first may be stopped a moment before the others, and dead while they go on.
    """
    state, threads = _stat(Path(f"/proc/{pid}"))
    if threads < 2:
        return {state}
    with contextlib.suppress(OSError):
        return {_stat(task)[0] for task in Path(f"/proc/{pid}/task").iterdir()}
    return {b"X"}


def _stat(folder: Path) -> tuple[bytes, int]:
    """A thread's state, and how many there are in its process."""
    try:
        stat = (folder / "stat").read_bytes()
    except OSError:
        return b"X", 0
    # The name before it may hold anything, even a closing bracket.
    after = stat.rpartition(b")")[2].split()
    return (after[0], int(after[17])) if after else (b"X", 0)
