"""What every `labbench run` ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labbench.texts import render
from labbench.worker.habits import helped

if TYPE_CHECKING:
    from labbench.cli.app import App
    from labbench.worker.session import Exit


def printed(app: App, end: Exit) -> None:
    """The help that old code needed, and what the hand-in printed."""
    if end.used:
        app.console.print(render(helped(end.used), app.lang), style="dim")
    if end.output.strip():
        app.console.print(app.say("run.printed"), style="dim")
        app.console.print(end.output.rstrip(), style="dim")
