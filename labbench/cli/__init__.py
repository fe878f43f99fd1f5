"""The command line: parse, call, render; no logic.

`main` is the one place where errors become sentences and exit codes. Commands are found by name and imported
when they are needed; none imports numpy before it has work for it.
"""

from __future__ import annotations

import os
import sys

import click

from labbench.cli.app import App, say_usage
from labbench.cli.base import ROOT
from labbench.errors import ExitCode, LabbenchError
from labbench.texts import render


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    raise SystemExit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    app = App.from_environment(arguments)
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
    except BrokenPipeError:
        # The reader has gone (`| head`): nobody is left to tell. Python must not try to flush once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except Exception as error:
        if os.environ.get("LABBENCH_DEBUG"):
            raise
        app.complain(app.say("cli.internal", type=type(error).__name__, reason=str(error)[:300]))
        return ExitCode.INTERNAL
