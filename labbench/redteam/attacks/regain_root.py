"""
en: Become root again, then change a file of root's
zh: 重新取得 root 后修改 root 的文件
group: process
stake: host
needs: [landlock, uid]
root: true
"""

from told import *


def forward(x, out):
    os.setresuid(0, 0, 0)
    os.setresgid(0, 0, 0)
    os.truncate(f"{RESULTS}/results.json", 0)
    return out
