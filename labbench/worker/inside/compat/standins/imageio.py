"""`imageio`, its v2 and v3: reading and writing single pictures.

Source: imageio's documentation of `imread` and `imwrite` in both versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["imread", "imsave", "imwrite"]


def imread(
    uri: Any,
    format: str | None = None,  # noqa: A002 - imageio's name
    *,
    index: int | None = None,
    pilmode: str | None = None,
    mode: str | None = None,
    as_gray: bool = False,
) -> Array:
    """A picture file: (H, W) or (H, W, channels), uint8; a picture with a palette becomes RGB or RGBA.

    Args:
        uri: Path or open file.
        format: Ignored: the file tells.
        index: Ignored: the first picture is read.
        pilmode: Convert to this Pillow mode (v2).
        mode: The same (v3).
        as_gray: Give float32 grey values.
    """
    del format, index
    from PIL import Image

    with Image.open(uri) as picture:
        wanted = "F" if as_gray else pilmode or mode or _usual_mode(picture)
        return np.array(picture if picture.mode == wanted else picture.convert(wanted))


def _usual_mode(picture: Any) -> str:
    if picture.mode in ("P", "PA"):
        return "RGBA" if "transparency" in picture.info or picture.mode == "PA" else "RGB"
    return str(picture.mode)


def imwrite(uri: Any, im: Array, format: str | None = None, **options: Any) -> None:  # noqa: A002
    """Write (H, W), (H, W, 3) or (H, W, 4).

    Args:
        uri: Path or open file.
        im: uint8; floats within [0, 1] are scaled by 255, other data from its own range.
        format: The file's format, if the name does not tell.
        options: Passed on to Pillow, such as `quality`.
    """
    options.pop("plugin", None)
    options.pop("extension", None)
    from PIL import Image

    Image.fromarray(_as_bytes(np.squeeze(np.asarray(im)))).save(uri, format, **options)


imsave = imwrite


def _as_bytes(data: Array) -> Array:
    if data.dtype == np.uint8:
        return np.ascontiguousarray(data)
    if data.dtype == np.bool_:
        return data.astype(np.uint8) * np.uint8(255)
    low, high = float(np.min(data)), float(np.max(data))
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError("the picture has values that are not finite")
    if data.dtype.kind == "f" and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low == high:
        return data.astype(np.uint8)
    # 0.499999999, imageio's own constant, rounds an exact half down.
    return ((data.astype(np.float64) - low) / (high - low) * 255 + 0.499999999).astype(np.uint8)
