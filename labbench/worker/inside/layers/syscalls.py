"""Which system calls a session may make: an allow-list by name, with a rule where the arguments matter.

Theory of operation. Everything that is not listed is denied, so a call that a future kernel adds is denied, too.
Denied calls fail with EPERM, which hand-ins see as PermissionError; calls newer than this table with ENOSYS, as on
an old kernel, so that a newer C library falls back. The list is what CPython 3.11 to 3.13, NumPy, SciPy, OpenBLAS
and Pillow use, or may, to read files, compute, start threads, sleep and talk on descriptors they have. It has no
sockets, no processes, no writing to names, no shared memory, no limits or priorities, no privileges, no namespaces,
no io_uring. What it does not see is paths (that is Landlock) and memory (that is the address space limit).

Numbers: Linux 6.1, <asm/unistd_64.h> and <asm-generic/unistd.h>. An architecture that is not in here gets no
filter rather than a guess.
"""

from __future__ import annotations

import errno
from types import MappingProxyType
from typing import TYPE_CHECKING

from .bpf import ALLOW, PID, Condition, Op, allow_if, allow_one_of, fails, returns

if TYPE_CHECKING:
    from collections.abc import Mapping

DENIED = fails(errno.EPERM)
UNKNOWN = fails(errno.ENOSYS)

#: The newest call that the table was compared with; later ones are UNKNOWN.
NEWEST = 450
#: Machine name to its column below and its AUDIT_ARCH value.
ARCHITECTURES: Mapping[str, tuple[int, int]] = MappingProxyType({"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)})

#: Name to number on (x86_64, aarch64); None where there is no such call.
ALLOWED: Mapping[str, tuple[int | None, int | None]] = MappingProxyType({
    # files, by reading
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67),
    "preadv": (295, 69), "lseek": (8, 62), "open": (2, None), "openat": (257, 56), "close": (3, 57),
    "close_range": (436, 436), "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24), "stat": (4, None),
    "fstat": (5, 80), "lstat": (6, None), "newfstatat": (262, 79), "statx": (332, 291), "access": (21, None),
    "faccessat": (269, 48), "faccessat2": (439, 439), "readlink": (89, None), "readlinkat": (267, 78),
    "getdents": (78, None), "getdents64": (217, 61), "getcwd": (79, 17), "chdir": (80, 49), "fchdir": (81, 50),
    "statfs": (137, 43), "fstatfs": (138, 44), "umask": (95, 166), "mkdir": (83, None), "mkdirat": (258, 34),
    # waiting
    "poll": (7, None), "ppoll": (271, 73), "select": (23, None), "pselect6": (270, 72), "epoll_create": (213, None),
    "epoll_create1": (291, 20), "epoll_ctl": (233, 21), "epoll_wait": (232, None), "epoll_pwait": (281, 22),
    "epoll_pwait2": (441, 441), "eventfd2": (290, 19), "pipe": (22, None), "pipe2": (293, 59),
    # the session's own socket
    "recvfrom": (45, 207), "sendto": (44, 206), "getsockname": (51, 204), "getsockopt": (55, 209),
    # memory
    "brk": (12, 214), "mmap": (9, 222), "munmap": (11, 215), "mprotect": (10, 226), "mremap": (25, 216),
    "madvise": (28, 233), "msync": (26, 227),
    # threads
    "futex": (202, 98), "futex_waitv": (449, 449), "set_robust_list": (273, 99), "set_tid_address": (218, 96),
    "rseq": (334, 293), "membarrier": (324, 283), "sched_yield": (24, 124), "sched_getaffinity": (204, 123),
    "getcpu": (309, 168), "gettid": (186, 178), "clone": (56, 220), "clone3": (435, 435), "exit": (60, 93),
    "exit_group": (231, 94), "arch_prctl": (158, None), "prctl": (157, 167),
    # signals, to oneself
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "rt_sigpending": (127, 136),
    "rt_sigtimedwait": (128, 137), "rt_sigsuspend": (130, 133), "sigaltstack": (131, 132), "pause": (34, None),
    "restart_syscall": (219, 128), "kill": (62, 129), "tgkill": (234, 131), "tkill": (200, 130),
    # time
    "clock_gettime": (228, 113), "clock_getres": (229, 114), "clock_nanosleep": (230, 115), "nanosleep": (35, 101),
    "gettimeofday": (96, 169), "time": (201, None), "times": (100, 153), "getitimer": (36, 102),
    "setitimer": (38, 103), "alarm": (37, None),
    # about oneself
    "getpid": (39, 172), "getppid": (110, 173), "getpgrp": (111, None), "getpgid": (121, 155), "getsid": (124, 156),
    "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177),
    "getresuid": (118, 148), "getresgid": (120, 150), "getgroups": (115, 158), "getrusage": (98, 165),
    "getrlimit": (97, 163), "prlimit64": (302, 261), "uname": (63, 160), "sysinfo": (99, 179), "wait4": (61, 260),
    "waitid": (247, 95), "getrandom": (318, 278), "fcntl": (72, 25), "ioctl": (16, 29), "openat2": (437, 437),
})  # fmt: skip


def _same(argument: int, value: int) -> Condition:
    return Condition(argument, "equal", value)


def _null(argument: int) -> tuple[Condition, Condition]:
    return Condition(argument, "equal", 0), Condition(argument, "equal", 0, high=True)


#: VM FS FILES SIGHAND THREAD SYSVSEM SETTLS PARENT_SETTID CHILD_CLEARTID, and DETACHED, which musl sets.
_THREAD_FLAGS = 0x7D0F00
_THREAD, _SAME_FILES = 0x10000, 0x400
#: CLOEXEC. With UNSHARE a thread would have descriptors of its own, as one without SAME_FILES.
_CLOSE_RANGE_FLAGS = 4
#: NORMAL to DONTNEED, FREE, DONTFORK DOFORK, HUGEPAGE NOHUGEPAGE DONTDUMP DODUMP, WIPEONFORK KEEPONFORK, POPULATE_READ
#: POPULATE_WRITE, COLLAPSE, GUARD_INSTALL GUARD_REMOVE: nothing swapped out, evicted or merged with others' pages.
_MADVISE = (0, 1, 2, 3, 4, 8, 10, 11, 14, 15, 16, 17, 18, 19, 22, 23, 25, 102, 103)
_PIPE_FLAGS = 0o2000000 | 0o4000 | 0o40000  # CLOEXEC, NONBLOCK, DIRECT
#: DUPFD GETFD SETFD GETFL SETFL GETPIPE_SZ DUPFD_CLOEXEC: no owner, signal, lease, lock, seal or bigger pipe.
_FCNTL = (0, 1, 2, 3, 4, 1032, 1030)
#: TCGETS TCGETS2 TIOCGWINSZ FIONREAD FIONBIO FIONCLEX FIOCLEX.
_IOCTL = (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
#: GET_DUMPABLE SET_NAME GET_NAME SET_VMA: no parent-death signal, no capabilities.
_PRCTL = (3, 15, 16, 0x53564D41)
#: SET_FS GET_FS GET_XCOMP_SUPP GET_XCOMP_PERM REQ_XCOMP_PERM: the last is how BLAS asks for AMX.
_ARCH_PRCTL = (0x1002, 0x1003, 0x1021, 0x1022, 0x1023)

#: Calls whose arguments decide. The kernel reads the commands and pids below as 32 bits.
RULES: Mapping[str, tuple[Op, ...]] = MappingProxyType({
    "clone": tuple(allow_if(
        (Condition(0, "none", 0xFFFFFFFF & ~_THREAD_FLAGS), Condition(0, "any", _THREAD),
         Condition(0, "any", _SAME_FILES), Condition(0, "equal", 0, high=True)), DENIED)),
    # Their arguments are behind pointers: without them the C library falls back to clone and openat.
    "clone3": (returns(UNKNOWN),),
    "openat2": (returns(UNKNOWN),),
    "close_range": tuple(allow_if((Condition(2, "none", 0xFFFFFFFF & ~_CLOSE_RANGE_FLAGS),), DENIED)),
    "madvise": tuple(allow_one_of(2, _MADVISE, DENIED)),
    "kill": tuple(allow_if((_same(0, PID),), DENIED)),
    "tgkill": tuple(allow_if((_same(0, PID),), DENIED)),
    "tkill": tuple(allow_if((_same(0, PID),), DENIED)),
    "prlimit64": tuple(allow_if((_same(0, 0), *_null(2)), DENIED)),
    "fcntl": tuple(allow_one_of(1, _FCNTL, DENIED)),
    "ioctl": tuple(allow_one_of(1, _IOCTL, DENIED)),
    "prctl": tuple(allow_one_of(0, _PRCTL, DENIED)),
    "arch_prctl": tuple(allow_one_of(0, _ARCH_PRCTL, DENIED)),
    "pipe2": tuple(allow_if((Condition(1, "none", 0xFFFFFFFF & ~_PIPE_FLAGS),), DENIED)),
    "sendto": tuple(allow_if(_null(4), DENIED)),
})  # fmt: skip

_ALLOW = (returns(ALLOW),)


def policy(column: int) -> list[tuple[int, tuple[Op, ...]]]:
    """The calls of one architecture: each number with what to run when it is called."""
    numbered = ((numbers[column], RULES.get(name, _ALLOW)) for name, numbers in ALLOWED.items())
    return [(number, body) for number, body in numbered if number is not None]
