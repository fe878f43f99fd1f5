"""`labbench weights build|import|info`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from labbench.cli.app import App, lines, progress
from labbench.cli.base import command as define
from labbench.cli.base import group

if TYPE_CHECKING:
    from labbench.vgg.weights import Weights


command = group("weights", "help.weights_group")


def _describe(app: App, weights: Weights) -> None:
    rows = [
        (app.say("weights.source"), app.say(f"weights.{weights.source}")),
        (app.say("weights.file"), str(weights.path)),
        (app.say("weights.digest"), weights.digest),
        (app.say("weights.size"), f"{weights.path.stat().st_size / 2**20:.0f} MiB"),
    ]
    for line in lines(rows):
        app.console.print(line, soft_wrap=True)


def _build(app: App) -> None:
    from labbench.vgg.weights import ensure_synthetic

    _describe(app, ensure_synthetic(progress(app)))


def _import(app: App, file: Path) -> None:
    from labbench.vgg.weights import import_file

    _describe(app, import_file(file, progress(app)))


def _info(app: App) -> None:
    from labbench.vgg import weights

    found = weights.available()
    for one in found:
        _describe(app, one)
    if not found:
        app.console.print(app.say("weights.none"))


command.add_command(define("build", "help.weights_build")(_build))
command.add_command(
    define("import", "help.weights_import", [click.argument("file", type=click.Path(path_type=Path))])(_import)
)
command.add_command(define("info", "help.weights_info")(_info))
