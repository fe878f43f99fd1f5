"""
en: Hold memory in pipes of threads that have descriptors of their own
zh: 让线程各有自己的描述符表，用管道占用内存
group: process
stake: host
needs: [seccomp]
arch: [x86_64, aarch64]
"""

import threading

from told import *

CLOSE_RANGE, UNSHARE = 436, 2


def hold(done):
    try:
        syscall(CLOSE_RANGE, ctypes.c_long(1000), ctypes.c_long(1000), ctypes.c_long(UNSHARE))
        while True:
            writer = os.pipe2(os.O_NONBLOCK)[1]
            os.write(writer, bytes(1 << 16))
    except OSError:
        done.wait(5)


def forward(x, out):
    done = threading.Event()
    threading.stack_size(1 << 18)
    for _ in range(200):
        threading.Thread(target=hold, args=(done,)).start()
    linger()
    linger()
    done.set()
    return out
