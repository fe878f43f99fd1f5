"""One forked process that runs a hand-in: requests, deadlines, clocks, output, and a verdict whatever it does.

The session is stopped (SIGSTOP) except while it answers, so that its CPU clock is exact and work after the reply
is seen in the ledger. CPU time decides TIMEOUT; wall time only guards. Bytes that nobody asked for are
FORBIDDEN.
"""

from __future__ import annotations

import select
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from labbench import timing
from labbench.results import Call, Fault, Verdict, text
from labbench.texts.untrusted import clean, clean_block
from labbench.worker import faults
from labbench.worker.inside import wire
from labbench.worker.output import Output
from labbench.worker.process import ended, kill, resume, stop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labbench.catalogue import Limits
    from labbench.results import Array

    Header = dict[str, Any]
    Expect = Callable[[Header], Array | None]

#: How often deadlines are looked at while the session computes.
_TICK_MS = 50
#: Most items of compatibility help that are believed.
_USED_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Exit:
    """How a session ended: what it printed, which compatibility help it used, what it took."""

    output: str
    used: tuple[str, ...]
    cpu_seconds: float
    memory: int


class Service(Protocol):
    """What a session may ask while it answers a request, like a device. It lives in the grader and trusts nothing."""

    def admits(self, op: str, announced: Sequence[tuple[str, tuple[int, ...]]]) -> bool:
        """Whether arrays of these dtypes and shapes may come with `op`; they are not read otherwise."""

    def answer(self, op: str, args: Sequence[Any], arrays: Sequence[Array]) -> tuple[Any, Sequence[Array]]:
        """A plain value and arrays.

        Raises:
            Fault: no client module of ours would have asked that; the session is over.
        """


class Session:
    """A running hand-in. `request` raises Fault for whatever it does wrong; `close` always works."""

    def __init__(
        self,
        pid: int,
        connection: socket.socket,
        out: int,
        err: int,
        limits: Limits,
        reap: Callable[[int], Header],
        on_output: Callable[[bytes], None] | None = None,
        files: frozenset[str] = frozenset(),
        service: Service | None = None,
    ) -> None:
        self.pid = pid
        self.service = service
        self.ledger: list[Call] = []
        self.dropped: list[int] = []
        self.end: Fault | None = None
        #: CPU time before the first request: opening the hand-in.
        self.startup_ns = 0
        self._socket = connection
        self._limits = limits
        self._reap = reap
        self._files = files
        self._used: set[str] = set()
        self._output = Output(out, err, limits.output_mib << 20, on_output)
        self._answering_ns = 0
        self._asked_ns = 0
        self._last_cpu = 0
        self._exit: Header | None = None

    # -- asking ---------------------------------------------------------------------------------------------

    def request(
        self, name: str, header: Header, arrays: Sequence[Array] = (), expect: Expect | None = None
    ) -> tuple[Header, Array | None]:
        """Send one request and read its answer.

        Args:
            name: What the ledger calls it.
            header: The request; handles that are no longer used go with it.
            arrays: Arrays for the session; they arrive writable and private.
            expect: Given the answer's header, returns the array to read the announced bytes into, or None.

        Raises:
            Fault: the hand-in raised, died, ran over a limit, or broke the protocol. Except after the first of
                these, the session is gone and every later request raises the same Fault.
        """
        if self.end is not None:
            raise self.end
        try:
            answer, array = self._exchange(name, header, arrays, expect)
        except Fault as fault:
            self.end = fault
            self._kill()
            raise
        self._note_used(answer)
        if "fault" in answer:
            raise faults.from_answer(answer["fault"], name.removeprefix(header["op"] + " "), self._files)
        return answer, array

    def _exchange(
        self, name: str, header: Header, arrays: Sequence[Array], expect: Expect | None
    ) -> tuple[Header, Array | None]:
        self._refuse_unasked()
        dropped, self.dropped = self.dropped, []
        before_cpu = self._cpu()
        if not self.ledger:
            self.startup_ns = before_cpu
        self._asked_ns = timing.wall_ns()
        resume(self.pid)
        for buffer in wire.pack({**header, "drop": dropped}, arrays):
            self._send(buffer)
        try:
            while "ask" in (answer := wire.read_header(self._receive)):
                self._note_used(answer)
                self._serve(answer)
            array = expect(answer) if expect is not None else None
        except wire.WireError as error:
            raise faults.protocol() from error
        if array is not None and array.nbytes:
            self._receive_into(wire.byte_view(array))
        wall = timing.wall_ns() - self._asked_ns
        self._answering_ns, self._asked_ns = self._answering_ns + wall, 0
        stop(self.pid)
        self._drain()
        after_cpu = self._cpu()
        gap = before_cpu - self._last_cpu if self._last_cpu else 0
        self._last_cpu = after_cpu
        self.ledger.append(Call(name, after_cpu - before_cpu, wall, gap))
        return answer, array

    def _serve(self, asked: Header) -> None:
        """Let the service answer; its time counts against the wall limit, for nothing else bounds it."""
        match asked["ask"]:
            case [str() as op, list() as args] if self.service is not None:
                announced = wire.announced(asked)
            case _:
                raise faults.protocol()
        if not self.service.admits(op, announced):
            raise faults.protocol()
        arrays = [np.empty(shape, np.dtype(dtype).newbyteorder("<")) for dtype, shape in announced]
        for array in arrays:
            if array.nbytes:
                self._receive_into(wire.byte_view(array))
        told, back = self.service.answer(op, args, arrays)
        for buffer in wire.pack({"told": told}, back):
            self._send(buffer)

    def _note_used(self, answer: Header) -> None:
        news = answer.get("used")
        if isinstance(news, list) and len(self._used) < _USED_LIMIT:
            self._used.update(clean(item, 60) for item in news[:_USED_LIMIT] if isinstance(item, str))

    # -- bytes, each wait under the deadline ----------------------------------------------------------------

    def _refuse_unasked(self) -> None:
        try:
            unasked = self._socket.recv(1, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            unasked = b""
        raise Fault(Verdict.FORBIDDEN, text("fault.unasked")) if unasked else self._death()

    def _send(self, buffer: bytes | memoryview) -> None:
        view = memoryview(buffer)
        while view:
            self._wait(select.POLLOUT)
            try:
                sent = self._socket.send(view, socket.MSG_DONTWAIT)
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._death() from error
            view = view[sent:]

    def _receive(self, size: int) -> bytes:
        data = bytearray(size)
        self._receive_into(memoryview(data))
        return bytes(data)

    def _receive_into(self, view: memoryview) -> None:
        while view:
            self._wait(select.POLLIN)
            try:
                count = self._socket.recv_into(view, 0, socket.MSG_DONTWAIT)
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._death() from error
            if not count:
                raise self._death()
            view = view[count:]

    def _wait(self, event: int) -> None:
        """Until the socket is ready; drains the output and keeps the deadlines meanwhile."""
        poll = select.poll()
        poll.register(self._socket, event)
        for descriptor in self._output.open:
            poll.register(descriptor, select.POLLIN)
        while True:
            ready = dict(poll.poll(_TICK_MS))
            for descriptor in self._output.open & ready.keys():
                if not self._output.drain(descriptor):
                    poll.unregister(descriptor)
            self._check_limits()
            if self._socket.fileno() in ready:
                return

    def _drain(self) -> None:
        for descriptor in tuple(self._output.open):
            self._output.drain(descriptor)

    def _check_limits(self) -> None:
        if self._output.flooded:
            raise Fault(Verdict.OUTPUT, text("fault.output", limit=self._limits.output_mib))
        seconds = self._limits.cpu_seconds
        if self._cpu() > seconds * 1e9:
            raise Fault(Verdict.TIMEOUT, text("fault.cpu", limit=seconds))
        if self._answered_ns() > (3 * seconds + 5) * 1e9:
            raise Fault(Verdict.TIMEOUT, text("fault.wall", limit=3 * seconds + 5))

    def _answered_ns(self) -> int:
        """Wall time for which it has been answering, this request included."""
        return self._answering_ns + (timing.wall_ns() - self._asked_ns if self._asked_ns else 0)

    def _cpu(self) -> int:
        """Its CPU time so far; where that cannot be read, the wall time in its stead: it stands still otherwise."""
        if not timing.FOREIGN_CPU_CLOCK:
            return self._answered_ns()
        try:
            return timing.cpu_ns(self.pid)
        except ProcessLookupError as error:
            raise self._death() from error

    # -- the end --------------------------------------------------------------------------------------------

    def _death(self) -> Fault:
        """Why the process is gone, or no longer to be spoken to."""
        by_itself = ended(self.pid)
        self._kill()
        if not by_itself:
            return faults.protocol()
        end = self._exit or {}
        return faults.from_status(end.get("status", -1), float(end.get("cpu", 0.0)), self._limits)

    def _kill(self) -> None:
        if self._exit is not None:
            return
        self._drain()
        kill(self.pid)
        self._exit = self._reap(self.pid)
        self._socket.close()

    def close(self) -> Exit:
        """Kill the session, reap it and all it started, and collect what it printed."""
        self._kill()
        self._output.close()
        usage = self._exit or {}
        return Exit(
            clean_block(self._output.text()),
            tuple(sorted(self._used)),
            float(usage.get("cpu", 0.0)),
            int(usage.get("memory", 0)),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
