"""
en: Cut the grader's results to nothing by path
zh: 按路径截断评分结果
group: files
stake: host
needs: [landlock, seccomp, uid]
"""

from told import *


def forward(x, out):
    os.truncate(f"{RESULTS}/results.json", 0)
    return out
