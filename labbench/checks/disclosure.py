"""What a pack lets a message tell. Under `verdict`: exceptions as type and line, no values, no output.

A hand-in chooses its exception classes, their texts, the types and shapes of what it returns, so each could carry
what it read from a hidden input. What is kept are numbers, what the grader itself put in, and names that are Python's.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from labbench.results import Disclosure, Fault, Text

if TYPE_CHECKING:
    from labbench.results import Plain

#: Values that are the grader's own words; `file` is the name of a file that was handed in.
_OURS = frozenset({"expected", "limit", "asked", "signal", "file", "line"})
_HIDDEN = "…"


def told(fault: Fault, seen: Disclosure) -> Fault:
    """The fault as the pack lets it be told."""
    if seen is Disclosure.FULL:
        return fault
    return Fault(fault.verdict, Text(fault.why.key, {k: _told(k, v) for k, v in fault.why.values.items()}))


def _told(key: str, value: Plain | Text) -> Plain | Text:
    if key in _OURS or isinstance(value, int | float):
        return value
    if key in ("type", "got") and isinstance(value, str) and isinstance(vars(builtins).get(value), type):
        return value
    return _HIDDEN
