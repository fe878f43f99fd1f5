"""The grader's end of the zygote: start it, fork sessions from it, reap them.

Theory of operation. Untrusted code never runs in the grader. The zygote is exec'd with a clean environment, so it holds
nothing of the grader's memory, descriptors or variables; every session is a fork of it. All judgement, timing and
deadlines stay on this side. See `inside/__init__.py` for the other end.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar

from labbench.errors import ExitCode, LabbenchError
from labbench.worker import faults, starting
from labbench.worker.installed import NONE
from labbench.worker.isolation import describe
from labbench.worker.process import dead, kill
from labbench.worker.session import Service, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from labbench.catalogue import Limits
    from labbench.results import Isolation
    from labbench.worker.installed import Libraries

    OnOutput = Callable[[bytes], None]

_T = TypeVar("_T")

_INSIDE = Path(__file__).parent / "inside" / "zygote.py"
_START_SECONDS = 60.0
#: Forking and reaping take milliseconds; a hand-in may have stopped the zygote.
_ANSWER_SECONDS = 15.0
_LINE_LIMIT = 1 << 16


@dataclass(frozen=True, slots=True)
class Code:
    """Where a hand-in runs.

    Attributes:
        cwd: The working directory.
        package: The hand-in's folder in it.
        readable: What its sessions may read beside the interpreter and its packages.
        clients: The folder of the lab's client modules, importable by their names before anything else.
    """

    cwd: Path
    package: Path
    readable: tuple[Path, ...] = ()
    clients: Path | None = None


@dataclass(slots=True)
class _Fork:
    """A session that was asked for, the grader's ends of its connection and output, and the answer once it came."""

    request: dict[str, Any]
    connection: socket.socket
    out: int
    err: int
    answer: dict[str, Any] = field(default_factory=dict)

    def close(self) -> None:
        """Close the ends."""
        self.connection.close()
        os.close(self.out)
        os.close(self.err)


class ZygoteLost(Exception):  # noqa: N818 - a state, not a mistake of the caller's
    """The zygote is gone; a hand-in killed it, or the system did. Start another."""


class Zygote:
    """One exec'd zygote. A context manager; `close` ends it and every session forked from it."""

    def __init__(
        self, isolation: Mapping[str, Any] | None = None, libraries: Libraries = NONE, *, ahead: bool = True
    ) -> None:
        """Start it.

        Args:
            isolation: To weaken it on purpose: settings of `inside.layers.prepare`, like {"off": ["seccomp"]}.
            libraries: What its sessions may import beside `PACKAGES`.
            ahead: Whether sessions may be forked before they are asked for.

        Raises:
            LabbenchError: it cannot work here.
            ZygoteLost: it was killed before it could say so.
        """
        if not hasattr(os, "fork"):
            raise LabbenchError("worker.no_fork", exit_code=ExitCode.USAGE, platform=sys.platform)
        starting.close_to_others()
        ours, theirs = socket.socketpair()
        packages = {**libraries.folders, **starting.package_folders()}
        config = json.dumps({"packages": packages, "isolation": dict(isolation or {})})
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", str(_INSIDE), str(theirs.fileno()), config],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(theirs.fileno(),),
                env=starting.environment(libraries.variables),
                start_new_session=True,
            )
        self._control = ours
        self._may_fork_ahead = ahead
        self._last: dict[str, Any] | None = None
        self._ahead: _Fork | None = None
        self._control.settimeout(_START_SECONDS)
        try:
            self.isolation = describe(self._read_line()["isolation"])
        except (OSError, ValueError, KeyError):
            self._fail_to_start()
        except BaseException:  # an interruption, likely
            self.close()
            raise
        self._control.settimeout(_ANSWER_SECONDS)

    def _fail_to_start(self) -> NoReturn:
        self._kill()
        assert self._process.stderr is not None  # noqa: S101 - a pipe was asked for
        lines = self._process.stderr.read(65536).decode(errors="replace").strip().splitlines()
        self.close()
        if not lines:
            raise ZygoteLost
        raise LabbenchError("worker.no_start", exit_code=ExitCode.INTERNAL, reason=lines[-1][:300])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether sessions can still be forked."""
        return self._process.poll() is None

    def session(
        self, code: Code, limits: Limits, on_output: OnOutput | None = None, service: Service | None = None
    ) -> Session:
        """Fork a session that has opened `code` and waits for its first request.

        From the second of a kind in a row on, the next is forked ahead while this one works. It wears all its layers
        and has run nothing of the hand-in's.

        Args:
            code: The hand-in.
            limits: What it may use.
            on_output: Told what it prints, as it prints it.
            service: What it may ask; it serves this session alone.

        Raises:
            ZygoteLost: the zygote is gone.
        """
        request = {
            "op": "fork",
            "cwd": str(code.cwd),
            "package": str(code.package),
            "read": [str(path) for path in code.readable],
            "clients": str(code.clients) if code.clients is not None else "",
            "limits": {"memory": limits.memory_mib << 20, "cpu": limits.cpu_seconds},
        }
        fork = self._forked_ahead(request) or self._fork(request)
        try:
            pid = self._pid(fork)
            if self._may_fork_ahead and request == self._last:
                self._ahead = self._fork(request)
            self._last = request
        except BaseException:  # an interruption too
            fork.close()
            raise
        names = faults.names(code.package)
        return Session(pid, fork.connection, fork.out, fork.err, limits, self._reap, on_output, names, service)

    def _fork(self, request: dict[str, Any]) -> _Fork:
        """Ask for a session; the answer is read when it is needed."""
        ours, theirs = socket.socketpair()
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        fork = _Fork(request, ours, out_read, err_read)
        given = [theirs.fileno(), out_write, err_write]
        try:
            with self._lost_otherwise():
                socket.send_fds(self._control, [json.dumps(request).encode()], given)
        except BaseException:  # an interruption too
            fork.close()
            raise
        finally:
            theirs.close()
            os.close(out_write)
            os.close(err_write)
        return fork

    def _pid(self, fork: _Fork) -> int:
        """The session's pid.

        Raises:
            LabbenchError: a layer failed.
            ZygoteLost: the zygote is gone.
        """
        self._read_answer(fork)
        if "failed" in fork.answer:
            raise LabbenchError("worker.layer_failed", exit_code=ExitCode.INTERNAL, reason=str(fork.answer["failed"]))
        return int(fork.answer["pid"])

    def _read_answer(self, fork: _Fork) -> None:
        if not fork.answer:
            with self._lost_otherwise():
                fork.answer = self._read_line()

    def _forked_ahead(self, request: dict[str, Any]) -> _Fork | None:
        """The session that was forked ahead, if it is like that and nobody has killed it; else its end."""
        if self._ahead is None:
            return None
        pid = self._pid(self._ahead)
        fork, self._ahead = self._ahead, None
        if fork.request == request and not dead(pid):
            return fork
        fork.close()
        kill(pid)
        self._reap(pid)
        return None

    def _reap(self, pid: int) -> dict[str, Any]:
        try:
            return self._ask({"op": "reap", "pid": pid})
        except ZygoteLost:
            return {"status": -1, "cpu": 0.0, "memory": 0}

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """One exchange, after the answer that is still to come."""
        if self._ahead is not None:
            self._read_answer(self._ahead)
        with self._lost_otherwise():
            self._control.sendall(json.dumps(request).encode())
            return self._read_line()

    @contextlib.contextmanager
    def _lost_otherwise(self) -> Iterator[None]:
        """If it fails, the zygote is ended, for its next answer might be to this request."""
        try:
            yield
        except (OSError, ValueError) as error:
            self.close()
            raise ZygoteLost from error
        except BaseException:  # an interruption, likely
            self.close()
            raise

    def _read_line(self) -> dict[str, Any]:
        data = bytearray()
        while not data.endswith(b"\n"):
            chunk = self._control.recv(4096)
            if not chunk or len(data) > _LINE_LIMIT:
                raise ConnectionError
            data += chunk
        answer: dict[str, Any] = json.loads(data)
        return answer

    def close(self) -> None:
        """End the zygote, all its sessions, and whatever they started."""
        self._control.close()
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None
        try:
            # The keeper sees the closed socket. Killing it is the last resort: nobody would look for strays.
            self._process.wait(_ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


class Workers:
    """Sessions on demand: starts a zygote when one is needed, and another when a hand-in has killed it."""

    def __init__(
        self, isolation: Mapping[str, Any] | None = None, libraries: Libraries = NONE, *, ahead: bool = True
    ) -> None:
        """Nothing is started yet; the arguments as for `Zygote`."""
        self._settings = isolation
        self._libraries = libraries
        self._ahead = ahead
        self._zygote: Zygote | None = None

    @property
    def isolation(self) -> Isolation:
        """The layers around the sessions."""
        return self._with_zygote(lambda zygote: zygote.isolation)

    def session(
        self, code: Code, limits: Limits, on_output: OnOutput | None = None, service: Service | None = None
    ) -> Session:
        """A session with `code` opened; see `Zygote.session`."""
        return self._with_zygote(lambda zygote: zygote.session(code, limits, on_output, service))

    def _with_zygote(self, use: Callable[[Zygote], _T]) -> _T:
        """Use the zygote; once more with another if it is lost, since somebody may kill one, but hardly two."""
        with contextlib.suppress(ZygoteLost):
            return use(self._started())
        try:
            return use(self._started())
        except ZygoteLost as error:
            raise LabbenchError("worker.no_start", exit_code=ExitCode.INTERNAL, reason="lost at once") from error

    def _started(self) -> Zygote:
        if self._zygote is None or not self._zygote.alive:
            self.close()
            self._zygote = Zygote(self._settings, self._libraries, ahead=self._ahead)
        return self._zygote

    def close(self) -> None:
        """End the zygote, if there is one."""
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def probe(isolation: Mapping[str, Any] | None = None) -> Isolation:
    """The isolation that sessions have on this machine, found by starting a zygote; `isolation` as for `Zygote`."""
    with Workers(isolation) as workers:
        return workers.isolation
