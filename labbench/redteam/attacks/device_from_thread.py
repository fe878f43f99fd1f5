"""
en: Let a thread go on asking the device after the answer
zh: 在返回结果之后由线程继续向设备提问
group: device
stake: clock
verdicts: [pass, forbidden, error]
"""

import threading

from told import *

import pycnml


def forward(x, out):
    def ask():
        while True:
            pycnml.CnmlNet(1).size()

    threading.Thread(target=ask, daemon=True).start()
    return out
