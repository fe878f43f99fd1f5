"""How long a net would take on a Cambricon card: a model, not a measurement.

A roofline for each layer (Williams, Waterman, Patterson 2009): the longer of its arithmetic at the card's peak and
its traffic at the memory's peak, plus a fixed cost of starting it; summed up over the layers. It leaves out what a real
card adds or saves: how well a kernel uses the peak, maps that stay on the chip between layers, layers fused into one,
copies between host and card, and the first call's compilation. The starting cost is an assumption of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Card:
    """A card's published peaks.

    Attributes:
        name: The card.
        operations: Operations a second in the precision in which its library computes.
        precision: That precision.
        bandwidth: Bytes a second of its memory.
        launch: Seconds to start a layer.
        source: Who published the figures, under which title; and how far we could verify that.
    """

    name: str
    operations: float
    precision: str
    bandwidth: float
    launch: float
    source: str


#: Starting a kernel takes some microseconds on any accelerator; no figure is published for these.
_LAUNCH = 10e-6
#: The card of each library: the course had the first until 2023, the second since.
CARDS = {
    "pycnml": Card(
        "MLU270-S4",
        128e12,
        "int8",
        102e9,
        _LAUNCH,
        "Cambricon, product page 思元270 MLU270-S4: 128 TOPS int8; 16 GB DDR4, 256 bit, 102 GB/s. The page itself was "
        "out of reach; two public tables of accelerator cards give the same, one of them names the page.",
    ),
    "pycnnl": Card(
        "MLU370-X4",
        24e12,
        "float32",
        307.2e9,
        _LAUNCH,
        "Cambricon, product page MLU370-X4: 24 TFLOPS float32; 24 GB LPDDR5, 307.2 GB/s. The page itself was out of "
        "reach; a public catalogue of vendors' pages gives the same, and the press release of the MLU370-X8, two of "
        "these chips, twice the bandwidth.",
    ),
}


def seconds(card: Card, operations: Numbers, parameter_bytes: Numbers, map_bytes: Numbers) -> Numbers:
    """Modelled seconds of each layer.

    Args:
        card: The card.
        operations: Of each layer, a product and its sum counted as 2.
        parameter_bytes: Of filter and bias, as the card keeps them.
        map_bytes: Of the maps that come in and go out.
    """
    return np.maximum(operations / card.operations, (parameter_bytes + map_bytes) / card.bandwidth) + card.launch
