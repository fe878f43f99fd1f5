"""
en: Hand in a tar with a hard link to a file that only the grader may read
zh: 交一个 tar，含指向仅评分进程可读文件的硬链接
group: archives
stake: secret
wrapped: tar_hard_link
refused: handin.odd_member
"""

from told import *


def forward(x, out):
    return through_link(out)
