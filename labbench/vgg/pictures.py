"""The photographs that come with labbench, and any other picture as the course's harness would read it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from labbench import inputs
from labbench.errors import LabbenchError, reason
from labbench.vgg.table import IMAGE_SIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ASSETS = Path(__file__).resolve().parent / "assets"
#: A picture with more pixels is refused before it is decoded (a bomb would fill the memory).
MAX_PIXELS = 64_000_000
#: A file of more bytes is refused unread: as many as that many pixels take uncompressed, twice.
_MAX_BYTES = 6 * MAX_PIXELS
#: What Pillow may try. Of what else it knows, some starts programs (EPS: Ghostscript) or fetches other files.
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "JPEG2000", "ICO", "TGA")


@dataclass(frozen=True, slots=True)
class Picture:
    """A bundled photograph.

    Attributes:
        name: What `names()` calls it.
        path: The file, RGB.
        class_id: The index of its true ImageNet class.
    """

    name: str
    path: Path
    class_id: int


#: VGG19 halves a side five times.
_HALVED = 32
#: The photographs that the synthetic network knows; `assets/SOURCES.md` has authors and licences.
PICTURES: tuple[Picture, ...] = tuple(
    Picture(name, _ASSETS / f"{name}.png", class_id)
    for name, class_id in (
        ("chelsea", 281),
        ("coffee", 967),
        ("rocket", 657),
        ("astronaut", 812),  # with a space shuttle behind her
        ("camera", 872),  # on a tripod
    )
)


def names() -> tuple[str, ...]:
    """The names of the bundled photographs."""
    return tuple(picture.name for picture in PICTURES)


def cat() -> str:
    """The name of the cat picture, the labs' first input."""
    return "chelsea"


def picture(name: str) -> Picture:
    """The bundled photograph of that name.

    Raises:
        KeyError: no photograph is called so.
    """
    for candidate in PICTURES:
        if candidate.name == name:
            return candidate
    raise KeyError(name)


def open_rgb(path: Path) -> Image.Image:
    """Read a picture of any kind as 8-bit RGB.

    EXIF rotation is applied, transparency is laid on white, 16-bit and float samples are scaled to 8 bits,
    and of an animation the first frame is taken.

    Raises:
        LabbenchError: the file is missing or unreadable, is no picture, is cut off, or is too large.
    """
    try:
        with inputs.opened(path, _MAX_BYTES) as file:
            return _decoded(path, file)
    except FileNotFoundError:
        raise LabbenchError("picture_missing", path=str(path)) from None
    except OSError as error:
        raise LabbenchError("picture_unreadable", path=str(path), reason=reason(error)) from None


def square(
    image: Image.Image, size: int = IMAGE_SIDE, resample: Image.Resampling = Image.Resampling.BILINEAR
) -> NDArray[np.uint8]:
    """Resize to size × size without regard to the aspect ratio, as the course does; no crop.

    Args:
        image: An RGB picture.
        size: The side, in pixels.
        resample: Bilinear as in the course's first two generations, or another of Pillow's filters.

    Returns:
        uint8 of shape (size, size, 3), RGB.
    """
    return resized(image, size, size, resample)


def resized(
    image: Image.Image, height: int, width: int, resample: Image.Resampling = Image.Resampling.BILINEAR
) -> NDArray[np.uint8]:
    """An RGB picture of another size, without regard to the proportions: uint8 (height, width, 3)."""
    return np.asarray(image.resize((width, height), resample), dtype=np.uint8)


def proportional(image: Image.Image, longer: int = 128) -> tuple[int, int]:
    """Height and width nearest to a picture's proportions, halvable, the longer side being `longer`."""
    scale = longer / max(image.height, image.width)
    return halvable(image.height * scale), halvable(image.width * scale)


def halvable(side: float) -> int:
    """The nearest side that VGG19 halves five times without a rest."""
    return max(_HALVED, round(side / _HALVED) * _HALVED)


def _decoded(path: Path, file: BinaryIO) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata is not worth a word; size is judged below
            with Image.open(file, formats=_FORMATS) as image:
                _check_size(path, image)
                image.load()
                return _to_rgb(ImageOps.exif_transpose(image))
    except UnidentifiedImageError:
        raise LabbenchError("picture_unknown", path=str(path)) from None
    except Image.DecompressionBombError:
        raise LabbenchError("picture_bomb", path=str(path), limit=MAX_PIXELS) from None
    except LabbenchError:
        raise
    except Exception:  # noqa: BLE001 - Pillow's decoders raise anything, OSError for damage among them
        raise LabbenchError("picture_broken", path=str(path)) from None


def _check_size(path: Path, image: Image.Image) -> None:
    pixels = image.width * image.height
    if pixels > MAX_PIXELS:
        raise LabbenchError("picture_too_large", path=str(path), got=pixels, limit=MAX_PIXELS)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F" or image.mode.startswith("I"):
        samples = np.asarray(image, dtype=np.float64)
        full = 65535.0 if image.mode.startswith("I;16") else _full_scale(samples)
        return Image.fromarray(_eight_bit(samples / full)).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return image.convert("RGB")


def _full_scale(samples: NDArray[np.float64]) -> float:
    """The value that stands for white; modes that do not say are told by their largest sample."""
    largest = samples.max(initial=0.0)
    return 1.0 if largest <= 1.0 else 255.0 if largest <= 255.0 else 65535.0


def _eight_bit(samples: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.rint(np.clip(samples, 0.0, 1.0) * 255.0).astype(np.uint8)
