"""
en: Hand in a zip with a link to a file that only the grader may read
zh: 交一个 zip，含指向仅评分进程可读文件的链接
group: archives
stake: secret
wrapped: zip_link_to_secret
refused: handin.odd_member
"""

from told import *


def forward(x, out):
    return through_link(out)
