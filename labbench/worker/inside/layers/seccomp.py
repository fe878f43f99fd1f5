"""Seccomp: a filter on the numbers and arguments of system calls, put on last because it forbids the other layers.

Theory of operation. The kernel runs the program before every system call of the session. It first compares the
calling convention: one that is not ours (32-bit calls on x86_64) kills the session, for its numbers mean other
calls; x32 calls carry a high bit and so match nothing. Then it looks the number up (`syscalls.py`). Signals may go
to the session itself only, so the program is finished in the session, with its pid. The kernel remembers
which numbers are always allowed (since 5.11), so the program's length costs next to nothing.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from types import MappingProxyType

from . import bpf, kernel, syscalls
from .layer import Config, Layer, LayerError, Request, Unavailable

_SET_MODE_FILTER = 1
_TSYNC = 1 << 0
#: Without it, kernels before 5.16 switch speculative store bypass off and the session computes more slowly; what
#: that would guard against is a process reading its own memory.
_SPEC_ALLOW = 1 << 2
#: seccomp(2) by machine.
_SECCOMP = MappingProxyType({"x86_64": 317, "aarch64": 277})


def build(machine: str) -> bpf.Program:
    """The filter for a machine, as `uname -m` calls it.

    Raises:
        Unavailable: there is no table for it.
    """
    if machine not in syscalls.ARCHITECTURES:
        raise Unavailable(f"no syscall table for {machine}")
    column, architecture = syscalls.ARCHITECTURES[machine]
    ops = [
        bpf.load_architecture(),
        *bpf.unless_equal(architecture, [bpf.returns(bpf.KILL)]),
        bpf.load_number(),
    ]
    for number, body in syscalls.policy(column):
        ops += bpf.when_equal(number, body)
    ops += [*bpf.when_greater(syscalls.NEWEST, [bpf.returns(syscalls.UNKNOWN)]), bpf.returns(syscalls.DENIED)]
    return bpf.assemble(ops)


def _install(number: int, code: bytes) -> None:
    """Install a filter on all threads.

    Raises:
        OSError: the kernel refuses.
        LayerError: a thread could not be brought under it.
    """
    held = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog: length, padding, pointer.
    program = ctypes.create_string_buffer(struct.pack("=H6xQ", len(code) // 8, ctypes.addressof(held)), 16)
    try:
        stuck = kernel.syscall("seccomp", number, _SET_MODE_FILTER, _TSYNC | _SPEC_ALLOW, program)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        # SPEC_ALLOW is of 4.17.
        stuck = kernel.syscall("seccomp", number, _SET_MODE_FILTER, _TSYNC, program)
    if stuck:
        raise LayerError(f"seccomp: thread {stuck} could not be brought under the filter")


def prepare(_config: Config) -> Layer:
    """Build the filter.

    Raises:
        Unavailable: there is no table for this machine.
    """
    machine = os.uname().machine
    if sys.maxsize < 1 << 32:
        raise Unavailable("a 32-bit Python")
    program = build(machine)

    def apply(_request: Request) -> None:
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        _install(_SECCOMP[machine], program.for_pid(os.getpid()))

    def check() -> None:
        kernel.must_fail("fork", os.fork)
        kernel.must_fail("kill", lambda: os.kill(os.getppid(), 0))
        kernel.must_still_work()

    allowed = len(syscalls.policy(syscalls.ARCHITECTURES[machine][0]))
    return Layer(f"{machine}, {allowed} system calls allowed, {len(program)} instructions", apply, check)
