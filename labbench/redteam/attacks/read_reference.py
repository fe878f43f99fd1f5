"""
en: Read the source of the lab's reference
zh: 读取实验参考实现的源码
group: files
stake: secret
needs: [landlock]
"""

from told import *


def forward(x, out):
    source = read(f"{REFERENCE}/layers_2.py")
    return leak(source[len(source) // 2 - 100 :], out)
