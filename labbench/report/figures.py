"""Pictures of a style transfer: the handout's picture table and the loss curve, drawn with Pillow. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from labbench.texts import Lang

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labbench.results import Array

ASSETS = Path(__file__).resolve().parent / "assets"
#: Height of the letters, in pixels.
TEXT_SIZE = 20
#: The words that are drawn, in English and Chinese; the Chinese ones as masks from `tools/render_labels.py`.
WORDS = {
    "result": ("result", "训练结果"),
    "content": ("content image", "内容参考图"),
    "style": ("style image", "风格参考图"),
    "step": ("step", "步数"),
    "total_loss": ("total loss", "总损失"),
    "content_loss": ("content loss", "内容损失"),
    "style_loss": ("style loss", "风格损失"),
}

_INK, _FAINT, _PAPER = (30, 30, 30), (215, 215, 215), (255, 255, 255)
_COLOURS = {"total_loss": (30, 30, 30), "content_loss": (31, 119, 180), "style_loss": (214, 39, 40)}
_MARGIN = 12
#: The loss curve: its size, and the frame inside it (left, top, right, bottom), in pixels.
_CURVE_SIZE = (800, 480)
_FRAME = (86, 48, 780, 430)


@dataclass(frozen=True, slots=True)
class Losses:
    """The losses of each step, weighted as they enter the total."""

    content: tuple[float, ...]
    style: tuple[float, ...]

    @property
    def total(self) -> tuple[float, ...]:
        """Their sum, step by step."""
        return tuple(c + s for c, s in zip(self.content, self.style, strict=True))


def picture_table(result: Array, content: Array, style: Array, lang: Lang) -> Image.Image:
    """The handout's table 训练结果 · 内容参考图 · 风格参考图: three pictures side by side, each under its name.

    Args:
        result: uint8 (H, W, 3), the picture that was made.
        content: uint8 (H, W, 3).
        style: uint8 (H, W, 3).
        lang: The language of the names.
    """
    panels = {"result": result, "content": content, "style": style}
    height = max(p.shape[0] for p in panels.values())
    # A small picture would be narrower than its name.
    widths = {name: max(p.shape[1], _word(name, lang).width) for name, p in panels.items()}
    size = (sum(widths.values()) + 4 * _MARGIN, height + TEXT_SIZE + 4 * _MARGIN)
    table = Image.new("RGB", size, _PAPER)
    left = _MARGIN
    for name, pixels in panels.items():
        _write(table, (left, _MARGIN), name, lang)
        table.paste(Image.fromarray(np.asarray(pixels, dtype=np.uint8)), (left, TEXT_SIZE + 3 * _MARGIN))
        left += widths[name] + _MARGIN
    return table


def loss_curve(losses: Losses, lang: Lang) -> Image.Image:
    """The losses over the steps, on a logarithmic scale: total, content and style."""
    curve = Image.new("RGB", _CURVE_SIZE, _PAPER)
    curves = {"total_loss": losses.total, "content_loss": losses.content, "style_loss": losses.style}
    shown = [v for values in curves.values() for v in values if v > 0 and math.isfinite(v)]
    low, high = (math.floor(math.log10(min(shown))), math.ceil(math.log10(max(shown)))) if shown else (0, 1)
    high = max(high, low + 1)
    steps = max(len(losses.content), 1)
    draw = ImageDraw.Draw(curve)
    _axes(curve, draw, steps, (low, high), lang)
    at = _FRAME[0]
    for name, values in curves.items():
        points = [_point(i, v, steps, (low, high)) for i, v in enumerate(values) if v > 0 and math.isfinite(v)]
        _line(draw, points, _COLOURS[name])
        draw.rectangle((at, 22, at + 18, 26), fill=_COLOURS[name])
        at += 26 + _write(curve, (at + 26, 14), name, lang) + 24
    return curve


def _axes(curve: Image.Image, draw: ImageDraw.ImageDraw, steps: int, decades: tuple[int, int], lang: Lang) -> None:
    left, _, right, bottom = _FRAME
    font = ImageFont.load_default(14)
    stride = max(1, math.ceil((decades[1] - decades[0]) / 8))
    for decade in range(decades[0], decades[1] + 1, stride):
        _, y = _point(0, 10.0**decade, steps, decades)
        draw.line((left, y, right, y), fill=_FAINT)
        draw.text((left - 8, y), f"1e{decade:+d}", fill=_INK, font=font, anchor="rm")
    for step in sorted({round(i * (steps - 1) / 5) for i in range(6)}):
        x, _ = _point(step, 1.0, steps, decades)
        draw.line((x, bottom, x, bottom + 5), fill=_INK)
        draw.text((x, bottom + 8), str(step + 1), fill=_INK, font=font, anchor="mt")
    draw.rectangle(_FRAME, outline=_INK)
    word = _word("step", lang)
    _write(curve, ((left + right - word.width) // 2, bottom + 26), "step", lang)


def _point(step: int, value: float, steps: int, decades: tuple[int, int]) -> tuple[float, float]:
    left, top, right, bottom = _FRAME
    across = step / (steps - 1) if steps > 1 else 0.5
    up = (math.log10(value) - decades[0]) / (decades[1] - decades[0])
    return left + across * (right - left), bottom - up * (bottom - top)


def _line(draw: ImageDraw.ImageDraw, points: Sequence[tuple[float, float]], colour: tuple[int, int, int]) -> None:
    if len(points) == 1:
        x, y = points[0]
        draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=colour)
    elif points:
        draw.line(list(points), fill=colour, width=2, joint="curve")


def _word(name: str, lang: Lang) -> Image.Image:
    """A word as a grey mask."""
    if lang is Lang.ZH:
        with Image.open(ASSETS / f"{name}.png") as file:
            return file.convert("L")
    font = ImageFont.load_default(TEXT_SIZE)
    english = WORDS[name][0]
    mask = Image.new("L", (math.ceil(font.getlength(english)), TEXT_SIZE + 6))
    ImageDraw.Draw(mask).text((0, 0), english, fill=255, font=font)
    return mask


def _write(target: Image.Image, at: tuple[int, int], name: str, lang: Lang) -> int:
    """Draw a word; its width, in pixels."""
    mask = _word(name, lang)
    target.paste(_INK, at, mask)
    return mask.width
