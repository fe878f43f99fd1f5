"""
en: Tell the next session one's input by the dates of files
zh: 用文件时间戳传递输入
group: shared
stake: secret
scenarios: [conv, pool]
needs: [seccomp, uid]
"""

import layers_1
import layers_2
import told
from told import *

FILES = (layers_1.__file__, layers_2.__file__, told.__file__)


def conv(x, out):
    raw = x.tobytes()
    for i, file in enumerate(FILES):
        os.utime(file, ns=(0, int.from_bytes(raw[6 * i : 6 * i + 6], "big")))
    return out


def pool(x, out):
    return leak(b"".join(os.stat(f).st_mtime_ns.to_bytes(8, "big")[2:] for f in FILES), out)
