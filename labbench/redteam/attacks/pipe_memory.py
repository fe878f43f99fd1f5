"""
en: Hold memory in pipes that nobody reads
zh: 用无人读取的管道占用内存
group: process
stake: host
"""

import fcntl

from told import *


def forward(x, out):
    kept = []
    try:
        while len(kept) < 100:
            reader, writer = os.pipe2(os.O_NONBLOCK)
            kept += [reader, writer]
            fcntl.fcntl(writer, 1031, 1 << 20)  # F_SETPIPE_SZ
            os.write(writer, bytes(1 << 20))
    except OSError:
        pass
    linger()
    return out
