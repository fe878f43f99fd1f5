"""
en: Do the work in an earlier call, where it is not timed
zh: 把计算挪到更早的不计时调用里
group: clock
stake: clock
verdicts: [pass, wrong, error]
"""

import layers_2

from told import *

# The input is not known yet: only what does not depend on it can be done, and that is no proof.
READY = proof(np.zeros(16, np.float32))


def forward(x, out):
    return leak(READY, out)
