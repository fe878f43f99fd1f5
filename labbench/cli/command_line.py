"""One command line: what goes wrong in it becomes one sentence and an exit code."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
from contextlib import suppress
from tempfile import gettempdir

import click

from labbench.cli import Terminated
from labbench.cli.app import App, say_usage
from labbench.cli.base import ROOT
from labbench.cli.streams import leads_nowhere
from labbench.errors import ExitCode, LabbenchError, reason, unexpected
from labbench.texts import render

#: Refusals of the system that are the machine's state, not a fault of ours.
_STATES = frozenset({
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE, errno.ENFILE,
    errno.ENOMEM, errno.EAGAIN, errno.ESTALE, errno.ENAMETOOLONG, errno.ELOOP, errno.EFBIG,
})  # fmt: skip


def run(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    app = App.from_environment(arguments)
    for stream in (sys.stdout, sys.stderr):  # a terminal without Chinese must not end a grading
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = ROOT.main(arguments, prog_name="labbench", standalone_mode=False, obj=app)
        sys.stdout.flush()
        return int(code or ExitCode.DONE)
    except (click.Abort, KeyboardInterrupt):
        _only_once(signal.SIGINT)
        _flush()
        app.complain(app.say("cli.interrupted"))
        return ExitCode.INTERRUPTED
    except Terminated as ended:
        number = signal.Signals(ended.number)
        _only_once(number)
        _flush()
        app.complain(app.say("cli.terminated", signal=number.name))
        return ExitCode(128 + number)
    except (BrokenPipeError, SystemExit):  # click makes the one into the other
        leads_nowhere(sys.stdout)
        return ExitCode.DONE
    except Exception as error:
        if os.environ.get("LABBENCH_DEBUG") and not isinstance(error, LabbenchError | click.ClickException):
            raise
        sentence, code = _said(error, app)
        app.complain(sentence)
        return code


def _said(error: Exception, app: App) -> tuple[str, ExitCode]:
    """The sentence and the exit code of an error."""
    match error:
        case LabbenchError():
            return render(error.text, app.lang), error.exit_code
        case click.ClickException():
            return say_usage(error, app.lang), ExitCode.USAGE
        case MemoryError():
            return app.say("cli.no_memory"), ExitCode.USAGE
        case OSError() if error.errno in _STATES:
            _flush()
            leads_nowhere(sys.stdout)  # perhaps it was this one; Python would try again, and fail again, at the end
            if error.filename:
                return app.say("cli.refused", place=str(error.filename), reason=reason(error)), ExitCode.USAGE
            return app.say("cli.not_written", reason=reason(error), folder=gettempdir()), ExitCode.USAGE
    return render(unexpected(error), app.lang), ExitCode.INTERNAL


def once_more(lost: sys.UnraisableHookArgs) -> None:
    """A Ctrl-C that came where Python cannot raise it (in a `__del__`, say) comes again in a moment."""
    numbers: dict[type[BaseException], int] = {KeyboardInterrupt: signal.SIGINT, Terminated: signal.SIGTERM}
    if (number := numbers.get(lost.exc_type)) is None:
        sys.__unraisablehook__(lost)
    else:
        main = threading.main_thread().ident or 0
        # To the main thread: what it sleeps in ends only by a signal of its own.
        threading.Timer(0.01, signal.pthread_kill, (main, number)).start()


def _flush() -> None:
    with suppress(OSError, ValueError):
        sys.stdout.flush()


def _only_once(number: signal.Signals) -> None:
    """Another Ctrl-C must not make a traceback of the sentence."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(number, signal.SIG_IGN)
