"""
en: Announce arrays of impossible shapes and dtypes
zh: 声明形状和类型都不可能的数组
group: protocol
stake: golden
verdicts: [forbidden]
scenarios: [conv, pool, fully_connected, softmax]
"""

from told import *

HEADERS = {
    "conv": b'{"array": true, "arrays": [["float64", [1000000000000000000, 1000000000000000000]]]}',
    "pool": b'{"array": true, "arrays": [["O", [1, 64, 11, 11]]]}',
    "dense": b'{"array": true, "arrays": [["float64", [-1, -40]]]}',
    "softmax": b'{"array": true, "arrays": [["float64", [NaN, 1e3]], ["float64", [1, 1000]]]}',
}


def armed(header):
    def hook(x, out):
        session = serving()
        frame = len(header).to_bytes(4, "little") + header + bytes(64)
        # The call is answered by the method that is running already; the fetch after it finds this one.
        session._send = lambda *_: session._socket.sendall(frame)
        return out

    return hook


conv, pool, dense, softmax = map(armed, HEADERS.values())
