"""
en: End the first thread, so that the process looks dead, and answer and go on working from another
zh: 结束首个线程使进程看似已死，再由另一线程应答并继续计算
group: clock
stake: clock
verdicts: [pass, wrong, error, forbidden]
arch: [x86_64, aarch64]
"""

import threading

from told import *

EXIT = {"x86_64": 60, "aarch64": 93}[os.uname().machine]


def go_on(session, x, answer):
    session._objects[session._next] = answer
    session._send({"handle": session._next}, ())
    threading.Thread(target=session.run).start()
    answer.reshape(-1)[:32] = np.frombuffer(proof(x), np.uint8)


def forward(x, out):
    threading.Thread(target=go_on, args=(serving(), x, leak(b"", out))).start()
    syscall(EXIT, ctypes.c_long(0))
