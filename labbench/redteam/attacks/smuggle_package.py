"""
en: Write into the hand-in's own folder, which the next session imports
zh: 写入提交自身的目录供下个会话导入
group: shared
stake: secret
scenarios: [conv, pool]
needs: [landlock]
"""

from told import *

HERE = os.path.dirname(os.path.abspath(__file__))


def conv(x, out):
    os.symlink(x.tobytes()[:16].hex(), f"{HERE}/note")
    return out


def pool(x, out):
    return leak(bytes.fromhex(os.readlink(f"{HERE}/note")), out)
