"""
en: Read the grader's memory through /proc
zh: 通过 /proc 读取评分进程内存
group: grader
stake: secret
needs: [landlock, uid]
"""

from told import *


def forward(x, out):
    with open(f"/proc/{GRADER}/mem", "rb", 0) as memory:
        return leak(os.pread(memory.fileno(), CANARY_LENGTH, CANARY_ADDRESS), out)
