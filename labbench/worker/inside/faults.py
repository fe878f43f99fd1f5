"""An exception of the hand-in as plain data: what, and which line of the student's file."""

from __future__ import annotations

import ast
import linecache
import os
import re
import traceback
from typing import Any

#: Blanks that a student did not fill in.
_BLANK = re.compile(r"_{4,}")
#: What starts processes, which sessions may not: modules of the standard library, and calls on a line of one's own.
_STARTERS = ("multiprocessing", "subprocess", "concurrent.futures.process")
_STARTS = re.compile(r"\bos\.(fork|forkpty|exec\w+|spawn\w+|posix_spawnp?)\b")


def describe(error: BaseException, folder: str) -> dict[str, Any]:
    """What a grader may want to tell about an exception raised while the hand-in ran.

    Args:
        error: The exception.
        folder: The hand-in's folder; only frames of files in it are shown.
    """
    try:
        return _describe(error, folder)
    except BaseException:  # noqa: BLE001 - an exception whose own attributes raise
        return {"kind": "exception"}


def _describe(error: BaseException, folder: str) -> dict[str, Any]:
    file, line = _place(error, folder)
    fault: dict[str, Any] = {
        "kind": _kind(error),
        "type": type(error).__name__[:100],
        "message": _message(error, folder),
        "file": os.path.basename(file),  # noqa: PTH119 - no pathlib in here
        "line": line,
        "code": linecache.getline(file, line).strip()[:200] if file else "",
    }
    if fault["kind"] == "missing":
        fault.update(owner=error.owner, missing=error.missing, nearest=error.nearest)  # type: ignore[attr-defined]
    elif isinstance(error, ModuleNotFoundError):
        fault["missing"] = str(error.name or "")[:100]
    elif isinstance(error, PermissionError) and (_STARTS.search(fault["code"]) or _came_through(error, _STARTERS)):
        fault["kind"] = "process"
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


def _message(error: BaseException, folder: str) -> str:
    """What it says, at most 500 characters, without the path to the hand-in's folder, which is another each time."""
    try:
        # The text of a syntax error repeats file and line; a device that ends the process tells why by a cause.
        text = error.msg if isinstance(error, SyntaxError) else error
        if isinstance(error, SystemExit) and error.__cause__ is not None:
            text = error.__cause__
        said = str.__getitem__(str(text), slice(0, 5000))
        if isinstance(error, AssertionError) and not said:
            said = _compared(error, folder)
    except BaseException:  # noqa: BLE001 - a hostile __str__
        return ""
    return said.replace(os.path.dirname(folder) + os.sep, "")[:500]  # noqa: PTH120


def _place(error: BaseException, folder: str) -> tuple[str, int]:
    """The innermost line of the hand-in on the way to the exception; ("", 0) if there is none."""
    if isinstance(error, SyntaxError) and error.filename and error.filename.startswith(folder):
        return error.filename, error.lineno or 0
    place = ("", 0)
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename.startswith(folder):
            place = (frame.f_code.co_filename, line)
    return place


def _came_through(error: BaseException, modules: tuple[str, ...]) -> bool:
    """Whether it was raised on the way through one of these modules, or one below."""
    names = [str(frame.f_globals.get("__name__")) for frame, _ in traceback.walk_tb(error.__traceback__)]
    return any(f"{name}.".startswith(f"{module}.") for name in names for module in modules)


def _compared(error: AssertionError, folder: str) -> str:
    """What a bare `assert a.shape == b.shape` compared: "a.shape = (3, 4), b.shape = (3, 5)".

    Only names and their attributes are looked at, and only plain values shown.
    """
    frames = [f for f, _ in traceback.walk_tb(error.__traceback__) if f.f_code.co_filename.startswith(folder)]
    if not frames:
        return ""
    file, line = _place(error, folder)
    names: dict[str, str] = {}
    for compare in ast.walk(ast.parse(linecache.getline(file, line).strip())):
        for side in [compare.left, *compare.comparators] if isinstance(compare, ast.Compare) else ():
            value = _value(side, {**frames[-1].f_globals, **frames[-1].f_locals})
            if isinstance(value, int | float | str | tuple) and not isinstance(side, ast.Constant):
                names[ast.unparse(side)] = repr(value)[:80]
    return ", ".join(f"{name} = {value}" for name, value in names.items())


def _value(node: ast.expr, variables: dict[str, Any]) -> Any:
    if isinstance(node, ast.Attribute):
        return getattr(_value(node.value, variables), node.attr)
    return variables[node.id] if isinstance(node, ast.Name) else None
