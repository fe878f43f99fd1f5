"""What the scenarios of lab 3-3 are driven with, made from a pack's seed and picture; and the fresh cases of the duels.

The *box* is the course's own geometry (3×3 kernel, padding 1, stride 1, one sample, maps of 24×40, pooling windows that
neither overlap nor tie): verdicts rest on it. What lies beyond it is judged as a note. Arrays are float32.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from labbench.lab3_3.scenarios import COURSE_MAP
from labbench.labs import Case, Recipe
from labbench.vgg import pictures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from labbench.results import Array

    Shape = tuple[int, int, int, int]

#: Side of the pictures that quick transfers: the smallest that leaves pool5 a pixel.
SIDE = 32
#: The course's picture, height × width.
COURSE_PICTURE = (192, 320)
#: The course's weights of the two losses, for its own picture.
COURSE_FACTORS = (1.0, 500.0)
#: Those for the small one, so that both losses count and gradients are of order 10: Adam's ε must not decide.
FACTORS = (1e6, 3e7)
#: The maps of a duel: small, for four loops run on them dozens of times.
_DUEL_MAP = (12, 20)
_DUEL_CHANNELS = 16


def cases(recipe: Recipe) -> Mapping[str, Sequence[Case]]:
    """All cases of lab 3-3, by scenario."""
    box = (1, 16, *COURSE_MAP)
    conv = (
        _conv(recipe, "box", box, 24),
        _conv(recipe, "stride", (1, 4, 13, 13), 6, stride=2),
        _conv(recipe, "batch", (2, 4, 9, 12), 6),
    )
    pool = (
        _pool(recipe, "box", box, 2, 2),
        _pool(recipe, "odd", (1, 4, 9, 13), 2, 2),
        _pool(recipe, "batch", (2, 4, 8, 12), 2, 2),
        _pool(recipe, "overlap", (1, 4, 13, 13), 3, 2),
        _ties(_pool(recipe, "ties", (1, 4, 8, 12), 2, 2)),
    )
    return {
        "conv": (*conv, *map(_fast, conv)),
        "pool": (*pool, *map(_fast, pool)),
        "content": (_features(recipe, "content", "box", 1), _features(recipe, "content", "batch", 2)),
        "style": (_features(recipe, "style", "box", 1), _features(recipe, "style", "batch", 2)),
        "adam": (_adam(recipe, "box", 10.0), _adam(recipe, "tiny", 1e-5)),
        "transfer": (_transfer(recipe),),
        "course_conv": (_course_conv(recipe),),
        "course_pool": (_course_pool(recipe),),
        "course_transfer": (_course_transfer(recipe),),
    }


def conv_draw(rng: np.random.Generator) -> Case:
    """A fresh convolution to be timed."""
    return _convolution("duel", rng, (1, _DUEL_CHANNELS, *_DUEL_MAP), _DUEL_CHANNELS)


def pool_draw(rng: np.random.Generator) -> Case:
    """A fresh pooling to be timed."""
    return _pooling("duel", rng, (1, _DUEL_CHANNELS, *COURSE_MAP), 2, 2)


def painting(content: Array, style: Array, steps: int) -> Case:
    """The transfer that `labbench run` does; its noise is always the same, so that two runs can be compared."""
    alpha, beta = COURSE_FACTORS
    return Case(
        "painting",
        params={"alpha": alpha, "beta": beta, "steps": steps, "seed": "painting", "dtype": "float32"},
        images={"content": content, "style": style},
    )


def _random(recipe: Recipe, label: str) -> np.random.Generator:
    return recipe.random("lab3_3", label)


def _normal(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    return rng.standard_normal(shape, dtype=np.float32)


def _distinct(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    """Between −3 and 2, no two alike: no window has two maxima, and some maxima are negative."""
    values = rng.permutation(int(np.prod(shape))).reshape(shape)
    return (5 * (values / values.size) - 3).astype(np.float32)


def _fast(case: Case) -> Case:
    """The same geometry and values for the fast version."""
    return dataclasses.replace(case, name=f"{case.name}_fast", params={**case.params, "type": 1})


def _conv(recipe: Recipe, name: str, shape: Shape, channel_out: int, stride: int = 1) -> Case:
    return _convolution(name, _random(recipe, f"conv/{name}"), shape, channel_out, stride)


def _convolution(name: str, rng: np.random.Generator, shape: Shape, channel_out: int, stride: int = 1) -> Case:
    samples, channel_in, height, width = shape
    rows, columns = ((size + 2 - 3) // stride + 1 for size in (height, width))
    return Case(
        name,
        params={
            "kernel_size": 3,
            "channel_in": channel_in,
            "channel_out": channel_out,
            "padding": 1,
            "stride": stride,
            "type": 0,
        },
        arrays={
            "input": _normal(rng, *shape),
            "weight": _normal(rng, channel_in, 3, 3, channel_out),
            "bias": _normal(rng, channel_out),
            "top_diff": _normal(rng, samples, channel_out, rows, columns),
        },
    )


def _pool(recipe: Recipe, name: str, shape: Shape, size: int, stride: int) -> Case:
    return _pooling(name, _random(recipe, f"pool/{name}"), shape, size, stride)


def _pooling(name: str, rng: np.random.Generator, shape: Shape, size: int, stride: int) -> Case:
    samples, channels, height, width = shape
    rows, columns = ((extent - size) // stride + 1 for extent in (height, width))
    return Case(
        name,
        params={"kernel_size": size, "stride": stride, "type": 0},
        arrays={"input": _distinct(rng, *shape), "top_diff": _normal(rng, samples, channels, rows, columns)},
    )


def _ties(case: Case) -> Case:
    """The case with whole numbers, so that most windows have several maxima."""
    return dataclasses.replace(
        case, arrays={**case.arrays, "input": np.round(case.arrays["input"].astype(np.float32) / 2)}
    )


def _features(recipe: Recipe, loss: str, name: str, samples: int) -> Case:
    """Features as ReLU leaves them, and a target that has nothing to do with them: close ones amplify rounding."""
    rng = _random(recipe, f"{loss}/{name}")
    shape = (samples, 24, 12, 20)
    return Case(name, arrays={key: np.maximum(_normal(rng, *shape), 0) for key in ("features", "target")})


def _adam(recipe: Recipe, name: str, size: float) -> Case:
    rng = _random(recipe, f"adam/{name}")
    shape = (1, 3, 8, 10)
    arrays = {"image": _normal(rng, *shape), "gradients": np.float32(size) * _normal(rng, 6, *shape)}
    return Case(name, params={"lr": 1.0}, arrays=arrays)


def _transfer(recipe: Recipe) -> Case:
    rng = _random(recipe, "transfer")
    alpha, beta = FACTORS
    return Case(
        "transfer",
        params={"alpha": alpha, "beta": beta, "steps": 2, "seed": rng.bytes(16).hex()},
        images={
            "content": _crop(recipe.image, rng, SIDE, SIDE),
            "style": _crop(_other(recipe.image, rng), rng, SIDE, SIDE),
            "other_size": _crop(recipe.image, rng, 72, 90),
        },
    )


def _course_transfer(recipe: Recipe) -> Case:
    rng = _random(recipe, "course_transfer")
    alpha, beta = COURSE_FACTORS
    height, width = COURSE_PICTURE
    return Case(
        "course",
        params={"alpha": alpha, "beta": beta, "steps": 1, "seed": rng.bytes(16).hex()},
        images={
            "content": _wide(recipe.image, height, width),
            "style": _wide(_other(recipe.image, rng), height, width),
        },
    )


def _course_conv(recipe: Recipe) -> Case:
    seed = _random(recipe, "course_conv").bytes(16).hex()
    geometry = {"kernel_size": 3, "channel_in": 256, "channel_out": 256, "padding": 1, "stride": 1}
    return Case("course", params={**geometry, "seed": seed})


def _course_pool(recipe: Recipe) -> Case:
    seed = _random(recipe, "course_pool").bytes(16).hex()
    return Case("course", params={"kernel_size": 2, "stride": 2, "channels": 256, "seed": seed})


def _crop(image: Array, rng: np.random.Generator, height: int, width: int) -> Array:
    top, left = (int(rng.integers(size - part + 1)) for size, part in zip(image.shape, (height, width), strict=False))
    return image[top : top + height, left : left + width]


def _other(image: Array, rng: np.random.Generator) -> Array:
    """A bundled picture in colour that is not the pack's own."""
    bundled = [pictures.square(pictures.open_rgb(p.path)) for p in pictures.PICTURES if p.name != "camera"]
    others = [b for b in bundled if not np.array_equal(b, image)]
    return others[int(rng.integers(len(others)))]


def _wide(image: Array, height: int, width: int) -> Array:
    """Scaled to the size of the course's picture, so that loading it scales no more."""
    from PIL import Image

    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))
