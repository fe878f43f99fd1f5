"""
en: Answer with a handle that is no number, or negative, or huge
zh: 应答非法的句柄
group: protocol
stake: golden
verdicts: [forbidden]
scenarios: [conv, pool, fully_connected, softmax]
"""

from told import *


def conv(x, out):
    send(b'{"handle": -1}')


def pool(x, out):
    send(b'{"handle": true}')


def dense(x, out):
    send(b'{"handle": 1e400}')


def softmax(x, out):
    send(b'{"handle": {"remote": [0, []]}}')
