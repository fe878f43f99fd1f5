"""Pictures: every kind becomes 8-bit RGB, broken ones are refused with a sentence."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from labbench.errors import LabbenchError
from labbench.vgg import pictures

RGB = np.random.default_rng(3).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def opened(tmp_path, image, name="x.png", **options):
    path = tmp_path / name
    image.save(path, **options)
    return pictures.open_rgb(path)


def test_bundled_photographs():
    assert pictures.cat() in pictures.names()
    assert len(pictures.names()) == 5
    for picture in pictures.PICTURES:
        image = pictures.open_rgb(picture.path)
        assert image.mode == "RGB"
        assert min(image.size) >= 224
        assert picture.path.stat().st_size <= 300_000
        assert pictures.picture(picture.name) is picture


def test_no_such_photograph():
    with pytest.raises(KeyError):
        pictures.picture("dog")


def test_rgb_is_unchanged(tmp_path):
    assert np.array_equal(np.asarray(opened(tmp_path, Image.fromarray(RGB))), RGB)


def test_grey(tmp_path):
    image = opened(tmp_path, Image.fromarray(RGB[..., 0]))
    assert np.array_equal(np.asarray(image), np.repeat(RGB[..., :1], 3, axis=2))


@pytest.mark.parametrize("scale", [257, 1])
def test_sixteen_bit_grey(tmp_path, scale):
    """White is 65535, also in a dark picture."""
    samples = RGB[..., 0].astype(np.uint16) * scale
    image = np.asarray(opened(tmp_path, Image.fromarray(samples)))
    assert np.array_equal(image[..., 0], np.rint(samples / 257.0).astype(np.uint8))


@pytest.mark.parametrize("top", [1.0, 255.0])
def test_float_samples(tmp_path, top):
    samples = np.linspace(0, top, 600, dtype=np.float32).reshape(20, 30)
    image = np.asarray(opened(tmp_path, Image.fromarray(samples), "x.tif"))
    assert np.array_equal(image[..., 1], np.rint(samples.astype(float) / top * 255).astype(np.uint8))


def test_transparency_is_laid_on_white(tmp_path):
    rgba = np.dstack([RGB, np.zeros(RGB.shape[:2], np.uint8)])
    rgba[:, :10, 3] = 255
    image = np.asarray(opened(tmp_path, Image.fromarray(rgba)))
    assert np.array_equal(image[:, :10], RGB[:, :10])
    assert (image[:, 10:] == 255).all()


def test_palette_with_and_without_transparency(tmp_path):
    image = Image.fromarray(RGB).quantize(16)
    assert np.array_equal(np.asarray(opened(tmp_path, image)), np.asarray(image.convert("RGB")))
    seen = np.asarray(opened(tmp_path, image, transparency=int(np.asarray(image)[0, 0])))
    assert (seen[0, 0] == 255).all()


def test_cmyk(tmp_path):
    image = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    assert np.asarray(opened(tmp_path, image, "x.tif"))[0, 0].tolist() == [255, 0, 0]


def test_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (8, 8), c) for c in ("red", "blue")]
    image = opened(tmp_path, frames[0], "x.gif", save_all=True, append_images=frames[1:])
    assert np.asarray(image)[0, 0].tolist() == [255, 0, 0]


def test_exif_rotation(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90° clockwise to show
    image = opened(tmp_path, Image.fromarray(RGB), exif=exif)
    assert np.array_equal(np.asarray(image), np.rot90(RGB, -1))


def test_square_is_a_plain_resize():
    image = pictures.open_rgb(pictures.picture("chelsea").path)
    small = pictures.square(image)
    assert small.shape == (224, 224, 3)
    assert small.dtype == np.uint8
    assert np.array_equal(small, np.asarray(image.resize((224, 224), Image.Resampling.BILINEAR)))
    assert pictures.square(image, 64, Image.Resampling.LANCZOS).shape == (64, 64, 3)


def key(path):
    with pytest.raises(LabbenchError) as caught:
        pictures.open_rgb(path)
    assert str(path) in str(caught.value)
    return caught.value.text.key


def test_missing_and_folder(tmp_path):
    assert key(tmp_path / "none.png") == "picture_missing"
    assert key(tmp_path) == "picture_unreadable"


def test_no_picture(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(b"not a picture")
    assert key(path) == "picture_unknown"
    path.write_bytes(b"")
    assert key(path) == "picture_unknown"


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "tif", "bmp"])
def test_truncated(tmp_path, suffix):
    path = tmp_path / f"x.{suffix}"
    Image.fromarray(RGB.repeat(8, 0).repeat(8, 1)).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert key(path) in ("picture_broken", "picture_unknown")


def test_damaged_bytes_are_refused_or_read(tmp_path):
    rng = np.random.default_rng(5)
    whole = np.frombuffer(pictures.picture("camera").path.read_bytes()[:3000], dtype=np.uint8)
    path = tmp_path / "x.png"
    for _ in range(100):
        damaged = whole.copy()
        damaged[rng.integers(0, 200, 3)] = rng.integers(0, 256, 3)
        path.write_bytes(damaged.tobytes())
        assert key(path).startswith("picture_")


def test_bomb(tmp_path):
    path = tmp_path / "x.png"
    Image.new("1", (9000, 9000)).save(path)
    assert key(path) == "picture_too_large"
    Image.new("1", (20_000, 20_000)).save(path)
    assert key(path) == "picture_bomb"
