"""The folder that a style transfer fills: pictures of some steps, the loss curve, the handout's picture table.

Each file is a PNG, written whole or not at all, that names labbench as the software it was made by. So the files of an
earlier run are known, and nobody else's are ever replaced.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from labbench.errors import LabbenchError, reason
from labbench.files import write_atomically
from labbench.report.figures import Losses, loss_curve, picture_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labbench.results import Array
    from labbench.texts import Lang

#: Every K-th step is kept, so that about ten pictures tell the story.
PICTURES = 10
_CURVE, _TABLE = "losses.png", "table.png"
_SOFTWARE = "labbench"


class Album:
    """Some pictures are kept as they come; `last` keeps the last one, `figures` draws the loss curve and the table."""

    def __init__(self, folder: Path, steps: int) -> None:
        """Nothing is written before the first picture comes.

        Raises:
            LabbenchError: `folder` is a file, cannot be made or written to, or holds files of somebody else's by the
                names that are needed here.
        """
        self._folder, self._every = folder, -(-steps // PICTURES)
        self._losses: list[tuple[float, float]] = []
        self._last: tuple[int, Array] | None = None
        self._saved: int | None = None
        _check(folder)

    def add(self, number: int, picture: Array, losses: tuple[float, float]) -> None:
        """The picture after step `number`, uint8 (H, W, 3), and the step's content and style loss; 0 is the start.

        Raises:
            LabbenchError: it cannot be written.
        """
        if self._last is None:
            self._make()
        self._last = number, picture
        if number:
            self._losses.append(losses)
        if number % self._every == 0:
            self._save(number, picture)

    def last(self) -> tuple[int, Path] | None:
        """The last step that came, and its picture's file, written now if it was not yet; None if nothing came.

        Raises:
            LabbenchError: it cannot be written.
        """
        if self._last is None:
            return None
        number, picture = self._last
        if self._saved != number:
            self._save(number, picture)
        return number, self._file(number)

    def figures(self, content: Array, style: Array, lang: Lang) -> tuple[Path, Path] | None:
        """Write the picture table and the loss curve of the steps so far; None if there was no step.

        Raises:
            LabbenchError: they cannot be written.
        """
        if self._last is None or not self._losses:
            return None
        losses = Losses(*zip(*self._losses, strict=True))
        table, curve = self._folder / _TABLE, self._folder / _CURVE
        _write(table, picture_table(self._last[1], content, style, lang))
        _write(curve, loss_curve(losses, lang))
        return table, curve

    def _make(self) -> None:
        """The folder, without what an earlier run left in it."""
        try:
            self._folder.mkdir(exist_ok=True)
            for file in _needed(self._folder):
                file.unlink()
        except OSError as error:
            raise LabbenchError("output.not_written", path=str(self._folder), reason=reason(error)) from error

    def _file(self, number: int) -> Path:
        return self._folder / f"step-{number:04}.png"

    def _save(self, number: int, picture: Array) -> None:
        _write(self._file(number), Image.fromarray(np.asarray(picture, dtype=np.uint8)))
        self._saved = number


def _check(folder: Path) -> None:
    """Refuse a folder that pictures could not be written to, before minutes are spent on them."""
    parent = folder.absolute().parent
    if not folder.exists() and not parent.is_dir():
        raise LabbenchError("album.no_folder", path=str(folder), folder=str(parent))
    place = folder if folder.exists() else parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise LabbenchError("album.not_writable", path=str(folder))
    for file in _needed(folder):
        if not _ours(file):
            raise LabbenchError("album.not_ours", path=str(file))


def _needed(folder: Path) -> Iterator[Path]:
    """What is there under the names that this module gives."""
    yield from (file for file in sorted(folder.glob("step-*.png")) if re.fullmatch(r"step-\d+\.png", file.name))
    yield from (file for file in (folder / _CURVE, folder / _TABLE) if file.exists())


def _ours(file: Path) -> bool:
    with contextlib.suppress(OSError, SyntaxError, ValueError), Image.open(file, formats=["PNG"]) as image:
        return image.info.get("Software") == _SOFTWARE
    return False


def _write(path: Path, picture: Image.Image) -> None:
    note = PngInfo()
    note.add_text("Software", _SOFTWARE)
    data = io.BytesIO()
    picture.save(data, format="PNG", pnginfo=note)
    write_atomically(path, data.getvalue())
