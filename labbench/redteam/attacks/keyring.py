"""
en: Leave a key in the kernel's keyring
zh: 在内核密钥环里留下密钥
group: kernel
stake: host
needs: [seccomp]
arch: [x86_64, aarch64]
"""

from told import *

ADD_KEY = {"x86_64": 248, "aarch64": 217}[os.uname().machine]


def forward(x, out):
    syscall(ADD_KEY, b"user", TOKEN.encode(), b"100 points", 10, -4)
    return out
