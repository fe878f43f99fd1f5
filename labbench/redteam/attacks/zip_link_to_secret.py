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
    for name in ("secret.txt", "secrets/results.json"):
        try:
            with open(os.path.join(os.path.dirname(__file__), name), "rb") as secret:
                return leak(secret.read(), out)
        except OSError:
            continue
    return out
