"""`matplotlib.pyplot` and `matplotlib.image`: pictures are read and written, drawing does nothing.

Source: matplotlib's documentation of `matplotlib.image.imread` and `imsave`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .matplotlib import Blank

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_DRAWING = (
    "axes", "axhline", "axis", "axvline", "bar", "barh", "cla", "clf", "close", "cm", "colorbar", "draw",
    "figure", "fill_between", "gca", "gcf", "gray", "grid", "hist", "imshow", "ioff", "ion", "legend",
    "matshow", "pause", "plot", "rc", "rcParams", "savefig", "scatter", "semilogx", "semilogy", "show",
    "style", "subplot", "subplots_adjust", "suptitle", "switch_backend", "text", "tight_layout", "title",
    "xlabel", "xlim", "xticks", "ylabel", "ylim", "yticks",
)  # fmt: skip

__all__ = ["imread", "imsave", "subplots", *_DRAWING]


def imread(fname: Any, format: str | None = None) -> Array:  # noqa: A002 - matplotlib's name; path or file
    """A picture file: (H, W) or (H, W, channels), uint8.

    Matplotlib gives float32 in 0..1 for PNG and uint8 for every other format. The labs hand out JPEG files, and
    hand-ins rely on bytes; ours are PNG only since that loses nothing.
    """
    del format
    from PIL import Image

    with Image.open(fname) as picture:
        mode = picture.mode if picture.mode in ("L", "RGB", "RGBA") else {"1": "L"}.get(picture.mode, "RGBA")
        return np.array(picture if picture.mode == mode else picture.convert(mode))


def imsave(fname: Any, arr: Array, **options: Any) -> None:
    """Write (H, W, 3) or (H, W, 4), uint8 or floats in 0..1; (H, W) in grey, from its own range."""
    from PIL import Image

    data = np.asarray(arr)
    if data.ndim == 2:
        data = data.astype(np.float64) - data.min()
        data /= data.max() or 1
    if data.dtype != np.uint8:
        data = np.rint(np.clip(data, 0, 1) * 255).astype(np.uint8)
    Image.fromarray(np.ascontiguousarray(data)).save(fname, options.get("format"))


def subplots(nrows: int = 1, ncols: int = 1, **_options: object) -> tuple[Blank, Any]:
    """A blank figure with a blank, or an object array of blanks, as its axes."""
    axes = np.full((nrows, ncols), None, dtype=object)
    for place in np.ndindex(nrows, ncols):
        axes[place] = Blank()
    return Blank(), axes.squeeze() if axes.size > 1 else axes[0, 0]


def __getattr__(name: str) -> Blank:
    if name in _DRAWING:
        return Blank()
    raise AttributeError(name)
