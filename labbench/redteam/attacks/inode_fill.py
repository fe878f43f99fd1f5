"""
en: Use up the inodes with empty files
zh: 用空文件耗尽 inode
group: files
stake: host
needs: [landlock]
"""

from told import *


def forward(x, out):
    for place in ("/tmp", "/var/tmp", "/dev/shm"):
        for i in range(50):
            try:
                os.mknod(f"{place}/{TOKEN}-{i}")
            except OSError:
                break
    return out
