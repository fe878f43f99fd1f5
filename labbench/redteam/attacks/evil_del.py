"""
en: An object that strikes when its handle is dropped
zh: 在句柄释放时才发作的对象
group: lies
stake: golden
verdicts: [type, wrong, error, forbidden]
scenarios: [conv, pool]
"""

from told import *


class Bomb:
    def __del__(self):
        send(b'{"handle": 77, "arrays": []}')

    def __call__(self, *args):
        return np.zeros((1, 64, 22, 22))


def forward(x, out):
    import layers_2

    layers_2.ConvolutionalLayer.forward = Bomb()
    return Bomb()
