"""What a hand-in was helped with, in words: sessions note it by labels and by the names of code."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from labbench.results import text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labbench.results import Plain, Text

#: The labels of `worker.inside.compat`; all else that is noted is code, like "scipy.misc.imread", and shown as it is.
_HABITS = {
    "division": "habit.division",
    "encoding": "habit.encoding",
    "files written": "habit.files",
    "tabs": "habit.tabs",
}


def helped(used: Iterable[str]) -> Text:
    """The note on what was helped with; `used` has one item at least."""
    named: list[Plain | Text] = [text(_HABITS[item]) if item in _HABITS else item for item in used]
    return text("note.compat", used=reduce(lambda first, more: text("note.listed", first=first, next=more), named))
