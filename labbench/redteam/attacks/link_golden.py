"""
en: Give a golden file a second name within reach
zh: 给标准答案建立硬链接
group: files
stake: host
needs: [landlock, uid]
"""

from told import *


def forward(x, out):
    os.link(f"{RESULTS}/golden.npy", f"/tmp/{TOKEN}")
    return out
