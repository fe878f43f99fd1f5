"""The thousand ImageNet classes, by the index of the softmax output."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

#: One line a class, `n02123045 tabby, tabby cat`, in the order of the network's outputs.
SYNSET_WORDS = Path(__file__).resolve().parent / "assets" / "synset_words.txt"


@lru_cache(maxsize=1)
def class_names() -> tuple[str, ...]:
    """The 1000 names, such as `tabby, tabby cat` at 281."""
    lines = SYNSET_WORDS.read_text(encoding="utf-8").splitlines()
    return tuple(line.split(" ", 1)[1] for line in lines)


def class_name(class_id: int) -> str:
    """The name of a class; "" of one that ImageNet does not have."""
    names = class_names()
    return names[class_id] if class_id < len(names) else ""
