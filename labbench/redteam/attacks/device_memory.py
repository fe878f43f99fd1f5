"""
en: Fill the grader's memory through its device, by many nets and large announcements
zh: 通过设备占满评分程序的内存：建很多网络，并声明巨大的数据
group: device
stake: host
scenarios: [conv, pool, fully_connected, softmax]
verdicts: [error, forbidden]
"""

from told import *

import pycnml
import pycnnl


def conv(x, out):
    kept = []
    while True:
        kept.append(pycnml.CnmlNet(16))


def pool(x, out):
    net, n = pycnnl.CnnlNet(), 1 << 20
    net.createMlpLayer("m", [1, 1, 1, n], [1, 1, n, n], [1, 1, 1, n])
    net.loadParams(0, np.broadcast_to(np.float64(0), n * n), np.zeros(n))
    return out


def dense(x, out):
    send(b'{"ask": ["data", []], "arrays": [["float32", [1099511627776]]]}')
    return out


def softmax(x, out):
    net = pycnml.CnmlNet(16)
    net.setInputShape(1, 1 << 14, 1, 1)
    net.createConvLayer("c", 1 << 16, 1, 1, 1, 0, pycnml.QuantParam())
    return out
