"""The command line: parse, call, render; no logic.

`main` is the process: its signals and its standard streams. `run`, in `command_line`, is what it does, and the one
place where errors become sentences and exit codes. Commands are found by name and imported when they are needed; none
imports numpy before it has work for it.
"""

from __future__ import annotations

import os
import signal
import sys

# Nothing more is imported here, not even typing: until `main` runs, Ctrl-C is Python's, and would show a traceback.

#: What ends a command on the way.
_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Terminated(BaseException):
    """SIGTERM or SIGHUP came. Like KeyboardInterrupt, only `run` catches it, and what is open is closed on the way."""

    def __init__(self, number: int) -> None:
        self.number = number


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    interrupt = signal.getsignal(signal.SIGINT)  # ignored, perhaps, in the background of a shell
    ends = [signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup does
        ends.append(signal.SIGHUP)
    if interrupt is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _leave)
    for number in ends:
        signal.signal(number, _leave)
    _open_standard_streams()
    from labbench import texts
    from labbench.cli.command_line import once_more, run

    texts.keys()  # all that is needed to say that one was interrupted
    sys.unraisablehook = once_more
    try:
        for number in ends:
            signal.signal(number, _terminate)
        signal.signal(signal.SIGINT, interrupt)
        code = run(sys.argv[1:] if arguments is None else arguments)
    except (KeyboardInterrupt, Terminated) as again:  # once more, while it was being said
        code = _code(again.number if isinstance(again, Terminated) else signal.SIGINT)
    # The work is done: what comes now must not look like a failure.
    for number in _ENDS:
        signal.signal(number, signal.SIG_IGN)
    if code in map(_code, _ENDS):
        os._exit(code)  # an interpreter whose imports were cut short may crash while it cleans up; streams are flushed
    raise SystemExit(code)


def _code(number: int) -> int:
    """As shells count: ExitCode.INTERRUPTED, TERMINATED or HUNG_UP."""
    return 128 + number


def _leave(number: int, _frame: object) -> None:
    """Before anything is open: at once, whatever is being imported."""
    os._exit(_code(number))


def _terminate(number: int, _frame: object) -> None:
    if number == signal.SIGHUP:
        signal.signal(number, signal.SIG_IGN)  # the shell sends another, in the midst of cleaning up
    raise Terminated(number)


def _open_standard_streams() -> None:
    """What the caller closed (`>&-`) leads nowhere: else the next file that is opened would get its number."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
