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
(about 200: the standard library without its site-packages) and keeps the descriptors. A ruleset of these and a
hand-in's own paths takes longer to build than all other layers together, so the zygote keeps the last one for the
sessions that may read the same. It knows files, not names: a path that leads elsewhere by now is a new ruleset. A
session closes it before the hand-in is opened, so nothing can be added to it.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from typing import TYPE_CHECKING

from . import kernel, reading
from .layer import Config, Layer, Request, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def _descriptor(rule: _Buffer) -> int:
    descriptor: int = struct.unpack("=Qi", rule.raw)[1]
    return descriptor


def _file_of(rule: _Buffer) -> tuple[int, int]:
    found = os.fstat(_descriptor(rule))
    return found.st_dev, found.st_ino


def _buffer(data: bytes) -> _Buffer:
    return ctypes.create_string_buffer(data, len(data))


def _build(attributes: _Buffer, rules: list[_Buffer]) -> int:
    """A ruleset's descriptor."""
    ruleset = kernel.syscall("landlock_create_ruleset", _CREATE_RULESET, attributes, len(attributes), 0)
    try:
        for rule in rules:
            kernel.syscall("landlock_add_rule", _ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
    except OSError:
        os.close(ruleset)
        raise
    return ruleset


class _Rulesets:
    """The ruleset for a session's own paths beside the shared ones; the last one is kept."""

    def __init__(self, attributes: _Buffer, shared: list[_Buffer]) -> None:
        self._attributes, self._shared = attributes, shared
        self._files: list[tuple[int, int]] | None = None
        self._ruleset = -1

    def get(self, paths: Sequence[str]) -> int:
        """Its descriptor.

        Raises:
            OSError: there is no such path.
        """
        # A ruleset holds its files, so their numbers are not given to others as long as it is kept.
        files = [(found.st_dev, found.st_ino) for found in map(os.stat, paths)]
        if files != self._files:
            own = [_rule(path) for path in paths]
            ruleset = _build(self._attributes, self._shared + own)
            self._files = [_file_of(rule) for rule in own]
            for rule in own:
                os.close(_descriptor(rule))
            if self._ruleset >= 0:
                os.close(self._ruleset)
            self._ruleset = ruleset
        return self._ruleset


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

    rulesets = _Rulesets(attributes, rules)

    def foresee(request: Request) -> None:
        rulesets.get(request.get("read", ()))

    def apply(request: Request) -> None:
        kernel.require_one_thread()
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        ruleset = rulesets.get(request.get("read", ()))
        kernel.syscall("landlock_restrict_self", _RESTRICT_SELF, ruleset, 0)
        os.close(ruleset)

    def check() -> None:
        kernel.must_fail("listing /", lambda: os.listdir("/"))  # noqa: PTH208
        kernel.must_still_work()

    holds = ["files"] + ["truncate"] * (version >= 3) + ["TCP"] * (version >= 4) + ["signals"] * (version >= 6)
    return Layer(f"ABI {version}: {' '.join(holds)}; {len(rules)} paths", apply, check, foresee=foresee)
