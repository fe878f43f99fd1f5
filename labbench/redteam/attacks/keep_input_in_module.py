"""
en: Keep one's input in a module for the next session
zh: 把输入存在模块里等下个会话
group: shared
stake: secret
scenarios: [conv, pool, conv]
"""

import builtins

from told import *


def conv(x, out):
    sys.modules["kept"] = builtins.kept = np.__kept__ = x.tobytes()[:16]
    os.environ["KEPT"] = x.tobytes()[:16].hex()
    return out


def pool(x, out):
    return leak(getattr(builtins, "kept", b"") + bytes.fromhex(os.environ.get("KEPT", "")), out)
