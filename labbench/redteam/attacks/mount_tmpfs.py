"""
en: Mount a file system over the grader's folder
zh: 在评分目录上挂载文件系统
group: process
stake: host
needs: [landlock, seccomp, uid, capabilities]
root: true
"""

from told import *


def forward(x, out):
    call("mount", b"none", f"{RESULTS}/mount".encode(), b"tmpfs", 0, None)
    return out
