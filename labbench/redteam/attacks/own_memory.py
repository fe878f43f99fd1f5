"""
en: Search the session's own memory for what the fork brought along
zh: 在会话自己的内存里搜索遗留的机密
group: grader
stake: secret
verdicts: [pass, wrong, error, timeout]
"""

from told import *


def forward(x, out):
    return leak(scan("self", b"canary-"), out)
