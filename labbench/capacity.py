"""What this process may use of the machine: processors and memory, also in a container or under `ulimit`."""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from pathlib import Path


def usable_cpus() -> int:
    """How many processors this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def usable_memory(groups: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> int:
    """Bytes that this process may use: the machine's, or less in a container or under `ulimit -v`."""
    bounds = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        bounds.append(soft)
    with suppress(OSError, ValueError):
        # `0::/a/b` in version 2, where every group above bounds too; `7:memory:/a/b` in version 1.
        for line in own.read_text(encoding="utf-8", errors="replace").splitlines():
            number, controllers, name = line.split(":", 2)
            if number == "0":
                folder = groups / name.lstrip("/")
                bounds += [b for f in (folder, *folder.parents) if (b := _number(f / "memory.max")) is not None]
            elif "memory" in controllers.split(","):
                bounds += [
                    b
                    for f in (groups / "memory" / name.lstrip("/"), groups / "memory")
                    if (b := _number(f / "memory.limit_in_bytes")) is not None
                ]
    return min(bounds)


def free_memory(information: Path = Path("/proc/meminfo")) -> int:
    """Bytes of what this process may use that nobody else has taken; all of them where that cannot be seen."""
    bounds = [usable_memory()]
    with suppress(OSError, ValueError):
        lines = information.read_text(encoding="ascii").splitlines()
        bounds += [int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")]
    return min(bounds)


def _number(file: Path) -> int | None:
    with suppress(OSError, ValueError):
        return int(file.read_text(encoding="ascii"))
    return None  # "max", or no such group
