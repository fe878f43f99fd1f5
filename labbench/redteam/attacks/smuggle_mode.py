"""
en: Tell the next session one's input by the permissions of files
zh: 用文件权限位传递输入
group: shared
stake: secret
scenarios: [conv, pool]
needs: [seccomp, uid, landlock]
"""

from told import *

HERE = os.path.dirname(os.path.abspath(__file__))


def conv(x, out):
    # 8 bits a file of its own; the folder holds too few files, so new ones are made.
    for i, byte in enumerate(x.tobytes()[:16]):
        os.mknod(f"{HERE}/note{i:02}")
        os.chmod(f"{HERE}/note{i:02}", byte)
    return out


def pool(x, out):
    return leak(bytes(os.stat(f"{HERE}/note{i:02}").st_mode & 255 for i in range(16)), out)
