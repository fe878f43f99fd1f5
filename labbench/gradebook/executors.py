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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from labbench import timing
from labbench.errors import LabbenchError
from labbench.gradebook.discovery import gathered
from labbench.gradebook.job import Event, Order, decode_event, encode
from labbench.results import text

if TYPE_CHECKING:
    from collections.abc import Callable

    from labbench.gradebook.discovery import Delivery
    from labbench.results import Profile

    OnEvent = Callable[[Event], None]

#: What one hand-in may take: 2 GiB for its session, and what grades it.
JOB_BYTES = int(2.5 * 2**30)
#: From SIGTERM to SIGKILL.
_GRACE_SECONDS = 5.0
_MOST_LINE = 64 << 20


@dataclass(frozen=True, slots=True)
class Job:
    """One hand-in to grade for one lab."""

    lab: str
    profile: Profile
    pack: Path
    delivery: Delivery
    seconds: float


class Executor(Protocol):
    """What runs jobs, `jobs` at a time; a context manager that ends them all."""

    jobs: int

    def submit(self, job: Job, on_event: OnEvent) -> Future[Event]:
        """Run a job; its checks are told as they come, from any thread."""

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
        try:
            with gathered(job.delivery) as path:
                return self._graded(job, path, on_event)
        except LabbenchError as error:
            return Event(why=error.text)

    def _graded(self, job: Job, path: Path, on_event: OnEvent) -> Event:
        with self._lock:
            if self._closed:
                return Event(why=text("grade.stopped"), ours=True)
            process = subprocess.Popen(
                [sys.executable, "-m", "labbench.gradebook.job"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            self._running.add(process)
        try:
            last = _listen(
                process, Order(job.lab, job.profile, str(job.pack), str(path.absolute())), job.seconds, on_event
            )
        finally:
            _end(process)
            with self._lock:
                self._running.discard(process)
        return last

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._closed = True
            for process in self._running:
                _signal(process, signal.SIGTERM)
        self._pool.shutdown(cancel_futures=True)


def _listen(process: subprocess.Popen[bytes], order: Order, seconds: float, on_event: OnEvent) -> Event:
    """The last event of a job, or what is to be said where there is none."""
    assert process.stdin is not None  # noqa: S101 - pipes were asked for
    assert process.stdout is not None  # noqa: S101
    deadline = timing.wall_ns() + int(seconds * 1e9)
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(encode(order))
        process.stdin.flush()
    data = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            left = (deadline - timing.wall_ns()) / 1e9
            if left <= 0 or len(data) > _MOST_LINE:
                return Event(why=text("grade.too_long", minutes=f"{seconds / 60:g}"), ours=True)
            if not selector.select(left):
                continue
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            if not chunk:
                return Event(why=text("grade.job_died", status=process.wait(_GRACE_SECONDS)), ours=True)
            data += chunk
            *lines, rest = data.split(b"\n")
            data = bytearray(rest)
            for event in map(decode_event, map(bytes, lines)):
                if event.card is not None or event.why is not None:
                    return event
                on_event(event)


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
