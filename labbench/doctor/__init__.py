"""What this machine has and lacks for labbench, each finding with what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labbench import catalogue, packs, redteam, resources, timing
from labbench.doctor import noise
from labbench.errors import LabbenchError
from labbench.results import Isolation, Level, Text, text
from labbench.vgg import weights
from labbench.worker.isolation import REQUIRED
from labbench.worker.zygote import probe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: Attacks that stand for their kind: files, the grader's secrets, processes, network, writing, limits.
CANARIES = (
    "read_golden", "read_canary_file", "parent_environ", "parent_mem", "write_tmp", "tcp_connect", "udp_send",
    "unix_path", "fork_helper", "exec_shell", "kill_parent", "prlimit_parent", "import_installed",
)  # fmt: skip
#: A pair of equal calls that differs by more makes speed-ups hard to judge.
_NOISY = 0.25
#: Free space that building the weights takes, with room to spare, in bytes.
_DISK_NEEDED = 1 << 30
#: Memory that a right hand-in takes on the whole net, with the grader, in bytes.
_MEMORY_NEEDED = 3 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what it is, whether it is as it should be, and what to do if not."""

    topic: str
    value: str
    fine: bool = True
    advice: Text | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """All findings, and the isolation of sessions here (None: no session can be started)."""

    findings: tuple[Finding, ...]
    isolation: Isolation | None

    @property
    def strong(self) -> bool:
        """Whether hidden goldens are safe here: the layers that takes are active, and no canary got out."""
        return all(f.fine for f in self.findings if f.topic == "isolation") and self.isolation is not None


def examine(settings: Mapping[str, Any] | None = None) -> Examination:
    """Look at everything once; `settings` weaken isolation on purpose, as for `worker.zygote.Zygote`."""
    isolation, failed = _start(settings)
    findings = (*_python(), *_machine(), *_storage(), *_packs(), *failed, *_worker(isolation, settings))
    return Examination(findings, isolation)


def _python() -> Iterator[Finding]:
    import numpy as np
    import scipy
    import threadpoolctl

    yield Finding("python", f"{platform.python_version()} ({sys.executable})")
    yield Finding("numpy", f"{np.__version__}, scipy {scipy.__version__}")
    for pool in threadpoolctl.threadpool_info():
        if pool.get("user_api") == "blas":
            named = f"{pool['internal_api']} {pool.get('version')}, {pool.get('architecture', '?')}"
            yield Finding("blas", f"{named}, {pool['num_threads']} threads (sessions: 1)")
            break


def _machine() -> Iterator[Finding]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    yield Finding("platform", f"{platform.platform(terse=True)}, {os.cpu_count()} CPUs")
    yield Finding(
        "memory",
        f"{memory / 2**30:.1f} GiB",
        memory >= _MEMORY_NEEDED,
        text("doctor.memory", needed=_MEMORY_NEEDED >> 30),
    )
    yield Finding(
        "clock", "CPU" if timing.FOREIGN_CPU_CLOCK else "wall", timing.FOREIGN_CPU_CLOCK, text("doctor.clock")
    )
    encoding = sys.stdout.encoding or "?"
    yield Finding("encoding", encoding, encoding.lower().startswith("utf"), text("doctor.encoding"))


def _storage() -> Iterator[Finding]:
    cache = resources.cache_dir()
    there = _nearest(cache)
    free = shutil.disk_usage(there).free
    # A file may stand where the folder should.
    writable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    yield Finding("cache", str(cache), writable, text("doctor.cache", path=str(there)))
    found = weights.available()
    enough = bool(found) or free >= _DISK_NEEDED
    yield Finding(
        "disk",
        f"{free / 2**30:.1f} GiB",
        enough,
        text("doctor.disk", needed=_DISK_NEEDED >> 30, path=str(there)),
    )
    names = ", ".join(f"{w.source} {w.digest[:12]}" for w in found)
    yield Finding("weights", names or "–", bool(found), text("doctor.weights"))


def _nearest(path: Path) -> Path:
    """The path, or the nearest folder above that exists."""
    while not path.exists():
        path = path.parent
    return path


def _packs() -> Iterator[Finding]:
    for name, spec in catalogue.load().labs.items():
        try:
            pack = packs.read(resources.practice_pack(spec.folder), name)
        except LabbenchError as error:
            yield Finding(f"pack {name}", "–", fine=False, advice=error.text)
        else:
            yield Finding(f"pack {name}", f"{pack.identity.name} {pack.identity.digest[:12]}")


def _worker(isolation: Isolation | None, settings: Mapping[str, Any] | None) -> Iterator[Finding]:
    """The process that runs hand-ins, its layers, and whether canaries stay in."""
    if isolation is None:
        return
    yield Finding("worker", "ok")
    for layer in isolation.layers:
        name, _, detail = layer.partition(" ")
        yield Finding(f"+ {name}", detail)
    for layer in isolation.inactive:
        name, _, reason = layer.partition(": ")
        needed = name in REQUIRED
        yield Finding(f"- {name}", reason, fine=not needed, advice=text("doctor.layer", layer=name))
    escaped = [o.attack.name for o in redteam.run_all(CANARIES, isolation=settings) if o.won]
    yield Finding(
        "canaries",
        f"{len(CANARIES) - len(escaped)}/{len(CANARIES)}",
        not escaped,
        text("doctor.canaries", names=", ".join(escaped)),
    )
    strong = isolation.level is Level.STRONG and not escaped
    yield Finding(
        "isolation", (Level.STRONG if strong else Level.LIMITED).value.upper(), strong, text("doctor.limited")
    )
    spread = noise.measure(settings)
    measured = f"A/A {spread.median:.3f}, ±{spread.worst:.0%}"
    yield Finding("noise", measured, spread.worst < _NOISY, text("doctor.noise"))


def _start(settings: Mapping[str, Any] | None) -> tuple[Isolation | None, list[Finding]]:
    try:
        return probe(settings), []
    except LabbenchError as error:
        return None, [Finding("worker", "–", fine=False, advice=error.text)]
