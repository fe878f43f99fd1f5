"""What any program would find here: Python and its numbers, memory, clocks, words, the terminal, temporary files."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labbench import timing
from labbench.capacity import usable_cpus, usable_memory
from labbench.results import Text, text

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Memory that a right hand-in takes on the whole net, with the grader, in bytes.
_MEMORY_NEEDED = 3 << 30
#: Free space for hand-ins and what sessions see of them, in bytes: the largest hand-in, several times.
_TEMPORARY_NEEDED = 512 << 20
#: Columns below which tables break words.
_COLUMNS_NEEDED = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what it is, whether it is as it should be, and what to do if not."""

    topic: str
    value: str
    fine: bool = True
    advice: Text | None = None


def findings() -> Iterator[Finding]:
    """All of this, from the inside out."""
    yield from _python()
    yield from _hardware()
    yield from _words()
    yield _temporary()


def _python() -> Iterator[Finding]:
    import numpy as np
    import scipy
    import threadpoolctl

    yield Finding("python", f"{platform.python_version()} ({sys.executable})")
    yield Finding("numpy", f"{np.__version__}, scipy {scipy.__version__}")
    pools = [pool for pool in threadpoolctl.threadpool_info() if pool.get("user_api") == "blas"]
    names = ", ".join(
        f"{p['internal_api']} {p.get('version')}, {p.get('architecture', '?')}, {p['num_threads']} threads"
        for p in pools
    )
    yield Finding("blas", f"{names} (sessions: 1)" if pools else "–", bool(pools), text("doctor.blas"))


def _hardware() -> Iterator[Finding]:
    yield Finding("platform", f"{platform.platform(terse=True)}, {usable_cpus()} of {os.cpu_count()} CPUs")
    memory = usable_memory()
    advice = text("doctor.memory", needed=_MEMORY_NEEDED >> 30)
    yield Finding("memory", f"{memory / 2**30:.1f} GiB", memory >= _MEMORY_NEEDED, advice)
    exact = timing.FOREIGN_CPU_CLOCK
    yield Finding("clock", "CPU" if exact else "wall", exact, text("doctor.clock"))


def _words() -> Iterator[Finding]:
    named = next((v for name in ("LC_ALL", "LC_CTYPE", "LANG") if (v := os.environ.get(name))), "–")
    encoding = getattr(sys.stdout, "encoding", None) or "?"
    yield Finding("locale", f"{named}, {encoding}", encoding.lower().startswith(("utf", "gb")), text("doctor.encoding"))
    if not sys.stdout.isatty():
        yield Finding("terminal", "–")
        return
    kind, columns = os.environ.get("TERM", "?"), shutil.get_terminal_size().columns
    advice = text("doctor.terminal", needed=_COLUMNS_NEEDED)
    yield Finding("terminal", f"{kind}, {columns} columns", columns >= _COLUMNS_NEEDED, advice)


def _temporary() -> Finding:
    try:
        folder = tempfile.gettempdir()
        free = shutil.disk_usage(folder).free
    except OSError:
        return Finding("temporary", "–", fine=False, advice=text("doctor.no_temporary"))
    advice = text("doctor.temporary", needed=_TEMPORARY_NEEDED >> 20, path=folder)
    return Finding("temporary", f"{folder}, {free / 2**30:.1f} GiB", free >= _TEMPORARY_NEEDED, advice)
