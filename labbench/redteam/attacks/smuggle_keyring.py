"""
en: Tell the next session one's input by the kernel's keyring
zh: 用内核密钥环传递输入
group: shared
stake: secret
scenarios: [conv, pool]
needs: [seccomp]
arch: [x86_64, aarch64]
"""

from told import *

ADD_KEY, KEYCTL = {"x86_64": (248, 250), "aarch64": (217, 219)}[os.uname().machine]
SEARCH, READ, USER = 10, 11, -4


def conv(x, out):
    syscall(ADD_KEY, b"user", TOKEN.encode(), x.tobytes()[:16], 16, USER)
    return out


def pool(x, out):
    buffer = ctypes.create_string_buffer(16)
    serial = syscall(KEYCTL, SEARCH, USER, b"user", TOKEN.encode(), 0)
    syscall(KEYCTL, READ, serial, buffer, 16)
    return leak(buffer.raw, out)
