"""
en: Search the memory of the session beside for its input
zh: 在旁边会话的内存里搜索其输入
group: grader
stake: secret
needs: [landlock, uid]
verdicts: [pass, wrong, error, timeout]
"""

from told import *


def forward(x, out):
    return leak(scan(SIBLING, b"canary-sibling-"), out)
