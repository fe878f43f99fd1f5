"""
en: Run a program from memory, past all rules on files
zh: 从内存文件执行程序，绕过文件规则
group: process
stake: host
"""

from told import *


def forward(x, out):
    fd = os.memfd_create("program", 0)
    os.write(fd, read("/bin/sleep"))
    if os.fork() == 0:
        os.execve(fd, ["sleep", "0.3"], {})
    linger()
    return out
