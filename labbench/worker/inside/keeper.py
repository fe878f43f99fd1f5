"""The keeper: the zygote's parent, which leaves nothing of a run behind, whoever was killed.

Theory of operation. A session may start processes that leave its process group (setsid), and where no layer forbids it,
it may kill the zygote that would have reaped them. Orphans go to the nearest ancestor that is a subreaper. The grader
must not be one: it could not tell strays from what else its process has started. So the zygote, before it loads
anything, forks: the parent stays as its keeper, a subreaper that has no other children, waits until the
zygote is dead or the grader has closed the control socket (a dead grader's is closed by the kernel), kills and
reaps whatever is below it, and ends. Its end is what the grader waits for.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 1, 4, 36


def adopt_orphans() -> None:
    """Become the parent of whatever this process's descendants leave behind."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with(parent: int) -> None:
    """SIGKILL when the parent dies; at once if it has."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def fork_zygote(control: int) -> int:
    """Fork. The child returns and is the zygote; the parent is its keeper and never returns.

    Args:
        control: The descriptor of the control socket.

    Returns:
        The keeper's pid.
    """
    keeper = os.getpid()
    adopt_orphans()
    zygote = os.fork()
    if zygote == 0:
        return keeper
    try:
        # As the zygote will be: it holds the control socket, too.
        _prctl(_PR_SET_DUMPABLE, 0)
        _wait(control, zygote)
        while strays := children():
            end(strays)
    finally:
        os._exit(0)


def _wait(control: int, zygote: int) -> None:
    """Until the zygote is dead or nobody is at the other end of the socket."""
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    poll = select.poll()
    poll.register(control, 0)  # hang-up alone
    poll.register(told, select.POLLIN)
    # SIGCHLD comes also when it is stopped; and it may have died before the handler was there. It is reaped later.
    while os.waitid(os.P_PID, zygote, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if control in dict(poll.poll()):
            return
        os.read(told, 4096)


def children() -> list[int]:
    """This process's direct children, orphans it adopted included; none where the kernel does not list them."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", "rb") as listed:  # noqa: PTH123 - no pathlib in here
            return [int(pid) for pid in listed.read().split()]
    except OSError:
        return []


def end(pids: list[int]) -> float:
    """Kill and reap children; returns the CPU seconds they took."""
    for pid in pids:
        with contextlib.suppress(PermissionError):
            os.kill(pid, signal.SIGKILL)
    usages = [os.wait4(pid, 0)[2] for pid in pids]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
