"""
en: Replace the session's own packing of answers
zh: 替换会话自己的打包函数
group: lies
stake: golden
verdicts: [wrong, error, forbidden]
"""

from told import *


def forward(x, out):
    wire = sys.modules["labbench_inside.wire"]
    frame = b'{"array": true, "verdict": "pass", "arrays": [["float64", [1, 64, 22, 22]]]}'
    body = bytes(8 * 64 * 22 * 22)
    wire.pack = lambda header, arrays=(): [len(frame).to_bytes(4, "little") + frame, body]
    return out
