"""
en: Close every descriptor and go on
zh: 关闭所有描述符后继续运行
group: protocol
stake: hang
base: wrong
verdicts: [forbidden, error]
"""

from told import *


def forward(x, out):
    os.closerange(0, 256)
    time.sleep(1)
