"""A look every few milliseconds at the processes that a grader has started, while it grades an attack."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from labbench import timing
from labbench.redteam import processes
from labbench.redteam.stage import LIMITS
from labbench.results import Text, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PAUSE_SECONDS = 0.02
#: What a session has mapped when it starts, shared with the zygote, and then some.
_BASE_BYTES = 160 << 20
_MOST_BYTES = (LIMITS.memory_mib << 20) + _BASE_BYTES
#: Pipes and memory files count on top of the address space: what a few of them may hold.
_MOST_BUFFERED = 64 << 20
_MOST_THREADS = 1000
_MOST_PROCESSES = 1


@dataclass(slots=True)
class _Highest:
    processes: int = 0
    threads: int = 0
    memory: int = 0
    buffered: int = 0


@dataclass(slots=True)
class Watch:
    """Samples in a thread of its own from `__enter__` to `__exit__`; then `loss` says what went beyond bounds.

    Attributes:
        victim: The grader.
        port: A TCP port on which nothing of ours listens.
        locked: Whether somebody holds the grader's lock now.
    """

    victim: int
    port: int
    locked: Callable[[], bool]
    _known: set[int] = field(default_factory=set)
    _usual: dict[str, set[str]] = field(default_factory=dict)
    _highest: _Highest = field(default_factory=_Highest)
    _losses: dict[str, Text] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._known = processes.children(self.victim)
        basis = self._known or {self.victim}
        self._usual = {name: {processes.link(p, name) for p in basis} for name in ("exe", "ns/user")}
        self._thread = threading.Thread(target=self._sample_on, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._sample()

    def loss(self) -> Text | None:
        """The first thing that was seen and must not be."""
        highest = self._highest
        bounds: Iterable[tuple[str, int, int]] = (
            ("redteam.processes", highest.processes, _MOST_PROCESSES),
            ("redteam.threads", highest.threads, _MOST_THREADS),
            ("redteam.memory", highest.memory >> 20, _MOST_BYTES >> 20),
            ("redteam.buffered", highest.buffered >> 20, _MOST_BUFFERED >> 20),
        )
        beyond = [text(key, got=got, bound=bound) for key, got, bound in bounds if got > bound]
        return next(iter([*self._losses.values(), *beyond]), None)

    def _sample_on(self) -> None:
        while not self._stop.is_set():
            self._sample()
            timing.pause(_PAUSE_SECONDS)

    def _sample(self) -> None:
        fresh = processes.children(self.victim) - self._known
        highest = self._highest
        highest.processes = max(highest.processes, len(fresh))
        highest.threads = max(highest.threads, sum(processes.number(p, "Threads") for p in fresh))
        # Forks share their pages until they write: the sum would count those many times.
        highest.memory = max([highest.memory, *(processes.number(p, "VmRSS") << 10 for p in fresh)])
        files = [f for p in fresh for f in processes.files(p)]
        highest.buffered = max(highest.buffered, sum(size for _, size in files))
        self._note("redteam.uring", any("io_uring" in what for what, _ in files))
        self._note("redteam.traced", processes.field(self.victim, "TracerPid") not in ("", "0"))
        self._note("redteam.stopped", any(self._is_stopped(p) for p in (self.victim, *self._zygote())))
        self._note("redteam.locked", self.locked())
        self._note("redteam.zygote", not all(processes.alive(p) for p in self._known))
        self._note("redteam.listens", processes.listening(self.port))
        for pid in fresh:
            self._note("redteam.other_program", self._unusual(pid, "exe"))
            self._note("redteam.user_namespace", self._unusual(pid, "ns/user"))

    def _note(self, key: str, seen: bool) -> None:
        if seen:
            self._losses.setdefault(key, text(key))

    def _zygote(self) -> set[int]:
        """The known processes that have children of their own."""
        return {p for p in self._known if processes.children(p)}

    def _is_stopped(self, pid: int) -> bool:
        return processes.field(pid, "State").startswith("T")

    def _unusual(self, pid: int, name: str) -> bool:
        seen = processes.link(pid, name)
        return bool(seen) and seen not in self._usual[name]
