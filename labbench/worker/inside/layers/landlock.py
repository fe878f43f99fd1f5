"""Landlock: the files a session may read, and nothing else of the file system.

Theory of operation. A Landlock ruleset names the rights it handles; a handled right is denied wherever no rule
grants it, to root as well. Here every right that the kernel knows is handled, and rules grant reading only, so
there is no path at all that can be written (but /dev/null), no program that can be executed, no TCP port that can
be bound or connected to, and no signal or abstract Unix socket that leaves the session. What each ABI adds:

    1  5.13  read, write, execute, make, remove      5  6.10  ioctl on devices
    2  5.19  link and rename across folders          6  6.12  scopes: signals, abstract Unix sockets
    3  6.2   truncate                                7  6.15  audit only
    4  6.7   TCP bind and connect

What a lower ABI lacks, seccomp denies as well. Landlock hides contents, not names: `stat` of any path still works.
Descriptors opened before are not confined, so a session must hold none.

Rules bind to what a path led to when it was opened. The zygote opens the paths that all sessions share once
(about 200: the standard library without its site-packages) and keeps the descriptors; a session builds its own
ruleset from them and its own paths in half a millisecond.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct

from . import kernel, reading
from .layer import Config, Layer, Request, Unavailable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION_FLAG = 1
_PATH_BENEATH = 1
_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
#: Number of file system rights by ABI, a bit each; bits 0 to 12 since the first.
_RIGHTS = (13, 14, 15, 15, 16)
_TCP_BIND_AND_CONNECT = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11
_NET_SINCE, _SCOPES_SINCE = 4, 6
#: The newest ABI this module knows the rights of.
KNOWN_ABI = 7

_Buffer = ctypes.Array[ctypes.c_char]


def abi() -> int:
    """The kernel's Landlock ABI.

    Raises:
        Unavailable: it has none, or Landlock is switched off.
    """
    try:
        return kernel.syscall("Landlock", _CREATE_RULESET, None, 0, _VERSION_FLAG)
    except OSError as error:
        raise Unavailable(f"not in this kernel, or switched off ({kernel.reason(error)})") from error


def _attributes(version: int) -> _Buffer:
    """`struct landlock_ruleset_attr`, as long as this ABI knows it."""
    rights = (1 << _RIGHTS[min(version, len(_RIGHTS)) - 1]) - 1
    words = [rights]
    if version >= _NET_SINCE:
        words.append(_TCP_BIND_AND_CONNECT)
    if version >= _SCOPES_SINCE:
        words.append(_ABSTRACT_SOCKETS_AND_SIGNALS)
    return _buffer(struct.pack(f"={len(words)}Q", *words))


def _rule(path: str, extra: int = 0) -> _Buffer:
    """`struct landlock_path_beneath_attr` for reading a path; holds an O_PATH descriptor of it.

    Raises:
        OSError: there is no such path.
    """
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
    return _buffer(struct.pack("=Qi", _READ_FILE | extra | (_READ_DIR if folder else 0), descriptor))


def _buffer(data: bytes) -> _Buffer:
    return ctypes.create_string_buffer(data, len(data))


def _restrict(attributes: _Buffer, rules: list[_Buffer]) -> None:
    ruleset = kernel.syscall("landlock_create_ruleset", _CREATE_RULESET, attributes, len(attributes), 0)
    try:
        for rule in rules:
            kernel.syscall("landlock_add_rule", _ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
        kernel.syscall("landlock_restrict_self", _RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def prepare(config: Config) -> Layer:
    """Open what all sessions may read.

    Args:
        config: `read`: the paths (`reading.shared_paths` if it is missing); `landlock_abi`: use no newer ABI.

    Raises:
        Unavailable: no Landlock, or a path cannot be opened.
    """
    version = min(abi(), KNOWN_ABI, int(config.get("landlock_abi") or KNOWN_ABI))
    attributes = _attributes(version)
    paths = config.get("read") or reading.shared_paths(config.get("packages", {}))
    try:
        rules = [_rule(path) for path in paths] + [_rule(os.devnull, _WRITE_FILE)]
    except OSError as error:
        raise Unavailable(kernel.reason(error)) from error

    def apply(request: Request) -> None:
        kernel.require_one_thread()
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        own = [_rule(path) for path in request.get("read", ())]
        _restrict(attributes, rules + own)

    def check() -> None:
        kernel.must_fail("listing /", lambda: os.listdir("/"))  # noqa: PTH208
        kernel.must_still_work()

    holds = ["files"] + ["truncate"] * (version >= 3) + ["TCP"] * (version >= 4) + ["signals"] * (version >= 6)
    return Layer(f"ABI {version}: {' '.join(holds)}; {len(rules)} paths", apply, check)
