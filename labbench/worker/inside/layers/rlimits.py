"""Resource limits.

Theory of operation. Limits only tighten, so a session puts them on first. The interpreter, numpy and OpenBLAS are
mapped already: the address space limit is what is mapped plus the hand-in's budget. It counts heap, stacks and
mapped files; memory it does not count (memfd, System V segments, big pipes) is denied by seccomp. The CPU limit is
a backstop behind the grader's own clock. Nothing may be written to a file (FSIZE 0).

Threads. NPROC counts all tasks of a user, the grader's and the desktop's included, and the count cannot be read
off reliably (other containers and non-dumpable processes are out of sight), so it is found by doing: the lowest
limit under which a thread starts. The limit is that count plus a margin wide enough that the user's other work
does not starve a right hand-in: it stops a bomb, not a crowd. A root grader's session is a user of its own
(`privileges`) and shares the count with nobody. Root is exempt from NPROC; for a session that stays root the address
space bounds threads, 8 MiB a default stack.
"""

from __future__ import annotations

import os
import resource
import sys
import threading

from . import kernel
from .layer import Config, Layer, LayerError, Request, Unavailable

#: Tasks beyond those the user has already.
_TASK_MARGIN = 2048
_MOST_TASKS = 1 << 22


def _virtual_memory() -> int:
    """The address space in use, in bytes; 0 where it cannot be read."""
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - no pathlib in here
            return int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def set_limit(which: int, soft: int, hard: int) -> None:
    """Set a limit, or leave the hard limit where it is already lower."""
    present = resource.getrlimit(which)[1]
    if present != resource.RLIM_INFINITY:
        hard = min(hard, present)
    resource.setrlimit(which, (min(soft, hard), hard))


def _wanted(limits: dict[str, int]) -> dict[int, tuple[int, int]]:
    memory = _virtual_memory() + int(limits["memory"])
    cpu = int(limits["cpu"]) + 2
    size = int(limits.get("file", 0))
    return {
        resource.RLIMIT_AS: (memory, memory),
        resource.RLIMIT_CPU: (cpu, cpu + 5),
        resource.RLIMIT_FSIZE: (size, size),
        resource.RLIMIT_CORE: (0, 0),
    }


def prepare(_config: Config) -> Layer:
    """Address space, CPU time, file size, descriptors, core dumps."""

    def apply(request: Request) -> None:
        for which, (soft, hard) in _wanted(request["limits"]).items():
            try:
                set_limit(which, soft, hard)
            except (ValueError, OSError):
                # macOS enforces no address space limit.
                if sys.platform == "linux":
                    raise

    return Layer("AS CPU FSIZE CORE", apply)


def prepare_threads(_config: Config) -> Layer:
    """A cap on threads (and processes, where seccomp does not forbid them).

    Raises:
        Unavailable: we may start no more tasks.
    """
    # A root grader's session is a user of its own, who has no other tasks.
    most = _TASK_MARGIN if os.geteuid() == 0 else int(kernel.in_child(lambda: str(_tasks()))) + _TASK_MARGIN

    def apply(_request: Request) -> None:
        if os.getuid() == 0:
            raise LayerError("root is exempt from NPROC; the address space bounds threads")
        set_limit(resource.RLIMIT_NPROC, most, most)

    return Layer(f"NPROC, at most {_TASK_MARGIN} more tasks", apply, _must_bind)


def _must_bind() -> None:
    """Check in a probe that the limit holds.

    Raises:
        Unavailable: it does not.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    if _starts(1, hard):
        raise Unavailable("NPROC does not bind here")
    resource.setrlimit(resource.RLIMIT_NPROC, (soft, hard))


def _tasks() -> int:
    """How many tasks the kernel counts for this user: the lowest NPROC under which another one starts."""
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    low, high = 0, _MOST_TASKS if hard == resource.RLIM_INFINITY else hard
    if not _starts(high, hard):
        raise Unavailable("this user may start no more tasks")
    while low < high:
        middle = (low + high) // 2
        if _starts(middle, hard):
            high = middle
        else:
            low = middle + 1
    return low


def _starts(limit: int, hard: int) -> bool:
    resource.setrlimit(resource.RLIMIT_NPROC, (limit, hard))
    thread = threading.Thread(target=int)
    try:
        thread.start()
    except RuntimeError:
        return False
    thread.join()
    return True
