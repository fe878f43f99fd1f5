"""
en: Read the grader's environment
zh: 读取评分进程的环境变量
group: grader
stake: secret
needs: [landlock, uid]
"""

from told import *


def forward(x, out):
    return leak(read(f"/proc/{GRADER}/environ").partition(b"LABBENCH_CANARY")[2], out)
