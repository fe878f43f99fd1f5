"""
en: Attach the grader's shared memory
zh: 附加评分进程的共享内存
group: grader
stake: secret
needs: [seccomp, uid]
"""

from told import *


def forward(x, out):
    LIBC.shmat.restype = ctypes.c_void_p
    address = LIBC.shmat(SEGMENT, None, 0)
    if address == ctypes.c_void_p(-1).value:
        raise PermissionError
    return leak(ctypes.string_at(address, 64), out)
