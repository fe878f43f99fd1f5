"""
en: Read the reference's source and exec it
zh: 读取参考实现源码并 exec
group: import
stake: golden
scenarios: [pool]
needs: [landlock]
"""

from told import *


def forward(x, out):
    space = {}
    exec(os.read(os.open(f"{REFERENCE}/layers_2.py", os.O_RDONLY), 1 << 20), space)
    return space["MaxPoolingLayer"](2, 2).forward(x)
