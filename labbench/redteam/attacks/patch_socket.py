"""
en: Replace the session's connection by an object of one's own
zh: 用自己的对象替换会话的连接
group: lies
stake: golden
verdicts: [wrong, error, forbidden, type]
"""

from told import *


class Proxy:
    def __init__(self, real):
        self.real = real

    def sendall(self, data):
        self.real.sendall(bytes(data).replace(b'"handle"', b'"HANDLE"'))

    def __getattr__(self, name):
        return getattr(self.real, name)


def forward(x, out):
    serving()._socket = Proxy(serving()._socket)
    return out
