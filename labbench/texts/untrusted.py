"""Words of others, made fit to be shown: what a session says, what a file is called."""

from __future__ import annotations

import codecs
import re
import unicodedata

#: The start of what GitHub Actions takes for a command when it stands in a log, however the line is wrapped. No command
#: is called like the C++ types in the messages of SWIG.
_LOG_COMMAND = re.compile(
    r"::(?!(?:vector|allocator|string|value_type|difference_type|QuantParam)\b)(?=[A-Za-z])|##(?=\[)"
)


def clean(untrusted: str, limit: int = 300) -> str:
    """One line without control, format or surrogate characters or log commands, at most `limit` characters long."""
    printable = "".join(" " if c.isspace() else c for c in untrusted[: 4 * limit])
    printable = "".join(c for c in printable if unicodedata.category(c)[0] != "C")
    printable = _LOG_COMMAND.sub(lambda found: " ".join(found[0]), printable)
    return printable if len(printable) <= limit else printable[: limit - 1] + "…"


def clean_block(untrusted: str) -> str:
    """Like `clean`, for several lines."""
    return "\n".join(clean(line, 500) for line in untrusted.splitlines()[:2000])


class Cleaner:
    """Untrusted output as text that a terminal may be given, piece by piece: no control or format characters."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes) -> str:
        """The next piece."""
        return "".join(c for c in self._decoder.decode(data) if c in "\n\t" or unicodedata.category(c)[0] != "C")
