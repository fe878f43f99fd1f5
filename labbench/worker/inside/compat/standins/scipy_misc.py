"""`scipy.misc` for pictures, as SciPy up to 1.1 had it: pictures through Pillow, other data scaled to bytes.

Source: the reference documentation of `scipy.misc` of SciPy 1.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

    Array = NDArray[Any]

__all__ = ["bytescale", "fromimage", "imread", "imresize", "imsave", "toimage"]

_RESAMPLE = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "cubic": 3}


def bytescale(
    data: Array, cmin: float | None = None, cmax: float | None = None, high: int = 255, low: int = 0
) -> NDArray[np.uint8]:
    """Data of any type as bytes: [cmin, cmax], by default its own range, becomes [low, high].

    Args:
        data: Any shape; uint8 data is returned as it is.
        cmin, cmax: The range of the data.
        high, low: The range of the result.

    Raises:
        ValueError: A range is empty or does not fit into a byte.
    """
    if data.dtype == np.uint8:
        return data
    if not 0 <= low <= high <= 255:
        raise ValueError("`high` and `low` should be in 0..255, and `high` not below `low`.")
    least = data.min() if cmin is None else cmin
    span = (data.max() if cmax is None else cmax) - least
    if span < 0:
        raise ValueError("`cmax` should be larger than `cmin`.")
    scaled = (data - least) * (float(high - low) / (span or 1)) + low
    # Adding one half before the cast rounds.
    return (np.clip(scaled, low, high) + 0.5).astype(np.uint8)


def toimage(
    arr: Array,
    high: int = 255,
    low: int = 0,
    cmin: float | None = None,
    cmax: float | None = None,
    pal: None = None,
    mode: str | None = None,
    channel_axis: int | None = None,
) -> Image:
    """An array as a Pillow picture.

    Args:
        arr: (H, W), or three axes of which one has length 3 or 4.
        high, low, cmin, cmax: See `bytescale`.
        pal: Palettes are not supported.
        mode: The picture's mode; by default L, RGB or RGBA, by the shape. F keeps the values as float32.
        channel_axis: The axis of the channels; by default the first of length 3, else the first of length 4.

    Raises:
        ValueError: The shape fits no mode.
    """
    from PIL import Image

    data = np.asarray(arr)
    if np.iscomplexobj(data):
        raise ValueError("Cannot convert a complex-valued array.")
    if pal is not None:
        raise ValueError("palettes are not supported.")
    if data.ndim == 2 and mode == "F":
        return Image.fromarray(data.astype(np.float32))
    if data.ndim == 2 and mode in (None, "L"):
        return Image.fromarray(bytescale(data, cmin, cmax, high, low))
    if data.ndim != 3 or not {3, 4} & set(data.shape):
        raise ValueError("'arr' does not have a suitable array shape for any mode.")
    if channel_axis is None:
        channel_axis = data.shape.index(3 if 3 in data.shape else 4)
    channels = data.shape[channel_axis]
    mode = mode or {3: "RGB", 4: "RGBA"}.get(channels)
    if {"RGB": 3, "YCbCr": 3, "RGBA": 4, "CMYK": 4}.get(str(mode)) != channels:
        raise ValueError("Invalid array shape for mode.")
    pixels = np.ascontiguousarray(np.moveaxis(bytescale(data, cmin, cmax, high, low), channel_axis, 2))
    return Image.frombytes(str(mode), (pixels.shape[1], pixels.shape[0]), pixels.tobytes())


def fromimage(im: Image, flatten: bool = False, mode: str | None = None) -> Array:
    """A Pillow picture as an array: (H, W) or (H, W, channels), uint8 for the usual modes.

    Args:
        im: The picture. One with a palette becomes RGB, or RGBA if it has a transparent colour.
        flatten: Give (H, W) float32 grey values.
        mode: Convert to this mode first.
    """
    if mode is not None:
        im = im if im.mode == mode else im.convert(mode)
    elif im.mode == "P":
        im = im.convert("RGBA" if "transparency" in im.info else "RGB")
    if flatten:
        im = im.convert("F")
    elif im.mode == "1":
        im = im.convert("L")
    return np.array(im)


def imread(name: Any, flatten: bool = False, mode: str | None = None) -> Array:
    """A picture file as an array; see `fromimage`."""
    from PIL import Image

    with Image.open(name) as im:
        return fromimage(im, flatten, mode)


def imsave(name: Any, arr: Array, format: str | None = None) -> None:  # noqa: A002 - SciPy's names
    """Write (H, W), (H, W, 3) or (H, W, 4) as a picture file; other data than uint8 is scaled to bytes."""
    toimage(arr, channel_axis=2).save(name, format)


def imresize(
    arr: Array,
    size: float | Sequence[int],
    interp: str = "bilinear",
    mode: str | None = None,
) -> Array:
    """A picture array in another size.

    Args:
        arr: See `toimage`; other data than uint8 is scaled to bytes.
        size: Per cent of the size (an int), fraction of it (a float), or (height, width); as in SciPy, what follows
            these two is ignored, since `[224, 224, 3]` is a common size.
        interp: nearest, lanczos, bilinear, bicubic or cubic.
        mode: See `toimage`.

    Returns:
        (height, width) or (height, width, channels), uint8 (float32 in mode F).
    """
    im = toimage(arr, mode=mode)
    if isinstance(size, int | float | np.signedinteger | np.floating):
        part = size / 100.0 if isinstance(size, int | np.signedinteger) else size
        width, height = (int(length * part) for length in im.size)
    else:
        height, width = int(size[0]), int(size[1])
    return fromimage(im.resize((width, height), resample=_RESAMPLE[interp]))
