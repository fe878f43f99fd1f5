"""The synthetic VGG19: full size, made of raw generator output, so that it is the same on every machine.

Weights are 16-bit words of the Philox counter generator times one float32 scale a layer: no distribution of
`numpy.random.Generator` is involved (their streams may change between NumPy versions), and one multiplication
an element rounds alike everywhere. The scales, the biases and five columns of fc8 were calibrated once
(`tools/calibrate_weights.py`) and are shipped as float32: activations stay of order 1, and the bundled
photographs come out at their true classes with a probability near one half. It knows those photographs and
nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from labbench.vgg.table import WEIGHTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from labbench.vgg.table import Layer

CONSTANTS_FILE = Path(__file__).resolve().parent / "assets" / "synthetic.npz"
#: SHA-256 of the .mat file that these weights make.
DIGEST = "0a99de929de9ab7a733787beb861786c0f363b4e9b446563b6758f0dbc2ce5ff"
#: The mean colour that every image loses before conv1_1: RGB, on a scale of 0…255.
MEAN = (123.68, 116.779, 103.939)
#: Weights generated at a time; fc8 (4 096 000) fits into one block.
_BLOCK = 1 << 22


@dataclass(frozen=True, slots=True)
class Constants:
    """What calibration found.

    Attributes:
        scales: float32 (19,), one a weighted layer.
        biases: float32 (14696,), those of all weighted layers one after the other.
        classes: int64 (n,), the outputs of fc8 that were fitted to the photographs.
        columns: float32 (n, 4096), their weights.
    """

    scales: NDArray[np.float32]
    biases: NDArray[np.float32]
    classes: NDArray[np.int64]
    columns: NDArray[np.float32]

    def bias(self, layer: Layer) -> NDArray[np.float32]:
        """The biases of one layer, (cout,)."""
        start = sum(row.channels_out for row in WEIGHTED[: WEIGHTED.index(layer)])
        return self.biases[start : start + layer.channels_out]


@lru_cache(maxsize=1)
def constants() -> Constants:
    """The shipped constants."""
    with np.load(CONSTANTS_FILE, allow_pickle=False) as stored:
        return Constants(stored["scales"], stored["biases"], stored["classes"], stored["columns"])


def raw_blocks(layer: Layer, stream: int = 0) -> Iterator[NDArray[np.int16]]:
    """Uniform 16-bit words, as many as the layer has weights, in the memory order of the file.

    Args:
        layer: A weighted layer; its position keys the generator.
        stream: Another number gives other, independent words.
    """
    generator = np.random.Philox(key=WEIGHTED.index(layer) + (stream << 64))
    left = math.prod(layer.mat_shape)
    while left:
        count = min(left, _BLOCK)
        yield generator.random_raw(count // 4).astype("<u8", copy=False).view("<i2")
        left -= count


def weight_blocks(layer: Layer, found: Constants) -> Iterator[NDArray[np.float32]]:
    """The layer's weights (kh, kw, cin, cout) as flat float32 blocks in the file's order, kh fastest."""
    scale = found.scales[WEIGHTED.index(layer)]
    for words in raw_blocks(layer):
        block = words.astype(np.float32)
        block *= scale
        if layer is WEIGHTED[-1]:
            block.reshape(layer.channels_out, layer.channels_in)[found.classes] = found.columns
        yield block
