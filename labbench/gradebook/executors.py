"""Where jobs run: as processes on this machine, a few at a time.

An executor takes a job and gives a `concurrent.futures.Future` of its outcome; jobs of one executor run side by side.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from labbench import resources, timing
from labbench.alone import PATIENCE
from labbench.duel import Plan
from labbench.errors import LabbenchError
from labbench.gradebook.discovery import gathered
from labbench.gradebook.job import Event, Order, decode_event, encode
from labbench.results import text

if TYPE_CHECKING:
    from collections.abc import Callable

    from labbench.gradebook.discovery import Delivery
    from labbench.results import Profile
    from labbench.scoring import Pieces

    OnEvent = Callable[[Event], None]

#: What one hand-in may take: 2 GiB for its session, and what grades it.
JOB_BYTES = int(2.5 * 2**30)
#: From SIGTERM to SIGKILL.
_GRACE_SECONDS = 20.0
#: What making a scorecard of what is there may take.
_CLOSING_SECONDS = 120.0
_MOST_LINE = 64 << 20


@dataclass(frozen=True, slots=True)
class Job:
    """One hand-in to grade for one lab: what of it has been graded, and how many seconds the rest may take."""

    lab: str
    profile: Profile
    pack: Path
    delivery: Delivery
    digest: str
    seconds: float
    kept: Pieces


class Executor(Protocol):
    """What runs jobs, `jobs` at a time; a context manager that ends them all."""

    jobs: int

    def submit(self, job: Job, on_event: OnEvent) -> Future[Event]:
        """Run a job; its pieces are told as they come, from any thread."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def default_jobs() -> int:
    """As many as there are processors and memory for."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return max(1, min(os.cpu_count() or 1, int(line.split()[1]) * 1024 // JOB_BYTES))
    return os.cpu_count() or 1


class Local:
    """Processes on this machine."""

    def __init__(self, jobs: int) -> None:
        """Nothing runs yet."""
        self.jobs = jobs
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="job")
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = False
        self._lock = threading.Lock()

    def submit(self, job: Job, on_event: OnEvent) -> Future[Event]:
        """Run a job when its turn comes."""
        return self._pool.submit(self._run, job, on_event)

    def _run(self, job: Job, on_event: OnEvent) -> Event:
        kept = job.kept

        def heard(event: Event) -> None:
            nonlocal kept
            if event.pieces is not None:
                kept += event.pieces
                on_event(event)

        try:
            with gathered(job.delivery) as path:
                order = Order(
                    lab=job.lab,
                    profile=job.profile,
                    pack=str(job.pack),
                    handin=str(path.absolute()),
                    digest=job.digest,
                    # Each of those that wait for the timing lock holds it for a duel.
                    patience=PATIENCE + self.jobs * Plan().seconds,
                    kept=kept,
                )
                last = self._ordered(order, job.seconds, heard)
                if last.why is not None and last.why.key == "grade.too_long":
                    # What there is counts: the hand-in had its time.
                    closed = self._ordered(replace(order, kept=kept, closing=True), _CLOSING_SECONDS, heard)
                    return closed if closed.card is not None else last
                return last
        except LabbenchError as error:
            return Event(why=error.text)

    def _ordered(self, order: Order, seconds: float, on_event: OnEvent) -> Event:
        with self._lock:
            if self._closed:
                return Event(why=text("grade.stopped"), ours=True)
            process = _start()
            self._running.add(process)
        try:
            return _listen(process, order, seconds, on_event)
        finally:
            _end(process)
            with self._lock:
                self._running.discard(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._closed = True
            for process in self._running:
                _signal(process, signal.SIGTERM)
        self._pool.shutdown(cancel_futures=True)


def _start() -> subprocess.Popen[bytes]:
    # -P: a hand-in called labbench in the working directory must not be what is imported.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "labbench.gradebook.job"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(resources.PACKAGE.parent)},
    )


def _listen(process: subprocess.Popen[bytes], order: Order, seconds: float, on_event: OnEvent) -> Event:
    """The last event of a job, or what is to be said where there is none."""
    assert process.stdin is not None  # noqa: S101 - pipes were asked for
    assert process.stdout is not None  # noqa: S101
    deadline, waiting = timing.wall_ns() + int(seconds * 1e9), False
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(encode(order))
        process.stdin.flush()
    data, since = bytearray(), 0
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            # Who waits for the timing lock has a patience of its own.
            left = None if waiting else (deadline - timing.wall_ns()) / 1e9
            if (left is not None and left <= 0) or len(data) > _MOST_LINE:
                return Event(why=text("grade.too_long", minutes=f"{seconds / 60:g}"), ours=True)
            if not selector.select(left):
                continue
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            if not chunk:
                return Event(why=text("grade.job_died", status=_status(process)), ours=True)
            data += chunk
            *lines, rest = data.split(b"\n")
            data = bytearray(rest)
            for event in map(decode_event, map(bytes, lines)):
                if event.card is not None or event.why is not None:
                    return event
                if event.waiting is None:
                    on_event(event)
                elif event.waiting:
                    waiting, since = True, timing.wall_ns()
                elif waiting:
                    waiting, deadline = False, deadline + timing.wall_ns() - since


def _status(process: subprocess.Popen[bytes]) -> int:
    """The exit code of a job that has closed its end; 0 if it does not come."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(_GRACE_SECONDS)
    return 0


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a job and all it started."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)
        process.wait()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
