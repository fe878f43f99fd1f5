"""The quantisation parameters of VGG19: how to bring each layer's input and filter to int8, from some pictures.

The course's file `vgg19_quant_param_new.npz` has them for its weights: `input` and `filter`, float64 (38,), position
and scale of conv1_1 … conv5_4, fc6, fc7, fc8 in turn. Ours are made the same way for any weights: the largest absolute
value that a layer sees while the pictures are classified in float32, and the largest of its filter.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from labbench import scratch
from labbench.errors import LabbenchError, reason
from labbench.lab3_2.engines import float32
from labbench.lab3_2.engines.quantisation import parameters
from labbench.vgg import matfile, pictures, store, synthetic
from labbench.vgg.table import LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from labbench.results import Array
    from labbench.vgg.matfile import MatNet

#: What the course calls the file.
FILE_NAME = "vgg19_quant_param_new.npz"
#: That of the synthetic weights, made from the bundled photographs.
SYNTHETIC_FILE = Path(__file__).resolve().parent / "assets" / FILE_NAME


def params_file(weights: Path) -> Path:
    """The file for some weights: shipped for the synthetic ones, else made from the bundled photographs and kept.

    Raises:
        LabbenchError: the weights cannot be read, or the cache cannot be written.
    """
    digest = store.known_digest(weights)
    if digest == synthetic.DIGEST:
        return SYNTHETIC_FILE
    path = store.folder() / f"quantisation-{(digest or 'none')[:16]}.npz"
    if not path.is_file():
        _keep(path, encoded(quantise(weights, bundled())))
    return path


def bundled() -> list[Array]:
    """The bundled photographs, uint8 (224, 224, 3)."""
    return [pictures.square(pictures.open_rgb(picture.path)) for picture in pictures.PICTURES]


def quantise(weights: Path, images: Sequence[Array]) -> dict[str, NDArray[np.float64]]:
    """`input` and `filter` of the file, from pictures, uint8 (224, 224, 3).

    Raises:
        LabbenchError: the weights are missing, or no VGG19.
    """
    net = matfile.open_weights(weights)
    largest = np.max([list(_inputs(net, image)) for image in images], axis=0)
    filters = [float(np.abs(net.tensors[row.name][0]).max()) for row in LAYERS if row.has_weights]
    return {"input": _pairs(largest), "filter": _pairs(filters)}


def encoded(found: Mapping[str, NDArray[np.float64]]) -> bytes:
    """The parameters as an .npz file; the same parameters always give the same bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, values in found.items():
            content = io.BytesIO()
            np.save(content, values)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue())  # of a fixed date
    return file.getvalue()


def _keep(path: Path, content: bytes) -> None:
    """Write a file into the cache, whole or not at all."""
    try:
        with scratch.folder(beside=path) as folder:
            fresh = folder / path.name
            fresh.write_bytes(content)
            fresh.replace(path)
    except OSError as error:
        raise LabbenchError("weights_cache", folder=str(path.parent), reason=reason(error)) from error


def _pairs(largest: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    found = [parameters(float(value)) for value in largest]
    return np.array([number for q in found for number in (q.position, q.scale)], dtype=np.float64)


def _inputs(net: MatNet, image: Array) -> Iterator[float]:
    """The largest absolute value that each layer with weights sees, from conv1_1 on."""
    x: NDArray[np.float32] = (image.astype(np.float64) - net.mean).astype(np.float32)[np.newaxis]
    for row in LAYERS:
        if row.has_weights:
            yield float(np.abs(x).max())
        match row.kind:
            case "conv":
                weight, bias = net.conv(row.name)
                x = float32.conv2d(x, np.ascontiguousarray(weight.transpose(3, 0, 1, 2)), bias, pad=1)
            case "fc":
                weight, bias = net.fc(row.name)
                x = float32.mlp(x, weight, bias)
            case "relu":
                x = float32.relu(x)
            case "pool":
                x = float32.max_pool(x, 2, 2)
            case "flatten":
                x = x.reshape(1, -1)
