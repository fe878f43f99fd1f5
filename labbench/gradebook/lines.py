"""Objects of ours as lines of JSON, in the journal and between a grader and its jobs.

Not msgspec's own JSON: NaN must come back as NaN, and a file name that is not UTF-8 as it was.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

import msgspec

_T = TypeVar("_T")


def encode(item: Any) -> bytes:
    """One line."""
    return json.dumps(msgspec.to_builtins(item)).encode() + b"\n"


def decode(line: bytes, kind: type[_T]) -> _T:
    """The object of a line.

    Raises:
        ValueError: it is none of that kind.
    """
    return msgspec.convert(json.loads(line), kind)
