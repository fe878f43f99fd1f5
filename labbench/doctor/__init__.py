"""What this machine has and lacks for labbench, each finding with what to do about it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labbench import catalogue, packs, redteam, resources
from labbench.doctor import machine, noise
from labbench.doctor.machine import Finding
from labbench.errors import LabbenchError
from labbench.results import Isolation, Level, text
from labbench.vgg import store, synthetic, weights
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
    findings = (*machine.findings(), *_cache(), *_weights(), *_packs(), *failed, *_worker(isolation, settings))
    return Examination(findings, isolation)


def _cache() -> Iterator[Finding]:
    cache = resources.cache_dir()
    there = _nearest(cache)
    # A file may stand where the folder should.
    writable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    yield Finding("cache", str(cache), writable, text("doctor.cache", path=str(there)))
    free = shutil.disk_usage(there).free
    enough = free >= _DISK_NEEDED or store.file_for("synthetic", synthetic.DIGEST).is_file()
    advice = text("doctor.disk", needed=_DISK_NEEDED >> 30, path=str(there))
    yield Finding("disk", f"{free / 2**30:.1f} GiB", enough, advice)


def _nearest(path: Path) -> Path:
    """The path, or the nearest folder above that exists and may be looked at."""
    while not os.path.exists(path):  # noqa: PTH110 - Path.exists fails where it may not look
        path = path.parent
    return path


def _weights() -> Iterator[Finding]:
    try:
        found = weights.available()
    except LabbenchError as error:
        yield Finding("weights", "–", fine=False, advice=error.text)
    else:
        names = ", ".join(f"{w.source} {w.digest[:12]}" for w in found)
        yield Finding("weights", names or "–", bool(found), text("doctor.weights"))


def _packs() -> Iterator[Finding]:
    try:
        entries = catalogue.load()
    except LabbenchError as error:
        yield Finding("catalogue", "–", fine=False, advice=error.text)
        return
    for name, spec in entries.labs.items():
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
