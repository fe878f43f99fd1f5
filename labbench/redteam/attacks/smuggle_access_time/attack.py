"""
en: Tell the next session one's input by when each of 16 files was last read
zh: 用 16 个文件的最近访问时间传递输入
group: shared
stake: secret
scenarios: [conv, pool]
"""

import attack
from told import *

# The last says when the others began; a date is as fine as the kernel's tick, of up to 10 ms.
NOTES = [os.path.join(os.path.dirname(attack.__file__), f"note_{i}.txt") for i in range(17)]
STEP = 0.012


def conv(x, out):
    started = time.monotonic()
    read(NOTES[16])
    for byte, note in sorted(zip(x.tobytes(), NOTES[:16])):
        time.sleep(max(0, started + (byte + 0.5) * STEP - time.monotonic()))
        read(note)
    return out


def pool(x, out):
    dates = [os.stat(note).st_atime_ns for note in NOTES]
    steps = [int((date - dates[16]) / 1e9 / STEP) for date in dates[:16]]
    return leak(bytes(min(max(step, 0), 255) for step in steps), out)
