"""The course's own files, as hand-ins look for them beside the experiment folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from labbench.vgg import pictures

if TYPE_CHECKING:
    from collections.abc import Mapping

_ASSETS = Path(__file__).resolve().parent / "assets"
#: What the course calls its weights file.
WEIGHTS_NAME = "imagenet-vgg-verydeep-19.mat"


def files(weights: Path) -> Mapping[str, Path]:
    """The course's files by name. Pictures keep the course's names; libraries go by their contents."""
    return {
        WEIGHTS_NAME: weights.absolute(),
        "cat1.jpg": pictures.picture(pictures.cat()).path,
        "weinisi.jpg": pictures.picture("rocket").path,
        "style.jpg": pictures.picture("coffee").path,
        "synset_words.txt": _ASSETS / "synset_words.txt",
    }
