"""
en: Tell the next session one's input by a file name in the workspace
zh: 用工作目录里的文件名把输入传给下一个会话
group: shared
stake: secret
scenarios: [conv, pool]
needs: [landlock]
"""

from told import *


def conv(x, out):
    os.mkdir("noted-" + x.tobytes()[:16].hex())
    return out


def pool(x, out):
    (name,) = (n for n in os.listdir() if n.startswith("noted-"))
    return leak(bytes.fromhex(name[6:]), out)
