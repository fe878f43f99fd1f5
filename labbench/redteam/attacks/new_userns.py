"""
en: Become root of a user namespace of one's own
zh: 在新的用户命名空间里成为 root
group: process
stake: host
needs: [seccomp]
sight: true
"""

from told import *


def forward(x, out):
    call("unshare", 0x10000000)  # CLONE_NEWUSER
    linger()
    return out
