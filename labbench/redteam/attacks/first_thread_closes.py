"""
en: End the first thread, so that the process looks dead, hang up and loop on
zh: 结束首个线程使进程看似已死，断开连接后继续循环
group: time
stake: hang
verdicts: [forbidden]
arch: [x86_64, aarch64]
"""

import threading

from told import *

EXIT = {"x86_64": 60, "aarch64": 93}[os.uname().machine]


def go_on(connection):
    os.close(connection.fileno())
    while True:
        pass


def forward(x, out):
    threading.Thread(target=go_on, args=(serving()._socket,)).start()
    syscall(EXIT, ctypes.c_long(0))
