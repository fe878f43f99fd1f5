"""
en: Reopen a file the grader has open through /proc
zh: 通过 /proc 重新打开评分进程的文件
group: grader
stake: secret
needs: [landlock, uid]
"""

from told import *


def forward(x, out):
    return leak(read(f"/proc/{GRADER}/fd/{CANARY_FD}"), out)
