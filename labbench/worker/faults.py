"""What a session says went wrong, and how it ended, as Faults. Every string from the other side is cleaned here."""

from __future__ import annotations

import errno
import os
import signal
from typing import TYPE_CHECKING, Any

from labbench.results import Fault, Verdict, text
from labbench.texts.untrusted import clean

if TYPE_CHECKING:
    from pathlib import Path

    from labbench.catalogue import Limits
    from labbench.results import Plain, Text


#: How much of what a session says of an exception is kept, in characters.
_SAID = {"type": 60, "message": 300, "file": 100, "code": 300, "owner": 100, "missing": 100, "nearest": 100}
_LAST_LINE = 10**7


def names(package: Path) -> frozenset[str]:
    """The names of a hand-in's files, as messages may show them."""
    return frozenset(clean(path.name) for path in package.rglob("*.py"))


def protocol() -> Fault:
    """The Fault for what is not an answer."""
    return Fault(Verdict.FORBIDDEN, text("fault.protocol"))


def from_answer(fault: Any, asked: str, files: frozenset[str]) -> Fault:
    """The Fault for an exception that a session reports, having been asked for `asked`."""
    if not isinstance(fault, dict):
        return protocol()
    said = {key: clean(fault[key], limit) if isinstance(fault.get(key), str) else "" for key, limit in _SAID.items()}
    line = fault.get("line")
    known = type(line) is int and 0 < line < _LAST_LINE
    # Only names of files that were handed in: a hand-in may compile code under any name.
    file = said["file"] if said["file"] in files else ""
    place: dict[str, Plain] = {"file": file, "line": line if known else 0, "code": said["code"]}
    match fault.get("kind"):
        case "blank":
            key = "fault.blank" if place["file"] else "fault.blank_nowhere"
            return Fault(Verdict.NOT_IMPLEMENTED, text(key, **place))
        case "memory":
            key = "fault.memory" if place["file"] else "fault.memory_nowhere"
            return Fault(Verdict.MEMORY, text(key, message=said["message"], **place))
        case "exit":
            return Fault(Verdict.ERROR, _exit(said["message"], place))
        case "process":
            return Fault(Verdict.ERROR, text("fault.process" if place["file"] else "fault.process_nowhere", **place))
        case "missing":
            key = "fault.missing_near" if said["nearest"] else "fault.missing"
            owner = said["owner"].rpartition(".")[2]
            return Fault(Verdict.ERROR, text(key, owner=owner, name=said["missing"], nearest=said["nearest"]))
        case "no_module":
            if place["file"]:
                return Fault(Verdict.ERROR, text("fault.import", name=said["missing"], **place))
            return Fault(Verdict.ERROR, text("fault.no_module", name=said["missing"].rpartition(".")[2]))
    what: dict[str, Plain] = {"type": said["type"] or "Exception", "message": said["message"]}
    if place["file"]:
        return Fault(Verdict.ERROR, text("fault.exception", **what, **place))
    return Fault(Verdict.ERROR, text("fault.call", asked=clean(asked), **what))


def _exit(said: str, place: dict[str, Plain]) -> Text:
    """sys.exit("no such file") says why, and so does a device's library that ends the process; sys.exit(1) does not."""
    if not place["file"]:
        return text("fault.exit_nowhere")
    if said in ("", "None") or said.lstrip("-").isdecimal():
        return text("fault.exit", **place)
    return text("fault.exit_said", message=said, **place)


def from_status(status: int, cpu_seconds: float, limits: Limits) -> Fault:
    """The Fault for a session that ended by itself, after that much; `status` as wait(2) gives it, -1 if unknown."""
    if status < 0:
        return Fault(Verdict.FORBIDDEN, text("fault.zygote_lost"))
    if os.WIFEXITED(status):
        match os.WEXITSTATUS(status):
            case errno.ENOMEM:
                return Fault(Verdict.MEMORY, text("fault.memory_nowhere"))
            case errno.EPIPE:
                return protocol()
            case code:
                return Fault(Verdict.ERROR, text("fault.ended", code=code))
    number = os.WTERMSIG(status)
    if number == signal.SIGXCPU and cpu_seconds > limits.cpu_seconds:  # it may send itself one
        return Fault(Verdict.TIMEOUT, text("fault.cpu", limit=limits.cpu_seconds))
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = str(number)
    if number == signal.SIGKILL:
        return Fault(Verdict.MEMORY, text("fault.killed"))
    return Fault(Verdict.ERROR, text("fault.crashed", signal=name))
