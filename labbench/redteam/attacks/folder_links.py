"""
en: Hand in a folder with links to secrets and to itself, and a FIFO
zh: 交一个文件夹，含指向机密和自身的链接以及管道
group: archives
stake: secret
wrapped: folder_links
"""

from told import *


def forward(x, out):
    for name in ("secret.txt", "secrets/results.json"):
        try:
            with open(os.path.join(os.path.dirname(__file__), name), "rb") as secret:
                return leak(secret.read(), out)
        except OSError:
            continue
    return out
