"""
en: Tell the next session one's input by where a link in /tmp leads
zh: 用 /tmp 里链接的目标传递输入
group: shared
stake: secret
scenarios: [conv, pool]
needs: [landlock]
"""

from told import *


def conv(x, out):
    os.symlink(x.tobytes()[:16].hex(), f"/tmp/{TOKEN}")
    return out


def pool(x, out):
    return leak(bytes.fromhex(os.readlink(f"/tmp/{TOKEN}")), out)
