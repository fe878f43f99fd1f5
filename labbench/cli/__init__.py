"""The command line: parse, call, render; no logic.

`main` is the one place where errors become sentences and exit codes. Commands are found by name and imported
when they are needed; none imports numpy before it has work for it.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from labbench.cli.app import App, nobody_reads, say_usage
from labbench.cli.base import ROOT
from labbench.errors import ExitCode, LabbenchError
from labbench.texts import render

if TYPE_CHECKING:
    from types import FrameType


class Terminated(BaseException):
    """SIGTERM came. Like KeyboardInterrupt, nobody but `run` catches it, and what is open is closed on the way."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    signal.signal(signal.SIGTERM, _terminate)
    code = run(sys.argv[1:] if arguments is None else arguments)
    # The work is done: what comes now must not look like a failure.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise SystemExit(code)


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated


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
    except LabbenchError as error:
        app.complain(render(error.text, app.lang))
        return error.exit_code
    except click.ClickException as error:
        app.complain(say_usage(error, app.lang))
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        app.complain(app.say("cli.interrupted"))
        return ExitCode.INTERRUPTED
    except Terminated:
        app.complain(app.say("cli.terminated"))
        return ExitCode.TERMINATED
    except (BrokenPipeError, SystemExit):  # click and rich make the one into the other
        nobody_reads()
        return ExitCode.DONE
    except Exception as error:
        if os.environ.get("LABBENCH_DEBUG"):
            raise
        app.complain(app.say("cli.internal", type=type(error).__name__, reason=str(error)[:300]))
        return ExitCode.INTERNAL
