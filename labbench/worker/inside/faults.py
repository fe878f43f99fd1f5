"""An exception of the hand-in as plain data: what, and which line of the student's file."""

from __future__ import annotations

import linecache
import os
import re
import traceback
from typing import Any

#: Blanks that a student did not fill in.
_BLANK = re.compile(r"_{4,}")


def describe(error: BaseException, folder: str) -> dict[str, Any]:
    """What a grader may want to tell about an exception raised while the hand-in ran.

    Args:
        error: The exception.
        folder: The hand-in's folder; only frames of files in it are shown.
    """
    file, line = _place(error, folder)
    fault: dict[str, Any] = {
        "kind": _kind(error),
        "type": type(error).__name__[:100],
        "message": _message(error)[:500],
        "file": os.path.basename(file),  # noqa: PTH119 - no pathlib in here
        "line": line,
        "code": linecache.getline(file, line).strip()[:200] if file else "",
    }
    if fault["kind"] == "missing":
        fault.update(owner=error.owner, missing=error.missing, nearest=error.nearest)  # type: ignore[attr-defined]
    elif isinstance(error, ModuleNotFoundError):
        fault["missing"] = str(error.name or "")[:100]
    return fault


def _kind(error: BaseException) -> str:
    if isinstance(error, NotImplementedError) or (
        isinstance(error, NameError | AttributeError) and _BLANK.fullmatch(str(getattr(error, "name", "") or ""))
    ):
        return "blank"
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, SystemExit):
        return "exit"
    if type(error).__name__ == "MissingAttributeError" and hasattr(error, "nearest"):
        return "missing"
    if isinstance(error, ModuleNotFoundError):
        return "no_module"
    return "exception"


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - a hostile __str__
        return ""


def _place(error: BaseException, folder: str) -> tuple[str, int]:
    """The innermost line of the hand-in on the way to the exception; ("", 0) if there is none."""
    if isinstance(error, SyntaxError) and error.filename and error.filename.startswith(folder):
        return error.filename, error.lineno or 0
    place = ("", 0)
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename.startswith(folder):
            place = (frame.f_code.co_filename, line)
    return place
