"""What a session must not reach: files, sockets, the grader's process, named kernel objects.

Each class is set up before an attack, tells what an attacker may know (`told`), and says afterwards what was lost
(`loss`); `close` removes all traces, those of a win included.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import os
import resource
import secrets
import shutil
import signal
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labbench.redteam import ipc, processes
from labbench.results import Text, text

if TYPE_CHECKING:
    from labbench.results import Plain

_MNT_DETACH = 2
_PORTS = range(20_000, 32_000)
#: MiB by which a grader may grow while it opens a hand-in and grades it.
_MOST_GROWN = 256
#: Where a session might leave a file.
PUBLIC = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"), Path("/run"), Path("/dev"))  # noqa: S108


class Files:
    """A grader's folder with results, a golden value, a module and its compiled form: nothing in it may change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "results"
        self._cache = self.folder / "__pycache__"
        self._cache.mkdir(parents=True)
        for name in ("results.json", "golden.npy", "module.py", "__pycache__/module.pyc"):
            (self.folder / name).write_text(f"{name} {secrets.token_hex(8)}")
            (self.folder / name).chmod(0o600)
        (self.folder / "mount").mkdir()
        self._before = self._look()

    def told(self) -> dict[str, Plain]:
        """Where the folder is."""
        return {"results": str(self.folder)}

    def _look(self) -> dict[str, object]:
        return {str(p.relative_to(self.folder)): _facts(p) for p in (self.folder, *sorted(self.folder.rglob("*")))}

    def loss(self) -> Text | None:
        """The first file that is not as it was."""
        if (self.folder / "mount").is_mount():
            return text("redteam.mounted")
        after = self._look()
        changed = [n for n in {**self._before, **after} if self._before.get(n) != after.get(n)]
        return text("redteam.file", name=min(changed)) if changed else None

    def close(self) -> None:
        """Remove it, and what was mounted on it."""
        while (self.folder / "mount").is_mount():
            if ctypes.CDLL(None).umount2(str(self.folder / "mount").encode(), _MNT_DETACH):
                break
        shutil.rmtree(self.folder, ignore_errors=True)


def _facts(path: Path) -> tuple[object, ...]:
    seen = path.lstat()
    # Reading a folder's times changes nothing, but looking into it may.
    times = () if stat.S_ISDIR(seen.st_mode) else (seen.st_mtime_ns,)
    content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    labels = os.listxattr(path, follow_symlinks=False) if hasattr(os, "listxattr") else []
    return (seen.st_mode, seen.st_uid, seen.st_gid, seen.st_nlink, *times, content, tuple(labels))


class Lock:
    """A file that the grader locks; nobody else may hold the lock."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._path.touch(mode=0o600)

    def told(self) -> dict[str, Plain]:
        """Where it is."""
        return {"lock": str(self._path)}

    def taken(self) -> bool:
        """Whether somebody holds it now."""
        with self._path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return True
        return False


class Listeners:
    """Servers that nothing in a session may reach."""

    def __init__(self, folder: Path, token: str) -> None:
        self._path = folder / "socket"
        self._abstract = f"\0{token}"
        addresses: dict[str, tuple[socket.AddressFamily, socket.SocketKind, Any]] = {
            "TCP": (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            "UDP": (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            "unix": (socket.AF_UNIX, socket.SOCK_STREAM, str(self._path)),
            "abstract": (socket.AF_UNIX, socket.SOCK_STREAM, self._abstract),
        }
        self._open = {name: socket.socket(family, kind) for name, (family, kind, _) in addresses.items()}
        for name, (_, kind, address) in addresses.items():
            self._open[name].bind(address)
            self._open[name].setblocking(False)
            if kind == socket.SOCK_STREAM:
                self._open[name].listen(4)
        self.port = _free_port()

    def told(self) -> dict[str, Plain]:
        """Their addresses, and a port that is free."""
        ports = {name: int(self._open[name].getsockname()[1]) for name in ("TCP", "UDP")}
        return {"tcp": ports["TCP"], "udp": ports["UDP"], "unix": str(self._path), "listen": self.port}

    def loss(self) -> Text | None:
        """Who was reached."""
        for name, server in self._open.items():
            with contextlib.suppress(BlockingIOError):
                if server.type == socket.SOCK_DGRAM:
                    server.recv(64)
                else:
                    server.accept()[0].close()
                return text("redteam.reached", name=name)
        return None

    def close(self) -> None:
        """Hang up."""
        for server in self._open.values():
            server.close()
        self._path.unlink(missing_ok=True)


def _free_port() -> int:
    """A TCP port on which nothing listens, below those that systems hand out: a stranger's would look like a win."""
    for _ in range(100):
        with socket.socket() as free, contextlib.suppress(OSError):
            port = _PORTS.start + secrets.randbelow(len(_PORTS))
            free.bind(("127.0.0.1", port))
            return port
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


class Grader:
    """The victim's process: what others can set of it, and the memory that it takes."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before = self._look()
        self._memory = processes.number(pid, "VmRSS"), processes.number(pid, "VmHWM")

    def _look(self) -> dict[str, object]:
        limits = ("RLIMIT_NOFILE", "RLIMIT_CPU", "RLIMIT_AS", "RLIMIT_FSIZE")
        seen: dict[str, object] = {n: resource.prlimit(self._pid, getattr(resource, n)) for n in limits}
        seen["nice"] = os.getpriority(os.PRIO_PROCESS, self._pid)
        seen["affinity"] = os.sched_getaffinity(self._pid)
        seen["scheduler"] = os.sched_getscheduler(self._pid)
        seen["oom_score_adj"] = Path(f"/proc/{self._pid}/oom_score_adj").read_text()
        return seen

    def loss(self) -> Text | None:
        """What was set."""
        try:
            after = self._look()
        except OSError:
            return text("redteam.killed")
        changed = sorted(name for name, value in self._before.items() if after[name] != value)
        if changed:
            return text("redteam.set", name=changed[0])
        before, highest = self._memory
        peak = processes.number(self._pid, "VmHWM")  # since it started, so only a new one tells
        grown = (peak - before) >> 10 if peak > highest else 0
        return text("redteam.grown", got=grown, bound=_MOST_GROWN) if grown > _MOST_GROWN else None


class Unpacked:
    """What the victim has in its folder for temporary files: a hand-in's snapshot goes with the grading."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before = self._names()

    def _names(self) -> set[str]:
        return {path.name for path in self._folder.iterdir()}

    def loss(self) -> Text | None:
        """What was not there before."""
        left = self._names() - self._before
        return text("redteam.left", name=min(left), count=len(left)) if left else None


class Leftovers:
    """Whatever bears the run's token, or runs in its folder, when the session is long gone."""

    def __init__(self, token: str, places: tuple[Path, ...] = PUBLIC) -> None:
        self.token = token
        self.key = int(token[-7:], 16) | 1
        self._places = places

    def told(self) -> dict[str, Plain]:
        """The names under which something is looked for."""
        return {"token": self.token, "key": self.key}

    def _files(self) -> list[Path]:
        return [p for place in self._places if place.is_dir() for p in place.glob(f"*{self.token}*")]

    def loss(self) -> Text | None:
        """The first thing found."""
        files = self._files()
        if files:
            return text("redteam.left", name=str(files[0]), count=len(files))
        objects = ipc.found(self.key, self.token)
        if objects:
            return text("redteam.left", name=objects[0], count=len(objects))
        return None

    def close(self) -> None:
        """Remove all of it."""
        for path in self._files():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        ipc.remove(self.key, self.token)


class Survivors:
    """Processes that run on below a folder when all sessions are closed."""

    def __init__(self, folder: Path, spared: set[int]) -> None:
        self._folder, self._spared = str(folder), spared

    def _alive(self) -> set[int]:
        return processes.below(self._folder) - self._spared

    def loss(self) -> Text | None:
        """Whether there are any."""
        alive = self._alive()
        return text("redteam.survived", count=len(alive)) if alive else None

    def close(self) -> None:
        """End them: they come from our own sessions."""
        for pid in self._alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
