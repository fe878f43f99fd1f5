"""
en: Loop in threads that never end
zh: 在永不结束的线程中循环
group: time
stake: hang
verdicts: [timeout]
"""

import threading

from told import *


def spin():
    while True:
        pass


def forward(x, out):
    for _ in range(3):
        threading.Thread(target=spin).start()
    spin()
