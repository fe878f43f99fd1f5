"""
en: Run a program through subprocess
zh: 用 subprocess 运行程序
group: process
stake: host
needs: [landlock, seccomp]
"""

import subprocess

from told import *


def forward(x, out):
    subprocess.run(["/bin/sleep", "0.3"])
    return out
