"""What the kernel says of processes (Linux); nothing where it says nothing."""

from __future__ import annotations

import contextlib
import fcntl
import os
import termios
from pathlib import Path


def children(pid: int) -> set[int]:
    """All descendants of a process."""
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        current = waiting.pop()
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{current}/task").iterdir():
                listed = (task / "children").read_text().split()
                fresh = {int(p) for p in listed} - found
                found |= fresh
                waiting += fresh
    return found


def field(pid: int, name: str) -> str:
    """One line of `/proc/PID/status`, or ""."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines():
            if line.startswith(name + ":"):
                return line.partition(":")[2].strip()
    return ""


def number(pid: int, name: str) -> int:
    """A line of `/proc/PID/status` that begins with a number, or 0; memory is in KiB."""
    words = field(pid, name).split()
    return int(words[0]) if words else 0


def alive(pid: int) -> bool:
    """Whether it runs, or is stopped; anybody may ask, of a process that is not dumpable as well."""
    return field(pid, "State")[:1] not in ("", "Z", "X")


def link(pid: int, name: str) -> str:
    """Where a link below `/proc/PID` leads, or ""."""
    with contextlib.suppress(OSError):
        return str(Path(f"/proc/{pid}/{name}").readlink())
    return ""


def files(pid: int) -> list[tuple[str, int]]:
    """(what it is, bytes of memory it holds) of each file that is open; a thread may have descriptors of its own."""
    found: dict[tuple[int, int, str], int] = {}
    for folder in _listed(Path(f"/proc/{pid}/task")):
        for name in _listed(folder / "fd"):
            with contextlib.suppress(OSError):
                target, seen = str(name.readlink()), name.stat()
                key = (seen.st_dev, seen.st_ino, target)
                if key not in found:
                    found[key] = _held(name, target)
    return [(target, size) for (_, _, target), size in found.items()]


def _listed(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return list(folder.iterdir())
    return []


def _held(path: Path, target: str) -> int:
    """Bytes of memory that an open file holds."""
    if target.startswith("/memfd:"):
        return path.stat().st_blocks * 512
    return _waiting(path) if target.startswith("pipe:") else 0


def _waiting(path: Path) -> int:
    """Bytes that wait in a pipe."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)), "little")
    finally:
        os.close(descriptor)


def below(folder: str) -> set[int]:
    """Processes whose working directory is, or was, below a folder."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and link(int(entry.name), "cwd").startswith(folder):
            found.add(int(entry.name))
    return found


def listening(port: int) -> bool:
    """Whether anything listens on a TCP port."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == "0A" and int(columns[1].partition(":")[2], 16) == port:
                return True
    return False
