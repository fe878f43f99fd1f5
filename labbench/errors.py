"""What goes wrong outside a hand-in: one clear sentence and a documented exit code."""

from __future__ import annotations

import errno
from enum import IntEnum
from typing import TYPE_CHECKING

from labbench.texts import Lang, Text, keys, render

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labbench.texts import Plain


class ExitCode(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    #: `--fail-under`: the score is, and stays, below.
    BELOW = 1
    #: Wrong usage or bad input; also a failed verification.
    USAGE = 2
    #: Our fault.
    INTERNAL = 3
    #: Graded, but the scorecard is not final.
    NOT_FINAL = 4
    #: The isolation is weaker than required.
    WEAK = 5
    #: The terminal was closed.
    HUNG_UP = 129
    #: By Ctrl-C.
    INTERRUPTED = 130
    #: By SIGTERM, as a time limit or a scheduler sends it.
    TERMINATED = 143


class LabbenchError(Exception):
    """A refusal that names what, which, got, expected and what to do next.

    Args:
        key: The sentence's key in the text catalogue.
        exit_code: What the command ends with.
        values: What the sentence names.
    """

    def __init__(self, key: str, *, exit_code: ExitCode = ExitCode.USAGE, **values: Plain | Text) -> None:
        self.text = Text(key, values)
        self.exit_code = exit_code
        super().__init__(key, values)

    def __str__(self) -> str:
        return render(self.text, Lang.EN)


class UnfitFileError(OSError):
    """A file that is there and cannot be what is asked for, whatever it holds."""

    def __init__(self, why: Text) -> None:
        self.why = why
        super().__init__(render(why, Lang.EN))


def reason(error: OSError) -> Text | str:
    """Why the system refused: in the reader's language where we have words for it, else in the system's."""
    if isinstance(error, UnfitFileError):
        return error.why
    key = f"errno.{errno.errorcode.get(error.errno or 0, '').lower()}"
    return Text(key) if key in keys() else error.strerror or str(error)


def unexpected(error: Exception) -> Text:
    """What is said of a failure of ours that nobody foresaw."""
    return Text("cli.internal", {"type": type(error).__name__, "reason": str(error)[:300]})


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """The known names for a message, those most like the wrong one first; equally like ones as they come."""
    import difflib

    return ", ".join(sorted(known, key=lambda name: -difflib.SequenceMatcher(None, wrong, name).ratio()))
