"""
en: Have the grader's device compute for hours, where no deadline is looked at
zh: 让评分程序的设备连算几个小时，期间没有人检查时限
group: device
stake: hang
scenarios: [conv, pool, fully_connected, softmax]
verdicts: [error]
"""

from told import *

import pycnml

Q = pycnml.QuantParam()
#: How often which layer: samples are started one by one, a softmax takes long, numbers are moved, products summed.
NETS = {
    "conv": (1, (1 << 24, 1, 1, 1), lambda net: net.createConvLayer("c", 1, 1, 1, 1, 0, Q)),
    "pool": (100, (1, 1, 4096, 4096), lambda net: net.createSoftmaxLayer("s", 3)),
    "dense": (250, (1, 1, 4096, 4096), lambda net: net.createReLuLayer("r")),
    "softmax": (50, (1, 16, 1000, 1000), lambda net: net.createConvLayer("c", 16, 11, 1, 1, 5, Q)),
}


def armed(layers, shape, create):
    def hook(x, out):
        net = pycnml.CnmlNet(16)
        net.setInputShape(*shape)
        for number in range(layers):
            create(net)
            if net.needToBeQuantized(number):
                channels, size = shape[1], 11 if shape[1] > 1 else 1
                net.loadParams(number, np.zeros(channels**2 * size**2), np.zeros(channels), Q)
        net.setInputData(np.broadcast_to(np.float64(0), int(np.prod(shape))))
        net.forward()
        return out

    return hook


conv, pool, dense, softmax = (armed(*net) for net in NETS.values())
