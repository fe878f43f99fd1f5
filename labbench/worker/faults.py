"""What a session says went wrong, and how it ended, as Faults. Every string from the other side is cleaned here."""

from __future__ import annotations

import codecs
import os
import signal
import unicodedata
from typing import TYPE_CHECKING, Any

from labbench.results import Fault, Verdict, text

if TYPE_CHECKING:
    from labbench.catalogue import Limits
    from labbench.results import Plain


def clean(untrusted: str, limit: int = 300) -> str:
    """One line without control, format or surrogate characters, at most `limit` characters long."""
    printable = "".join(" " if c in "\r\n\t" else c for c in untrusted[: 4 * limit])
    printable = "".join(c for c in printable if unicodedata.category(c)[0] != "C")
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


def from_answer(fault: Any) -> Fault:
    """The Fault for an exception that a session reports."""
    if not isinstance(fault, dict):
        return Fault(Verdict.FORBIDDEN, text("fault.protocol"))
    line = fault.get("line")
    said = {key: clean(str(fault.get(key, ""))) for key in ("type", "message", "file", "code", "owner", "missing",
                                                            "nearest")}  # fmt: skip
    place: dict[str, Plain] = {"file": said["file"], "line": line if type(line) is int else 0, "code": said["code"]}
    match fault.get("kind"):
        case "blank":
            key = "fault.blank" if place["file"] else "fault.blank_nowhere"
            return Fault(Verdict.NOT_IMPLEMENTED, text(key, **place))
        case "memory":
            return Fault(Verdict.MEMORY, text("fault.memory", message=said["message"], **place))
        case "exit":
            return Fault(Verdict.ERROR, text("fault.exit", **place))
        case "missing":
            key = "fault.missing_near" if said["nearest"] else "fault.missing"
            return Fault(Verdict.ERROR, text(key, owner=said["owner"], name=said["missing"], nearest=said["nearest"]))
        case "no_module":
            key = "fault.import" if place["file"] else "fault.no_module"
            return Fault(Verdict.ERROR, text(key, name=said["missing"], **place))
    key = "fault.exception" if place["file"] else "fault.call"
    return Fault(Verdict.ERROR, text(key, type=said["type"], message=said["message"], **place))


def from_status(status: int, limits: Limits) -> Fault:
    """The Fault for a session that ended by itself; `status` as wait(2) gives it, -1 if unknown."""
    if status < 0:
        return Fault(Verdict.FORBIDDEN, text("fault.zygote_lost"))
    if os.WIFEXITED(status):
        return Fault(Verdict.ERROR, text("fault.ended", code=os.WEXITSTATUS(status)))
    number = os.WTERMSIG(status)
    if number == signal.SIGXCPU:
        return Fault(Verdict.TIMEOUT, text("fault.cpu", limit=limits.cpu_seconds))
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = str(number)
    if number == signal.SIGKILL:
        return Fault(Verdict.MEMORY, text("fault.killed"))
    return Fault(Verdict.ERROR, text("fault.crashed", signal=name))
