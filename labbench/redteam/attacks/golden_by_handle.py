"""
en: Open the golden array by its inode, past its path
zh: 绕过路径，用 inode 句柄打开标准答案
group: files
stake: golden
needs: [landlock, seccomp, uid]
root: true
"""

from told import *


class Handle(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint), ("kind", ctypes.c_int), ("data", ctypes.c_ubyte * 128)]


def forward(x, out):
    handle, mount = Handle(128), ctypes.c_int()
    path = GOLDENS["conv"].encode()
    call("name_to_handle_at", -100, path, ctypes.byref(handle), ctypes.byref(mount), 0)
    folder = os.open(os.path.dirname(path), os.O_PATH)
    # An O_PATH descriptor names no mount here; the hand-in's own folder lies on the same one.
    for start in (os.open(os.path.dirname(__file__), os.O_RDONLY), folder):
        try:
            with open(call("open_by_handle_at", start, ctypes.byref(handle), os.O_RDONLY), "rb") as file:
                return np.load(file)
        except OSError:
            continue
    raise PermissionError
