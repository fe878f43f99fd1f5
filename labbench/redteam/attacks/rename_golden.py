"""
en: Move a golden file away
zh: 移走标准答案文件
group: files
stake: host
needs: [landlock, uid]
"""

from told import *


def forward(x, out):
    os.rename(f"{RESULTS}/golden.npy", f"{RESULTS}/gone.npy")
    return out
