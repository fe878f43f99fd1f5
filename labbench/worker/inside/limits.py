"""The limits a session puts on itself before it opens the hand-in, in a fixed order; each layer only tightens.

Further isolation layers (Landlock, seccomp, …) belong in `LAYERS`, which `start` applies in order.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from typing import Any

_PR_SET_PDEATHSIG = 1


def _virtual_memory() -> int:
    """The address space in use, in bytes; 0 where it cannot be read."""
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - no pathlib in here
            return int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def resource_limits(limits: dict[str, Any]) -> None:
    """Address space, CPU backstop, no files written, few descriptors, no core dumps."""
    # The interpreter, numpy and OpenBLAS are mapped already: the budget is what the hand-in adds.
    memory = _virtual_memory() + int(limits["memory"])
    cpu = int(limits["cpu"]) + 2
    for which, soft, hard in (
        (resource.RLIMIT_AS, memory, memory),
        (resource.RLIMIT_CPU, cpu, cpu + 5),
        (resource.RLIMIT_FSIZE, int(limits.get("file", 0)), int(limits.get("file", 0))),
        (resource.RLIMIT_NOFILE, 64, 64),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        try:
            resource.setrlimit(which, (soft, hard))
        except (ValueError, OSError):
            # macOS enforces no address space limit; a hard limit below ours already holds.
            continue


def die_with_parent(limits: dict[str, Any]) -> None:
    """Ask the kernel for SIGKILL when the zygote dies: a stopped orphan would stay for ever."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != limits["parent"]:
        os._exit(1)


#: What `start` puts on, in order.
LAYERS = (die_with_parent, resource_limits)


def start(limits: dict[str, Any]) -> None:
    """Put on all layers."""
    for layer in LAYERS:
        layer(limits)
