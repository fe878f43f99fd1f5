"""`labbench init [LAB…]`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from labbench import catalogue
from labbench.cli.base import PATH, option
from labbench.cli.base import command as define

if TYPE_CHECKING:
    from labbench.cli.app import App


@define(
    "init",
    "help.init",
    [
        click.argument("labs", nargs=-1),
        option("--dir", "folder", type=PATH, default=Path(), help_key="help.init_dir"),
        option("--force", is_flag=True, help_key="help.init_force"),
    ],
)
def command(app: App, labs: tuple[str, ...], folder: Path, *, force: bool) -> None:
    """Write the stubs and the handout of some labs, of all if none is named."""
    from labbench.scaffold import check_free, scaffold

    entries = catalogue.load()
    names = dict.fromkeys([catalogue.name_of(entries, lab) for lab in labs] or entries.labs)
    if not force:
        for name in names:  # all, before the first is made
            check_free(name, folder)
    for name in names:
        made = scaffold(name, entries.labs[name], folder, force=force)
        if made.backup is not None:
            app.console.print(app.say("init.backup", path=str(made.backup)), soft_wrap=True)
        app.console.print(app.say("init.done", lab=name, path=str(made.path)), soft_wrap=True)
        app.console.print(app.say("init.next", path=str(made.path), lab=name), soft_wrap=True)
