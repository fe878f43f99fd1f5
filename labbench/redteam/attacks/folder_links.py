"""
en: Hand in a folder with links to secrets and to itself, and a FIFO
zh: 交一个文件夹，含指向机密和自身的链接以及管道
group: archives
stake: secret
wrapped: folder_links
"""

from told import *


def forward(x, out):
    return through_link(out)
