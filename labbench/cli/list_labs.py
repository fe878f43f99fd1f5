"""`labbench list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labbench import catalogue
from labbench.cli.base import command as define

if TYPE_CHECKING:
    from labbench.cli.app import App


@define("list", "help.list")
def command(app: App) -> None:
    """Print one line a lab."""
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, show_header=False)
    for name, spec in catalogue.load().labs.items():
        tiers = "/".join(str(t) for t in sorted(spec.tiers))
        grid.add_row(name, spec.title[app.lang], spec.summary[app.lang], tiers)
    app.console.print(grid)
