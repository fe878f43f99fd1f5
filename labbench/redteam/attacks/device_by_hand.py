"""
en: Speak to the grader's device by hand, for what no client would ask
zh: 绕过客户端，直接向评分程序的设备提出不该有的请求
group: device
stake: golden
scenarios: [conv, pool, fully_connected, softmax]
verdicts: [forbidden]
"""

from told import *


def conv(x, out):
    send(b'{"ask": ["nets", []]}')
    return out


def pool(x, out):
    send(b'{"ask": ["_answer", ["size", [1], []]], "arrays": [["float64", [1]]]}', bytes(8))
    return out


def dense(x, out):
    send(b'{"ask": ["data", []], "arrays": [["float32", [4]]]}', bytes(16))
    return out


def softmax(x, out):
    send(b'{"ask": {"getOutputData": 1}}')
    return out
