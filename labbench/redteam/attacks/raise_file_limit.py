"""
en: Lift the limit on file size, then write to /tmp
zh: 先提高文件大小限制再写 /tmp
group: process
stake: host
needs: [landlock]
"""

import resource

from told import *


def forward(x, out):
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    except (OSError, ValueError):
        pass
    os.write(os.open(f"/tmp/{TOKEN}", os.O_WRONLY | os.O_CREAT), b"data")
    return out
