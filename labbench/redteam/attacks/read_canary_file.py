"""
en: Read a file that only the grader may read
zh: 读取只有评分进程可读的文件
group: files
stake: secret
needs: [landlock, uid]
"""

from told import *


def forward(x, out):
    return leak(read(CANARY_FILE), out)
