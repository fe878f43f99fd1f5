"""VGG19 as data: the 44 layers that lab 3-1 walks, in order.

Source: K. Simonyan and A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition"
(configuration E), with the layer names of the course and the positions of MatConvNet's
`imagenet-vgg-verydeep-19.mat`. Imports nothing heavy, so that a command line can list layers at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["conv", "relu", "pool", "flatten", "fc", "softmax"]

#: Side of the square input image, in pixels.
IMAGE_SIDE = 224
#: Side of pool5's output for such an image; fc6 sees it whole.
POOL5_SIDE = 7
#: Convolutions per block and their output channels.
_BLOCKS = ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512))
#: Outputs of fc6, fc7 and fc8.
_FULLY_CONNECTED = (4096, 4096, 1000)


@dataclass(frozen=True, slots=True)
class Layer:
    """One row of the table.

    Attributes:
        name: The course's name, conv1_1 … softmax.
        kind: What the layer computes.
        mat_index: Its position in the MatConvNet file, None for flatten, which the file does not have.
        channels_in: Channels (or features) of the input.
        channels_out: Channels (or features) of the output.
        group: The block that timing tables sum over: conv1 … conv5 (with their relu and pool layers) and fc.
    """

    name: str
    kind: Kind
    mat_index: int | None
    channels_in: int
    channels_out: int
    group: str

    @property
    def has_weights(self) -> bool:
        """Whether the layer has a weight and a bias."""
        return self.kind in ("conv", "fc")

    @property
    def mat_shape(self) -> tuple[int, int, int, int]:
        """Shape of the weight in the MatConvNet file, (kh, kw, cin, cout).

        Raises:
            ValueError: the layer has no weight.
        """
        if not self.has_weights:
            raise ValueError(f"{self.name} has no weight")
        if self.kind == "conv":
            return (3, 3, self.channels_in, self.channels_out)
        if self.name == "fc6":
            return (POOL5_SIDE, POOL5_SIDE, self.channels_in // POOL5_SIDE**2, self.channels_out)
        return (1, 1, self.channels_in, self.channels_out)


def _rows() -> Iterator[tuple[str, Kind, int, int, str]]:
    channels = 3
    for block, (count, width) in enumerate(_BLOCKS, start=1):
        group = f"conv{block}"
        for i in range(1, count + 1):
            yield f"conv{block}_{i}", "conv", channels, width, group
            yield f"relu{block}_{i}", "relu", width, width, group
            channels = width
        yield f"pool{block}", "pool", width, width, group
    features = channels * POOL5_SIDE**2
    yield "flatten", "flatten", channels, features, "fc"
    for number, width in enumerate(_FULLY_CONNECTED, start=6):
        yield f"fc{number}", "fc", features, width, "fc"
        if number < 8:
            yield f"relu{number}", "relu", width, width, "fc"
        features = width
    yield "softmax", "softmax", features, features, "fc"


def _layers() -> Iterator[Layer]:
    position = 0
    for name, kind, channels_in, channels_out, group in _rows():
        in_file = kind != "flatten"
        yield Layer(name, kind, position if in_file else None, channels_in, channels_out, group)
        position += in_file


#: The 44 layers of lab 3-1, in order.
LAYERS: tuple[Layer, ...] = tuple(_layers())
#: Their names.
NAMES: tuple[str, ...] = tuple(layer.name for layer in LAYERS)
#: The 37 names up to pool5.
TRUNK: tuple[str, ...] = NAMES[: NAMES.index("pool5") + 1]
#: The 7 names after it: flatten … softmax.
HEAD: tuple[str, ...] = NAMES[len(TRUNK) :]
#: The 19 layers that have weights: 16 convolutions, fc6, fc7, fc8.
WEIGHTED: tuple[Layer, ...] = tuple(layer for layer in LAYERS if layer.has_weights)


def work(row: Layer) -> float:
    """A layer's share of the time a hand-in takes on a 224×224 image, in outputs of a four-loop convolution.

    Only good for telling how much is left: an output costs about 64 channels' worth of overhead.
    """
    if row.kind == "fc":
        return row.channels_in * row.channels_out / 2e4
    if row.group == "fc":
        return 1.0
    side = IMAGE_SIDE >> (int(row.group[-1]) - (0 if row.kind == "pool" else 1))
    outputs = side * side * row.channels_out
    return outputs * {"conv": 1.0 + row.channels_in / 64, "pool": 0.5}.get(row.kind, 1e-3)
