"""
en: Raise from a file whose name, quoted in the message, is full of control characters
zh: 从文件名带控制字符的文件抛出异常
group: report
stake: report
disclosure: full
verdicts: [error]
"""

from told import *


def forward(x, out):
    here = os.path.dirname(os.path.abspath(__file__))
    # Names of files on disk are one way; what a message quotes is the name that the code carries.
    for name in ("\u202eyp.1_sreyal", "a\x1b[2J\n::error::b.py", f"\n{TOKEN}.py"):
        source = compile("raise ValueError('named')", os.path.join(here, name), "exec")
        exec(source)
