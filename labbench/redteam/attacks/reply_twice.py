"""
en: Answer twice, so that every later answer is one ahead
zh: 应答两次，使后续应答错位
group: protocol
stake: golden
verdicts: [wrong, error, forbidden]
"""

from told import *


def forward(x, out):
    send(b'{"handle": 1, "arrays": []}')
    send(b'{"array": true, "arrays": [["float64", [1, 64, 22, 22]]]}', bytes(8 * 64 * 22 * 22))
    return out
