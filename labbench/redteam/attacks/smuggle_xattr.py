"""
en: Tell the next session one's input by an attribute of a file
zh: 用文件扩展属性传递输入
group: shared
stake: secret
scenarios: [conv, pool]
needs: [seccomp, uid]
"""

from told import *


def conv(x, out):
    os.setxattr(__file__, b"user.note", x.tobytes()[:16])
    return out


def pool(x, out):
    return leak(os.getxattr(__file__, b"user.note"), out)
