"""System calls that Python has no function for, and trying something in a child to see whether it works.

Theory of operation. Most layers cannot be taken off again, so whether they work here is found out in a forked
throw-away child: it puts the layer on, checks that something is now denied and that what every session needs
still works, and says so through a pipe. A kernel version proves nothing: containers deny what kernels offer.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from .layer import LayerError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_CAPBSET_DROP = 24
PR_SET_SECUREBITS = 28
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47

#: A probe takes milliseconds; one that hangs is killed.
_PROBE_SECONDS = 10
#: Small pure modules that nothing has loaded yet: one is imported to see whether lazy imports still work.
_LAZY_MODULES = ("colorsys", "sched", "tabnanny", "rlcompleter", "stringprep", "pyclbr")

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def syscall(what: str, number: int, *arguments: int | ctypes.Array[ctypes.c_char] | None) -> int:
    """One raw system call.

    Args:
        what: Its name, for the error.
        number: Its number on this architecture.
        arguments: Integers, buffers (their address is passed), None for NULL.

    Raises:
        OSError: it failed.
    """
    plain = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return _checked(_libc.syscall(ctypes.c_long(number), *plain), what)


def call(name: str, *arguments: object) -> int:
    """A libc function that returns -1 and errno on failure.

    Raises:
        OSError: it failed.
    """
    return _checked(getattr(_libc, name)(*arguments), name)


def prctl(option: int, *arguments: int) -> int:
    """`prctl(2)`; missing arguments are 0.

    Raises:
        OSError: it failed.
    """
    padded = [ctypes.c_ulong(a) for a in (*arguments, 0, 0, 0, 0)[:4]]
    return _checked(_libc.prctl(option, *padded), "prctl")


def in_child(probe: Callable[[], str]) -> str:
    """Run a probe in a forked child.

    Returns:
        What it returned.

    Raises:
        Unavailable: it raised something, or it died.
    """
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        _report(probe, write)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(pid, 0)
    if said.startswith("+"):
        return said[1:]
    raise Unavailable(said[1:] or f"the probe died with wait status {status}")


def _report(probe: Callable[[], str], write: int) -> None:
    """The child's part. Never returns."""
    try:
        signal.alarm(_PROBE_SECONDS)
        # As its standard output, which no layer closes.
        os.dup2(write, 1)
        os.write(1, b"+" + probe().encode())
    except BaseException as error:  # noqa: BLE001 - whatever it is, the layer is not to be relied on
        os.write(1, b"-" + reason(error).encode())
    finally:
        os._exit(0)


def reason(error: BaseException) -> str:
    """An exception in a few words; of an OSError what failed and the error's symbol."""
    if not isinstance(error, OSError):
        return str(error) if isinstance(error, LayerError | Unavailable) else f"{type(error).__name__}: {error}"
    symbol = errno.errorcode.get(error.errno or 0, str(error.errno))
    what, colon, _ = str(error.strerror).partition(": ")
    what = what if colon else str(error.filename or "")
    return f"{what}: {symbol}" if what else symbol


def must_fail(what: str, action: Callable[[], object]) -> None:
    """Check in a probe that a layer denies an action.

    Raises:
        Unavailable: the action was not denied.
    """
    try:
        action()
    except PermissionError:
        return
    raise Unavailable(f"{what} was not denied")


def must_still_work() -> None:
    """Check in a probe that a lazy import and a thread, which every session may need, still work.

    Raises:
        Unavailable: one of them does not.
    """
    lazy = next((name for name in _LAZY_MODULES if name not in sys.modules), None)
    try:
        if lazy is not None:
            importlib.import_module(lazy)
    except ImportError as error:
        raise Unavailable("the standard library is out of reach") from error
    try:
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
    except RuntimeError as error:
        raise Unavailable("threads cannot be started") from error


def require_one_thread() -> None:
    """Landlock and credentials bind the calling thread only, so there must be no other.

    Raises:
        LayerError: there is another.
    """
    if os.stat("/proc/self/task").st_nlink != 3:  # noqa: PTH116 - ".", "..", and one folder a thread
        raise LayerError("more than one thread is alive")
