"""
en: Tell the next session one's input by shared memory
zh: 用 SysV 共享内存传递输入
group: shared
stake: secret
scenarios: [conv, pool]
needs: [seccomp]
"""

from told import *

LIBC.shmat.restype = ctypes.c_void_p


def segment():
    address = LIBC.shmat(call("shmget", KEY, 4096, 0o1600), None, 0)
    return (ctypes.c_char * 16).from_address(address)


def conv(x, out):
    segment()[:] = x.tobytes()[:16]
    return out


def pool(x, out):
    return leak(bytes(segment()), out)
