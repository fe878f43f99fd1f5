"""What a pack lets a message tell. Under `verdict`: exceptions as type and line, no values, no output."""

from __future__ import annotations

from labbench.results import Disclosure, Fault, Text

#: Values of a fault's text that may carry what the hand-in read from a hidden input.
_HIDDEN = ("message", "code")


def told(fault: Fault, seen: Disclosure) -> Fault:
    """The fault as the pack lets it be told."""
    if seen is Disclosure.FULL:
        return fault
    values = {k: "" if k in _HIDDEN else v for k, v in fault.why.values.items()}
    return Fault(fault.verdict, Text(fault.why.key, values))
