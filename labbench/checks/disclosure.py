"""What a pack lets a message tell. Under `verdict`: exceptions as type and line, no values, no output.

A hand-in chooses its exception classes, their texts, the types and shapes of what it returns, so each could carry
what it read from a hidden input. What is kept are numbers, what the grader itself put in, and names that are Python's.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from labbench.results import Disclosure, Fault, Text, text

if TYPE_CHECKING:
    from labbench.results import Plain

#: Values that are the grader's own words; `file` is the name of a file that was handed in.
_OURS = frozenset({"expected", "limit", "asked", "signal", "file", "line"})
_HIDDEN = "…"
#: Sentences with words of the hand-in's, and those without.
_BARE = {
    "fault.exception": "fault.exception_bare",
    "fault.call": "fault.call_bare",
    "fault.memory": "fault.memory_bare",
    "fault.blank": "fault.blank_bare",
    "fault.process": "fault.process_bare",
    "fault.exit_said": "fault.exit",
}


def told(fault: Fault, seen: Disclosure) -> Fault:
    """The fault as the pack lets it be told."""
    if seen is Disclosure.FULL:
        return fault
    key = _BARE.get(fault.why.key, fault.why.key)
    return Fault(fault.verdict, Text(key, {k: _told(k, v) for k, v in fault.why.values.items()}))


def _told(key: str, value: Plain | Text) -> Plain | Text:
    if key in _OURS or isinstance(value, int | float):
        return value
    if key in ("type", "got") and isinstance(value, str) and isinstance(vars(builtins).get(value), type):
        return value
    return text("fault.some_exception") if key == "type" else _HIDDEN
