"""Render the Chinese words of the pictures that `labbench run` makes, into `labbench/report/assets/`.

    python -m tools.render_labels FONT.ttc

Needed only when the words change. Pillow's own font knows no Chinese, and a font that does weighs megabytes; the few
words that are drawn weigh some kilobytes as grey masks. Made with Noto Sans CJK SC (SIL Open Font License 1.1, which
leaves pictures made with the font free).
"""

from __future__ import annotations

import sys

from PIL import Image, ImageDraw, ImageFont

from labbench.report.figures import ASSETS, TEXT_SIZE, WORDS


def main() -> None:
    """Write one mask for each word."""
    font = ImageFont.truetype(sys.argv[1], TEXT_SIZE, index=2)  # the third of the collection: simplified Chinese
    ASSETS.mkdir(exist_ok=True)
    ascent, descent = font.getmetrics()
    for name, (_, zh) in WORDS.items():
        mask = Image.new("L", (round(font.getlength(zh)), ascent + descent))
        ImageDraw.Draw(mask).text((0, 0), zh, fill=255, font=font)
        _, top, _, bottom = mask.getbbox() or (0, 0, 0, 1)
        mask.crop((0, top, mask.width, bottom)).save(ASSETS / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
