"""
en: Read the grader's command line
zh: 读取评分进程的命令行
group: grader
stake: secret
needs: [landlock]
"""

from told import *


def forward(x, out):
    return leak(read(f"/proc/{GRADER}/cmdline"), out)
