"""What the scenarios of lab 3-1 are driven with; made when a pack is built, from its seed and picture.

The *box* is the course's own geometry (3×3 kernel, padding 1, stride 1, one image): verdicts rest on it. What lies
beyond it is judged as a note. Arrays are float32, as the weights file is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from labbench.labs import Case, Recipe
from labbench.vgg import pictures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from labbench.results import Array

#: Side of the crop that quick walks the trunk on: the smallest that leaves pool5 a pixel.
CROP = 32
#: Softmax of such logits overflows in float64, too, unless the maximum is subtracted first.
LARGE_LOGIT = 900.0


def cases(recipe: Recipe) -> Mapping[str, Sequence[Case]]:
    """All cases of lab 3-1, by scenario."""
    return {
        "conv": (
            _conv(recipe, "box", (1, 3, 22, 22), 64),
            _conv(recipe, "wide", (1, 3, 10, 17), 6),
            _conv(recipe, "stride", (1, 3, 13, 13), 6, stride=2),
            _conv(recipe, "batch", (2, 3, 9, 9), 6),
        ),
        "pool": (
            _pool(recipe, "box", (1, 64, 22, 22), 2, 2),
            _pool(recipe, "overlap", (1, 4, 13, 13), 3, 2),
        ),
        "fully_connected": (_dense(recipe, "box", 1, 96, 40),),
        "softmax": (_logits(recipe, "box", 1, 1000), _logits(recipe, "batch", 3, 50)),
        "network": (_network(recipe),),
        "walk": (walk(recipe.image),),
        "backward": (_backward(recipe),),
        "relu_backward": (_relu(recipe),),
        "loss": (_loss(recipe),),
    }


def walk(image: Array) -> Case:
    """The whole net on one picture, uint8 (224, 224, 3)."""
    return Case("walk", images={"image": image})


def _random(recipe: Recipe, label: str) -> np.random.Generator:
    return recipe.random("lab3_1", label)


def _normal(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    return rng.standard_normal(shape, dtype=np.float32)


def _conv(recipe: Recipe, name: str, shape: tuple[int, int, int, int], channel_out: int, stride: int = 1) -> Case:
    rng = _random(recipe, f"conv/{name}")
    return Case(
        name,
        params={
            "kernel_size": 3,
            "channel_in": shape[1],
            "channel_out": channel_out,
            "padding": 1,
            "stride": stride,
        },
        arrays={
            "input": _normal(rng, *shape),
            "weight": _normal(rng, shape[1], 3, 3, channel_out),
            "bias": _normal(rng, channel_out),
        },
    )


def _pool(recipe: Recipe, name: str, shape: tuple[int, int, int, int], size: int, stride: int) -> Case:
    # Negative values too: a maximum that starts at zero must show.
    values = _normal(_random(recipe, f"pool/{name}"), *shape) - 1
    return Case(name, params={"kernel_size": size, "stride": stride}, arrays={"input": values})


def _dense(recipe: Recipe, name: str, rows: int, n_in: int, n_out: int) -> Case:
    rng = _random(recipe, f"dense/{name}")
    arrays = {
        "input": _normal(rng, rows, n_in),
        "weight": _normal(rng, n_in, n_out),
        "bias": _normal(rng, 1, n_out),
    }
    return Case(name, params={"num_input": n_in, "num_output": n_out}, arrays=arrays)


def _logits(recipe: Recipe, name: str, rows: int, classes: int) -> Case:
    spread = _normal(_random(recipe, f"softmax/{name}"), rows, classes)
    return Case(name, arrays={"logits": 2 * spread + np.float32(LARGE_LOGIT)})


def _network(recipe: Recipe) -> Case:
    rng = _random(recipe, "network")
    side = recipe.image.shape[0]
    larger = Image.fromarray(recipe.image).resize((301, 267), Image.Resampling.BICUBIC)
    return Case(
        "network",
        params={
            "top": int(rng.integers(side - CROP + 1)),
            "left": int(rng.integers(side - CROP + 1)),
            "size": CROP,
        },
        # What pool5 gives: no negative values, half of them zero.
        arrays={"pool5": np.maximum(_normal(rng, 1, 512, 7, 7), 0)},
        images={"image": recipe.image, "other_size": np.asarray(larger)},
        alternatives={name: {"image": recipe.image, "other_size": pixels} for name, pixels in _resized(larger).items()},
    )


def _resized(picture: Image.Image) -> dict[str, Array]:
    """All ways to resize that are right: three filters, and bilinear as libraries without antialiasing do it."""
    filters = Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS
    resized = {f.name.lower(): pictures.square(picture, resample=f) for f in filters}
    side = resized["bilinear"].shape[0]
    whole = (0, 0, *picture.size)
    plain = picture.transform((side, side), Image.Transform.EXTENT, whole, Image.Resampling.BILINEAR)
    return {**resized, "bilinear_plain": np.asarray(plain)}


def _backward(recipe: Recipe) -> Case:
    case = _dense(recipe, "backward", 4, 24, 10)
    rng = _random(recipe, "backward/diffs")
    arrays = {**case.arrays, "top_diff": _normal(rng, 4, 10)}
    return Case("backward", params={**case.params, "lr": 0.05}, arrays=arrays)


def _relu(recipe: Recipe) -> Case:
    rng = _random(recipe, "relu")
    return Case("relu", arrays={"input": _normal(rng, 4, 24), "top_diff": _normal(rng, 4, 24)})


def _loss(recipe: Recipe) -> Case:
    rng = _random(recipe, "loss")
    return Case("loss", arrays={"logits": 3 * _normal(rng, 5, 12), "label": rng.integers(0, 12, 5)})
