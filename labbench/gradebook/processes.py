"""Job processes on this machine: one process tree for each hand-in, ended as a whole when its time is up."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from labbench import resources, timing
from labbench.gradebook.job import Event, Order
from labbench.gradebook.lines import decode, encode
from labbench.results import text

if TYPE_CHECKING:
    from collections.abc import Callable

    OnEvent = Callable[[Event], None]

#: From SIGTERM to SIGKILL.
_GRACE_SECONDS = 20.0
#: What making a scorecard of what is there may take.
_CLOSING_SECONDS = 120.0
_MOST_LINE = 64 << 20


class Processes:
    """A context manager that ends all jobs it has started; to be used from any thread."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = False
        self._lock = threading.Lock()

    def run(self, order: Order, seconds: float, on_event: OnEvent) -> Event:
        """Run a job to its end, which is its last event.

        When its time is up, what there is counts: the rest of the scorecard says that it was not run.
        """
        kept = order.kept

        def heard(event: Event) -> None:
            nonlocal kept
            if event.pieces is not None:
                kept += event.pieces
            on_event(event)

        last = self._run(order, seconds, heard)
        if last.why is not None and last.why.key == "grade.too_long":
            closed = self._run(replace(order, kept=kept, closing=True), _CLOSING_SECONDS, heard)
            return closed if closed.card is not None else last
        return last

    def _run(self, order: Order, seconds: float, on_event: OnEvent) -> Event:
        with self._lock:
            if self._closed:
                return Event(why=text("grade.stopped"))
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
                return Event(why=text("grade.too_long", minutes=f"{seconds / 60:g}"))
            if not selector.select(left):
                continue
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            if not chunk:
                return Event(why=text("grade.job_died", status=_status(process)))
            data += chunk
            *lines, rest = data.split(b"\n")
            data = bytearray(rest)
            for line in lines:
                event = decode(bytes(line), Event)
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
