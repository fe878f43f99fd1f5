"""
en: Become a shell
zh: 变成一个 shell
group: process
stake: host
needs: [landlock, seccomp]
verdicts: [pass, error, forbidden]
"""

from told import *


def forward(x, out):
    os.execv("/bin/sh", ["sh", "-c", "sleep 0.3"])
