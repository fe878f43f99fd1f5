"""`cv2`: pictures in BGR order, resizing, colour conversion and borders.

Source: OpenCV's documentation of imgcodecs and imgproc. Resizing is two small matrix products, since OpenCV,
unlike Pillow, does not smooth before it makes a picture smaller (but for INTER_AREA).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]

IMREAD_UNCHANGED, IMREAD_GRAYSCALE, IMREAD_COLOR, IMREAD_ANYDEPTH, IMREAD_ANYCOLOR = -1, 0, 1, 2, 4
INTER_NEAREST, INTER_LINEAR, INTER_CUBIC, INTER_AREA, INTER_LANCZOS4 = 0, 1, 2, 3, 4
BORDER_CONSTANT, BORDER_REPLICATE, BORDER_REFLECT, BORDER_WRAP, BORDER_REFLECT_101 = 0, 1, 2, 3, 4
BORDER_DEFAULT = BORDER_REFLECT_101
_INTER_AREA_ENLARGING = -1

# OpenCV numbers what is done to the channels, so RGB and BGR twins share a code.
COLOR_BGR2BGRA = COLOR_RGB2RGBA = 0
COLOR_BGRA2BGR = COLOR_RGBA2RGB = 1
COLOR_BGR2RGBA = COLOR_RGB2BGRA = 2
COLOR_RGBA2BGR = COLOR_BGRA2RGB = 3
COLOR_BGR2RGB = COLOR_RGB2BGR = 4
COLOR_BGRA2RGBA = COLOR_RGBA2BGRA = 5
COLOR_BGR2GRAY = 6
COLOR_RGB2GRAY = 7
COLOR_GRAY2BGR = COLOR_GRAY2RGB = 8
COLOR_GRAY2BGRA = COLOR_GRAY2RGBA = 9
COLOR_BGRA2GRAY = 10
COLOR_RGBA2GRAY = 11

__all__ = [
    "copyMakeBorder", "cvtColor", "destroyAllWindows", "error", "imread", "imshow", "imwrite", "merge",
    "resize", "split", "waitKey",
    *(name for name in list(globals()) if name.startswith(("IMREAD_", "INTER_", "BORDER_", "COLOR_"))),
]  # fmt: skip


class error(Exception):  # noqa: N801, N818 - OpenCV's name
    """OpenCV refuses its arguments."""


def imread(filename: str, flags: int = IMREAD_COLOR) -> Array | None:
    """A picture file: (H, W, 3) BGR, or (H, W) grey, or as it is with IMREAD_UNCHANGED; uint8.

    Returns:
        None if the file cannot be read, as OpenCV does.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(filename) as file:
            if flags == IMREAD_GRAYSCALE:
                file.draft("L", None)  # a JPEG file's own grey
            picture = file if flags == IMREAD_UNCHANGED else ImageOps.exif_transpose(file)
            mode = {IMREAD_UNCHANGED: _own_mode(picture.mode), IMREAD_GRAYSCALE: "L"}.get(flags, "RGB")
            return _swap_red_and_blue(np.array(picture if picture.mode == mode else picture.convert(mode)))
    except OSError:
        return None


def _own_mode(mode: str) -> str:
    return mode if mode in ("L", "RGB", "RGBA") else {"1": "L", "LA": "RGBA", "PA": "RGBA"}.get(mode, "RGB")


def imwrite(filename: str, img: Array, _params: Sequence[int] | None = None) -> bool:
    """Write (H, W), (H, W, 3) BGR or (H, W, 4) BGRA; values are rounded and clipped to bytes."""
    from PIL import Image

    pixels = _swap_red_and_blue(_as_type(np.asarray(img), np.dtype(np.uint8)))
    Image.fromarray(np.ascontiguousarray(pixels)).save(os.fspath(filename))
    return True


def cvtColor(src: Array, code: int) -> Array:  # noqa: N802 - OpenCV's name
    """Change the order or number of the channels; grey is 0.299 R + 0.587 G + 0.114 B.

    Raises:
        error: The code is unknown, or the picture has another number of channels.
    """
    channels = src.shape[2] if src.ndim == 3 else 1
    if not isinstance(src, np.ndarray) or code not in range(12) or channels not in _CHANNELS[code]:
        raise error(f"cvtColor: code {code} does not fit an array of shape {np.shape(src)}")
    if code in (COLOR_BGR2GRAY, COLOR_RGB2GRAY, COLOR_BGRA2GRAY, COLOR_RGBA2GRAY):
        weights = np.array([0.299, 0.587, 0.114])
        weights = weights[::-1] if code in (COLOR_BGR2GRAY, COLOR_BGRA2GRAY) else weights
        return _as_type(src[..., :3] @ weights, src.dtype)
    if code in (COLOR_GRAY2BGR, COLOR_GRAY2BGRA):
        colour = np.repeat(src.reshape(*src.shape[:2], 1), 3, axis=2)
    else:
        swapped = code in (COLOR_BGR2RGBA, COLOR_RGBA2BGR, COLOR_BGR2RGB, COLOR_BGRA2RGBA)
        colour = _swap_red_and_blue(src) if swapped else src
        colour = colour[..., :3] if code in (COLOR_BGRA2BGR, COLOR_RGBA2BGR, COLOR_BGR2RGB) else colour
    if code in (COLOR_BGR2BGRA, COLOR_BGR2RGBA, COLOR_GRAY2BGRA):
        opaque = 1.0 if src.dtype.kind == "f" else np.iinfo(src.dtype).max
        colour = np.dstack([colour, np.full(src.shape[:2], opaque, src.dtype)])
    return np.ascontiguousarray(colour)


#: How many channels each code takes.
_CHANNELS = ({3}, {4}, {3}, {4}, {3, 4}, {4}, {3, 4}, {3, 4}, {1}, {1}, {4}, {4})


def _swap_red_and_blue(pixels: Array) -> Array:
    return pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., [2, 1, 0, 3][: pixels.shape[2]]])


def split(m: Array) -> tuple[Array, ...]:
    """The channels of (H, W, C) as C arrays (H, W)."""
    return tuple(np.ascontiguousarray(channel) for channel in np.moveaxis(np.atleast_3d(m), 2, 0))


def merge(mv: Sequence[Array]) -> Array:
    """C arrays (H, W) as one (H, W, C)."""
    return np.dstack(list(mv))


def copyMakeBorder(  # noqa: N802 - OpenCV's name
    src: Array, top: int, bottom: int, left: int, right: int, borderType: int, value: Any = 0  # noqa: N803
) -> Array:  # fmt: skip
    """`src`, (H, W) or (H, W, C), with a border; BORDER_CONSTANT fills it with `value`."""
    widths = ((top, bottom), (left, right), (0, 0))[: src.ndim]
    if borderType != BORDER_CONSTANT:
        mode: Any = ("", "edge", "symmetric", "wrap", "reflect")[borderType]
        return np.pad(src, widths, mode)
    fill = np.zeros(4)
    fill[: np.size(value)] = np.ravel(value)
    framed = np.pad(src, widths)
    framed[...] = fill[0] if src.ndim == 2 else fill[: src.shape[2]]
    framed[top : top + src.shape[0], left : left + src.shape[1]] = src
    return framed


def imshow(_winname: str, _mat: Array) -> None:
    """Nothing: there is no window."""


def waitKey(_delay: int = 0) -> int:  # noqa: N802 - OpenCV's name
    """No key, at once."""
    return -1


def destroyAllWindows() -> None:  # noqa: N802 - OpenCV's name
    """Nothing: there is no window."""


def resize(
    src: Array,
    dsize: tuple[int, int] | None = None,
    dst: None = None,
    fx: float = 0,
    fy: float = 0,
    interpolation: int = INTER_LINEAR,
) -> Array:
    """A picture in another size.

    Args:
        src: (H, W) or (H, W, C), integers or floats.
        dsize: (width, height), or None to use the factors.
        dst: Must be None.
        fx, fy: Factors of width and height.
        interpolation: INTER_NEAREST, _LINEAR, _CUBIC, _AREA or _LANCZOS4.

    Returns:
        (height, width) or (height, width, C) of the dtype of `src`; one channel's axis is dropped.

    Raises:
        error: The source is empty, or the size or the interpolation is wrong.
    """
    if dsize is None:
        dsize = (round(src.shape[1] * fx), round(src.shape[0] * fy))
    width, height = (int(length) for length in dsize)
    if not src.size or width <= 0 or height <= 0 or dst is not None or interpolation not in range(5):
        raise error(f"resize: an array of shape {src.shape} to {dsize}, interpolation {interpolation}")
    if interpolation == INTER_AREA and (width > src.shape[1] or height > src.shape[0]):
        interpolation = _INTER_AREA_ENLARGING
    rows = _weights(src.shape[0], height, interpolation)
    columns = _weights(src.shape[1], width, interpolation)
    # (height, H) x (H, W, C), then (width, W) along the second axis.
    resized = np.swapaxes(np.tensordot(columns, np.tensordot(rows, src, axes=1), axes=(1, 1)), 0, 1)
    resized = resized[..., 0] if src.ndim == 3 and src.shape[2] == 1 else resized
    return np.ascontiguousarray(_as_type(resized, src.dtype))


def _cubic(x: Array) -> Array:
    # Keys' kernel with OpenCV's a = -0.75.
    a, x = -0.75, np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def _weights(old: int, new: int, interpolation: int) -> NDArray[np.float64]:
    """The (new, old) matrix that resamples an axis; what lies outside repeats the border."""
    step = old / new
    if interpolation == INTER_AREA:
        start, cell = np.arange(new)[:, None] * step, np.arange(old)[None, :]
        overlap = np.minimum(cell + 1, start + step) - np.maximum(cell, start)
        return np.asarray(np.maximum(overlap, 0) / step)
    if interpolation == INTER_NEAREST:
        nearest = np.minimum(np.floor(np.arange(new) * step), old - 1).astype(int)
        return np.asarray(np.eye(old)[nearest])
    kernels: dict[int, tuple[int, Callable[[Array], Array]]] = {
        INTER_LINEAR: (1, lambda x: 1 - np.abs(x)),
        _INTER_AREA_ENLARGING: (1, lambda x: 1 - np.abs(x)),
        INTER_CUBIC: (2, _cubic),
        INTER_LANCZOS4: (4, lambda x: np.sinc(x) * np.sinc(x / 4)),
    }
    reach, kernel = kernels[interpolation]
    centre = (np.arange(new) + 0.5) * step - 0.5
    if interpolation == _INTER_AREA_ENLARGING:
        # OpenCV blends only in those cells of the result that straddle two of the source's.
        whole = np.floor(np.arange(new) * step)
        blend = np.maximum(np.arange(new) + 1 - (whole + 1) / step, 0)
        centre = whole + blend
    first = np.floor(centre).astype(int)
    matrix: NDArray[np.float64] = np.zeros((new, old))
    for offset in range(1 - reach, reach + 1):
        source = np.clip(first + offset, 0, old - 1)
        np.add.at(matrix, (np.arange(new), source), kernel(centre - (first + offset)))
    return np.asarray(matrix / matrix.sum(axis=1, keepdims=True))


def _as_type(values: Array, dtype: np.dtype[Any]) -> Array:
    if dtype.kind not in "iu" or values.dtype == dtype:
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    return np.clip(np.rint(values), limits.min, limits.max).astype(dtype)
