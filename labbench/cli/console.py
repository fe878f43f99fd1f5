"""The consoles of commands: rich's, as wide as a log where there is no terminal, and unmoved when nobody reads."""

from __future__ import annotations

import shutil

from rich.console import Console

from labbench.cli.streams import leads_nowhere
from labbench.report import LOG_WIDTH


class _Steady(Console):
    def on_broken_pipe(self) -> None:
        """Nobody reads any more (`| head`): what is done goes on, and its exit code counts."""
        self.quiet = True
        leads_nowhere(self.file)


def made(*, stderr: bool) -> Console:
    """A console on stdout or stderr."""
    console = _Steady(stderr=stderr, highlight=False, emoji=False, markup=False)
    if "COLUMNS" in console._environ:  # noqa: SLF001 - rich has no public way to ask
        return console
    if not console.is_terminal:
        console.width = LOG_WIDTH
    elif console.is_dumb_terminal:  # rich takes it for one of 80 columns
        console.size = shutil.get_terminal_size()
    return console
