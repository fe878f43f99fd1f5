"""
en: Take more memory than allowed
zh: 占用超出限制的内存
group: process
stake: host
verdicts: [pass, memory]
"""

from told import *


def forward(x, out):
    kept = [np.ones(1 << 22) for _ in range(MEMORY_LIMIT // (1 << 25) + 6)]
    linger()
    return out + 0 * kept[0][0]
