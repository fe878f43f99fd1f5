"""What every `labbench run` ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labbench.cli.app import App
    from labbench.worker.session import Exit


def printed(app: App, end: Exit) -> None:
    """The help that old code needed, and what the hand-in printed."""
    if end.used:
        app.console.print(app.say("note.compat", used=", ".join(end.used)), style="dim")
    if end.output.strip():
        app.console.print(app.say("run.printed"), style="dim")
        app.console.print(end.output.rstrip(), style="dim")
