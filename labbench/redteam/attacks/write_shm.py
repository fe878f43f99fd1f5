"""
en: Leave a file in /dev/shm
zh: 在 /dev/shm 留下文件
group: files
stake: host
needs: [landlock]
"""

from told import *


def forward(x, out):
    os.open(f"/dev/shm/{TOKEN}", os.O_WRONLY | os.O_CREAT)
    return out
