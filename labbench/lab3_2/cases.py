"""What the scenarios of lab 3-2 are driven with: the pack's picture, and how often to classify it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labbench.labs import Case, Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labbench.results import Array

#: How often the course runs the net.
FORWARDS = 10


def cases(recipe: Recipe) -> Mapping[str, Sequence[Case]]:
    """One case a library."""
    return {library: (classification(recipe.image),) for library in ("pycnml", "pycnnl")}


def inference(library: str, images: Sequence[Array], forwards: int) -> Case:
    """Pictures, uint8 (224, 224, 3), to classify by one of the libraries; the first so many times."""
    named = {str(number): image for number, image in enumerate(images)}
    return Case("pictures", params={"library": library, "forwards": forwards}, images=named)


def classification(image: Array, forwards: int = FORWARDS) -> Case:
    """One picture, uint8 (224, 224, 3)."""
    return Case("picture", params={"forwards": forwards}, images={"image": image})
