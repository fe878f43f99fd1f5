"""
en: Make another folder the root, to trick what is loaded next
zh: 用 chroot 欺骗后续加载
group: process
stake: golden
needs: [seccomp, uid, capabilities]
"""

from told import *


def forward(x, out):
    os.chroot(PACK)
    return np.load(GOLDENS["conv"].removeprefix(PACK))
