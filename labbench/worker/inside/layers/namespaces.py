"""Namespaces: no network, no System V objects and no mounts of the host's, for the zygote and all its sessions.

Theory of operation. The zygote enters them once, so they cost a session nothing. An ordinary user needs a user
namespace for that, which containers and some distributions deny; it is tried in a child first, since a process
that has entered only half of them could not leave. What they stop, Landlock and seccomp stop as well: they are
depth, and never required. There is no pid namespace: the grader reads a session's CPU clock, stops and kills it by
the pid that the zygote's fork returns. There is no mount view either: a file system that shows only what may be read
would also hide the names of other files, but it must know the workspaces of sessions that come later.

No layer denies what reading writes: the time of the last access, by which a session could tell a later one what it was
asked. Root's mounts do not note it (noatime; one call since 5.12), those of a user namespace must do as they did. They
could be made read-only instead, but then what is denied would fail with another error than elsewhere.
"""

from __future__ import annotations

import os
import struct
from ctypes import create_string_buffer

from . import kernel
from .layer import Config, Layer, LayerError, Request

_NEW_MOUNT, _NEW_UTS, _NEW_IPC, _NEW_USER, _NEW_NETWORK = 1 << 17, 1 << 26, 1 << 27, 1 << 28, 1 << 30
_MS_REC, _MS_PRIVATE = 1 << 14, 1 << 18
_MOUNT_SETATTR, _HERE, _RECURSIVE = 442, -100, 0x8000  # the number is the same on every architecture
_NO_ACCESS_TIMES, _ALL_ACCESS_TIMES = 0x10, 0x70


def prepare(_config: Config) -> Layer:
    """Enter them.

    Raises:
        Unavailable: this machine does not permit it.
        LayerError: it permitted it to a child and not to us.
    """

    def probe() -> str:
        _enter()
        said = " (noatime)"
        try:
            _stop_access_times()
        except OSError:
            said = ""
        kernel.must_still_work()
        return said

    noatime = kernel.in_child(probe)
    try:
        _enter()
        if noatime:
            _stop_access_times()
    except OSError as error:
        raise LayerError(f"namespaces: {kernel.reason(error)}") from error
    return Layer(f"mount{noatime} network ipc uts" + " user" * (os.getuid() != 0), _nothing)


def _nothing(_request: Request) -> None:
    """A fork is in its parent's namespaces."""


def _enter() -> None:
    # Inside a user namespace that has no map yet, both would read as 65534.
    uid, gid = os.getuid(), os.getgid()
    if uid != 0:
        kernel.call("unshare", _NEW_USER)
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - no pathlib in here
                file.write(text)
    kernel.call("unshare", _NEW_MOUNT | _NEW_NETWORK | _NEW_IPC | _NEW_UTS)
    kernel.call("mount", None, b"/", None, _MS_REC | _MS_PRIVATE, None)


def _stop_access_times() -> None:
    # struct mount_attr: what to set, what to clear, propagation, a user namespace.
    attributes = create_string_buffer(struct.pack("=4Q", _NO_ACCESS_TIMES, _ALL_ACCESS_TIMES, 0, 0), 32)
    path = create_string_buffer(b"/")
    kernel.syscall("mount_setattr", _MOUNT_SETATTR, _HERE, path, _RECURSIVE, attributes, len(attributes))
