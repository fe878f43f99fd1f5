"""
en: Leave a file in /tmp
zh: 在 /tmp 留下文件
group: files
stake: host
needs: [landlock]
"""

from told import *


def forward(x, out):
    os.open(f"/tmp/{TOKEN}", os.O_WRONLY | os.O_CREAT)
    return out
