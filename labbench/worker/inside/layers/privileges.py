"""Privileges: another user, no capabilities, no way to get either back, not traceable, dead with its parent.

Theory of operation. A root grader's sessions need not be root: where the interpreter and the files can be read
by an unprivileged user, a session becomes that user; a home folder of mode 0700 around the interpreter is the common
reason why they cannot, and lazy imports would fail late and oddly, so it is tried. The capabilities go in any
case: uid 0 without them is bound by file modes like anybody else. With CAP_DAC_OVERRIDE gone, root cannot
read another user's 0700 home any more; if an interpreter lies in one, CAP_DAC_READ_SEARCH alone stays.
`no_new_privs` makes set-uid programs and file capabilities void; Landlock and seccomp need it. A process that
is not dumpable cannot be traced, or read through /proc, by another of the same user.

The parent-death signal comes last since changing credentials clears it. It is sent when the *thread* that forked
ends, so the zygote forks from its only thread.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import struct

from . import kernel
from .layer import Config, Layer, LayerError, Request, Unavailable

_CAPABILITY_VERSION_3 = 0x20080522
_DAC_READ_SEARCH = 1 << 2
_AMBIENT_CLEAR_ALL = 4
_MOST_CAPABILITIES = 64


def prepare_uid(config: Config) -> Layer:
    """Become another user.

    Args:
        config: `uid`: whom, None for nobody else; `read` and `workspaces`: what that user must be able to read.

    Raises:
        Unavailable: not root, not wanted, or that user could not work or be killed.
    """
    uid = config.get("uid")
    if uid is None:
        raise Unavailable("not asked for" if os.geteuid() == 0 else "not root")

    def apply(request: Request) -> None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        _require_readable(request.get("read", ()))

    def check() -> None:
        _require_readable([*config.get("read", ()), *config.get("workspaces", ())])
        kernel.must_still_work()

    _require_power_over(uid)
    return Layer(f"uid {uid}", apply, check)


def _require_readable(paths: list[str] | tuple[str, ...]) -> None:
    for path in paths:
        if os.path.exists(path) and not os.access(path, os.R_OK):  # noqa: PTH110 - no pathlib in here
            raise PermissionError(errno.EACCES, "reading a session's files", path)


def _require_power_over(uid: int) -> None:
    """A root without CAP_KILL could not end what it has started.

    Raises:
        Unavailable: we could not stop a process of that user.
    """
    pid = os.fork()
    if pid == 0:
        os.setresuid(uid, uid, uid)
        signal.pause()
    try:
        # It may still be root at the first of these, but not when it sleeps.
        while _owner(pid) != uid:
            os.sched_yield()
        os.kill(pid, signal.SIGKILL)
    except PermissionError as error:
        raise Unavailable("no permission to stop processes of that user") from error
    finally:
        os.waitpid(pid, 0)


def _owner(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123
        return next(int(line.split()[1]) for line in status if line.startswith("Uid:"))


def prepare_capabilities(_config: Config) -> Layer:
    """Give up all capabilities."""

    def layer(kept: int, weaker: Layer | None = None) -> Layer:
        def apply(_request: Request) -> None:
            _drop_capabilities(kept)

        detail = "all but CAP_DAC_READ_SEARCH dropped" if kept else "all dropped"
        return Layer(detail, apply, kernel.must_still_work, weaker)

    return layer(0, weaker=layer(_DAC_READ_SEARCH) if os.geteuid() == 0 else None)


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
