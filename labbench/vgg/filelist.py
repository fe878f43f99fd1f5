"""Lists of pictures with their classes, as the course's `file_list`: a line is a path and a class id.

Everything is looked at when a list is read, since classifying takes minutes: lines, labels, whether pictures are some.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labbench import inputs
from labbench.errors import LabbenchError, reason
from labbench.vgg import pictures
from labbench.vgg.classes import class_names

if TYPE_CHECKING:
    from pathlib import Path

#: Each becomes 150 KB of pixels and a second of work.
MOST = 1000
_LONGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture file and its class id, 0 to 999; None where nobody said."""

    path: Path
    label: int | None


def read(file: Path) -> tuple[Labelled, ...]:
    """The pictures of a list; relative paths begin at the folder of the list.

    Raises:
        LabbenchError: the list cannot be read, is empty or too long; a line is no path and class id; a picture is
            missing or none.
    """
    lines = ((number, line.strip()) for number, line in enumerate(_text(file).splitlines(), 1))
    found = tuple(_labelled(file, number, line) for number, line in lines if line)
    if not found:
        raise LabbenchError("list.empty", path=str(file))
    if len(found) > MOST:
        raise LabbenchError("list.too_long", path=str(file), got=len(found), limit=MOST)
    for picture in found:
        pictures.open_rgb(picture.path)
    return found


def _text(file: Path) -> str:
    try:
        return inputs.content(file, _LONGEST).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LabbenchError("list.no_text", path=str(file)) from None
    except OSError as error:
        raise LabbenchError("list.unreadable", path=str(file), reason=reason(error)) from error


def _labelled(file: Path, number: int, line: str) -> Labelled:
    path, _, label = line.replace("\t", " ").rpartition(" ")
    if not path.strip():
        raise LabbenchError("list.bad_line", path=str(file), line=number, got=line[:100])
    if re.fullmatch(r"\d{1,9}", label, re.ASCII) is None or int(label) >= len(class_names()):
        most = len(class_names()) - 1
        raise LabbenchError("list.bad_label", path=str(file), line=number, got=label[:100], most=most)
    return Labelled(file.parent / path.strip(), int(label))
