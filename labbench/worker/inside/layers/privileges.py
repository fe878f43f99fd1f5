"""Privileges: another user, no capabilities, no way to get either back, not traceable, dead with its parent.

Theory of operation. A root grader's sessions need not be root. Each becomes a user that nobody else is: a number
above all that systems hand out, plus the session's own pid, which no other living process has. So file modes bar it
from writing, and the kernel from signalling, tracing or limiting the grader, the zygote and the other sessions;
nothing has to be allocated or remembered, and NPROC counts the session's own threads. A container that does not know
such numbers leaves sessions root.

The files that a session needs are the grader's own, often in a home folder of mode 0700 (Python, the weights), always
in a private workspace. So CAP_DAC_READ_SEARCH, which reads past file modes, stays across the change of user: what may
be read is Landlock's to say. Docker's root lacks it; there CAP_DAC_OVERRIDE stays, and that nothing may be written is
Landlock's to say as well. Where Landlock says nothing, the user is not changed: the capability would open everybody's
files, and without it nothing of the hand-in could be read.

The other capabilities go in any case: uid 0 without them is bound by file modes like anybody else. It cannot read
another user's 0700 home any more; if an interpreter lies in one, one of the same two capabilities stays.
`no_new_privs` makes set-uid programs and file capabilities void; Landlock and seccomp need it. A process that is not
dumpable cannot be traced, or read through /proc, by another of the same user.

The parent-death signal comes last since changing credentials clears it. It is sent when the *thread* that forked
ends, so the zygote forks from its only thread.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import struct
from typing import TYPE_CHECKING

from . import kernel
from .layer import Config, Layer, LayerError, Request, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

_CAPABILITY_VERSION_3 = 0x20080522
#: What reads past file modes, the least first.
_READING = (("CAP_DAC_READ_SEARCH", 1 << 2), ("CAP_DAC_OVERRIDE", 1 << 1))
_AMBIENT_CLEAR_ALL = 4
_MOST_CAPABILITIES = 64
#: A change of user leaves the capabilities alone, and access(2) tells what open(2) does.
_NO_SETUID_FIXUP = 1 << 2
#: Above the numbers of accounts, containers and systemd's dynamic users; with any pid added still below 2^31.
_FIRST_USER = 0x7000_0000


def prepare_uid(_config: Config) -> Layer:
    """Become a user of one's own.

    Raises:
        Unavailable: not root, or such a user could not be stopped.
    """
    if os.geteuid() != 0:
        raise Unavailable("not root")

    def layer(name: str, kept: int, weaker: Layer | None) -> Layer:
        def apply(_request: Request) -> None:
            become_nobody_else()
            _drop_capabilities(kept)

        return Layer(f"one for each session, which reads by {name} behind Landlock", apply, check, weaker)

    def check() -> None:
        try:
            os.listdir("/")  # noqa: PTH208 - no pathlib in here
        except PermissionError:
            return kernel.must_still_work()
        raise Unavailable("needs Landlock: such a user must read past file modes, and nothing else bounds that")

    _require_power_over_sessions()
    return _weakening(layer)


def _weakening(layer: Callable[[str, int, Layer | None], Layer]) -> Layer:
    """The layer that keeps the least of what reads past file modes, then the next."""
    weaker = None
    for name, kept in reversed(_READING):
        weaker = layer(name, kept, weaker)
    assert weaker is not None  # noqa: S101 - there are two
    return weaker


def become_nobody_else() -> None:
    """Take the user and group that belong to this process alone; the capabilities stay.

    Raises:
        OSError: no privilege for it, or no such users in this container.
    """
    user = _FIRST_USER + os.getpid()
    kernel.prctl(kernel.PR_SET_SECUREBITS, _NO_SETUID_FIXUP)
    kernel.call("setgroups", 0, None)
    kernel.call("setresgid", user, user, user)
    kernel.call("setresuid", user, user, user)


def _require_power_over_sessions() -> None:
    """A root without CAP_KILL could not end what it has started.

    Raises:
        Unavailable: we could not become, or not stop, a process of such a user.
    """
    ours, theirs = socket.socketpair()
    with ours:
        pid = os.fork()
        if pid == 0:
            _wait_as_nobody_else(ours, theirs)
        theirs.close()
        try:
            said = ours.recv(256).decode()
            if said != "ready":
                raise Unavailable(said or "a process died changing its user")
            os.kill(pid, signal.SIGKILL)
        except PermissionError as error:
            raise Unavailable("no permission to stop processes of another user") from error
        finally:
            # One that could not be killed ends now.
            ours.shutdown(socket.SHUT_RDWR)
            os.waitpid(pid, 0)


def _wait_as_nobody_else(ours: socket.socket, theirs: socket.socket) -> None:
    """The child's part: change, say so or why not, and wait for the parent to hang up. Never returns."""
    try:
        ours.close()
        become_nobody_else()
        # As a session is: the capability to signal anybody may not be what makes the difference.
        _drop_capabilities(0)
        theirs.send(b"ready")
        theirs.recv(1)
    except OSError as error:
        theirs.send(kernel.reason(error).encode())
    finally:
        os._exit(0)


def prepare_capabilities(_config: Config) -> Layer:
    """Give up all capabilities, or all but the one by which sessions read their files."""
    owner = os.geteuid()

    def layer(detail: str, kept: int, weaker: Layer | None) -> Layer:
        def check() -> None:
            if not kept and os.geteuid() != owner:
                raise Unavailable("another user could not read a session's files")
            kernel.must_still_work()

        return Layer(detail, lambda _: _drop_capabilities(kept), check, weaker)

    def but(name: str, kept: int, weaker: Layer | None) -> Layer:
        return layer(f"all but {name} dropped", kept, weaker)

    return layer("all dropped", 0, _weakening(but) if owner == 0 else None)


def _drop_capabilities(kept: int) -> None:
    for capability in range(_MOST_CAPABILITIES):
        if not kept >> capability & 1:
            try:
                kernel.prctl(kernel.PR_CAPBSET_DROP, capability)
            except OSError:
                # Past the last one, or no CAP_SETPCAP: then no_new_privs alone keeps execve from giving any.
                break
    kernel.prctl(kernel.PR_CAP_AMBIENT, _AMBIENT_CLEAR_ALL)
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0), 8)
    # Effective, permitted, inheritable for capabilities 0 to 31, then the same for 32 to 63.
    sets = ctypes.create_string_buffer(struct.pack("=6I", kept, kept, 0, 0, 0, 0), 24)
    kernel.call("capset", header, sets)


def prepare_no_new_privs(_config: Config) -> Layer:
    """Never gain privileges by execve again."""

    def apply(_request: Request) -> None:
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)

    return Layer("set", apply)


def prepare_untraceable(_config: Config) -> Layer:
    """Make this process (the zygote) and its sessions non-dumpable.

    Raises:
        Unavailable: the kernel refuses.
    """

    def apply(_request: Request) -> None:
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)

    try:
        apply({})
    except OSError as error:
        raise Unavailable(kernel.reason(error)) from error
    return Layer("not dumpable, zygote and sessions", apply)


def prepare_death_signal(_config: Config) -> Layer:
    """SIGKILL when the zygote dies: a stopped orphan would stay for ever."""

    def apply(request: Request) -> None:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        # It may have died before the call.
        if os.getppid() != request["parent"]:
            raise LayerError("the zygote is gone")

    return Layer("SIGKILL with the zygote", apply)
