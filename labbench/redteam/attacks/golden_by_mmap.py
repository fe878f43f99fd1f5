"""
en: Map the golden file into memory instead of reading it
zh: 用内存映射代替读取标准答案
group: files
stake: golden
needs: [landlock, uid]
"""

from told import *


def forward(x, out):
    return np.array(np.load(GOLDENS["conv"], mmap_mode="r"))
