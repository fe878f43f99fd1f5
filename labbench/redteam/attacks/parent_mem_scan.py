"""
en: Search the grader's memory for a golden array's bytes
zh: 在评分进程内存中搜索机密
group: grader
stake: secret
needs: [landlock, uid]
verdicts: [pass, wrong, error, timeout]
"""

from told import *


def forward(x, out):
    return leak(scan(GRADER, b"canary-memory-"), out)
