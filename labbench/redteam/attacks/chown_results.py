"""
en: Give the grader's results to somebody else
zh: 修改评分结果的属主
group: files
stake: host
needs: [seccomp, uid]
root: true
"""

from told import *


def forward(x, out):
    os.chown(f"{RESULTS}/results.json", 12345, 12345)
    return out
