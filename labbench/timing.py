"""The clocks of honest timing. Nothing else imports `time`.

A hand-in's time is read by the grader on the hand-in's own CPU clock, from outside: it cannot be patched, and it
counts all threads. The kernel brings that clock up to date only when the process leaves the processor, so it
is read while the process is stopped (SIGSTOP).
"""

from __future__ import annotations

import sys
import time
from datetime import datetime

#: Whether the CPU clock of another process can be read here.
FOREIGN_CPU_CLOCK = sys.platform == "linux"


def wall_ns() -> int:
    """The monotonic wall clock, in ns."""
    return time.perf_counter_ns()


def cpu_ns(pid: int) -> int:
    """The CPU time that process `pid` has used, all threads, in ns; the wall clock where there is no such clock.

    Raises:
        ProcessLookupError: there is no such process any more.
    """
    if not FOREIGN_CPU_CLOCK:
        return wall_ns()
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)  # CPUCLOCK_SCHED of that process, see clock_getcpuclockid(3)
    except OSError as error:
        raise ProcessLookupError(pid) from error


def pause(seconds: float) -> None:
    """Let other processes run."""
    time.sleep(seconds)


def now() -> str:
    """The time of day, ISO 8601 with the offset, to the second."""
    return datetime.now().astimezone().isoformat(timespec="seconds")
