"""
en: Read the golden array by its path
zh: 按路径读取标准答案
group: files
stake: golden
needs: [landlock, uid]
"""

from told import *


def forward(x, out):
    return np.load(GOLDENS["conv"])
