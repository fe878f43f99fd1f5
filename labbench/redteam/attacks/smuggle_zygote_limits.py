"""
en: Write into the zygote's limits, which the next session inherits
zh: 写入母进程的资源限制，下个会话会继承
group: shared
stake: secret
scenarios: [conv, pool]
needs: [seccomp, uid]
"""

import resource

from told import *

LIMITS = (5, 10, 15)  # RSS, LOCKS, RTTIME: unlimited as a rule, and of no effect


def conv(x, out):
    raw = x.tobytes()
    for i, limit in enumerate(LIMITS):
        low = int.from_bytes(raw[6 * i : 6 * i + 6], "big") | 1 << 48
        resource.prlimit(os.getppid(), limit, (low, 1 << 50))
    return out


def pool(x, out):
    lows = (resource.prlimit(0, limit)[0] for limit in LIMITS)
    return leak(b"".join((n & (1 << 48) - 1).to_bytes(6, "big") for n in lows), out)
