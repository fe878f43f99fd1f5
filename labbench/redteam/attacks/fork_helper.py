"""
en: Have a child do the work
zh: 让子进程完成计算
group: clock
stake: host
needs: [seccomp]
verdicts: [pass, wrong, error]
"""

from told import *


def forward(x, out):
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, proof(x))
        os._exit(0)
    return leak(os.read(reader, 32), out)
