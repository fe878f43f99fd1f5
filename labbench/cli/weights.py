"""`labbench weights build|import|quantize|info`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from labbench.cli.app import App, lines, progress
from labbench.cli.base import PATH, group, option
from labbench.cli.base import command as define
from labbench.errors import LabbenchError

if TYPE_CHECKING:
    from PIL import Image

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

    with progress(app) as show:
        built = ensure_synthetic(show)
    _describe(app, built)


def _import(app: App, file: Path) -> None:
    from labbench.vgg.weights import import_file

    with progress(app) as show:
        imported = import_file(file, show)
    _describe(app, imported)


def _quantize(app: App, weights: Path | None, images: Path | None, out: Path, *, force: bool) -> None:
    from labbench.files import check_writable, write_atomically
    from labbench.lab3_2 import calibration
    from labbench.vgg import pictures
    from labbench.vgg import weights as store

    if out.exists() and not force:
        raise LabbenchError("output.exists", path=str(out))
    check_writable(out, weights)
    with progress(app) as show:
        found = store.resolve(weights, show)
    chosen = calibration.bundled() if images is None else [pictures.square(p) for p in _pictures(images)]
    write_atomically(out, calibration.encoded(calibration.quantise(found.path, chosen)))
    app.console.print(app.say("weights.quantized", path=str(out), count=len(chosen)), soft_wrap=True)


def _pictures(folder: Path) -> list[Image.Image]:
    """All pictures of a folder; every file there has to be one."""
    from labbench.vgg import pictures

    if not folder.is_dir():
        raise LabbenchError("weights.no_folder", path=str(folder))
    files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    if not files:
        raise LabbenchError("weights.no_pictures", path=str(folder))
    return [pictures.open_rgb(file) for file in files]


def _info(app: App) -> None:
    from labbench.vgg import weights

    found = weights.available()
    for one in found:
        _describe(app, one)
    if not found:
        app.console.print(app.say("weights.none"))


command.add_command(define("build", "help.weights_build")(_build))
command.add_command(define("import", "help.weights_import", [click.argument("file", type=PATH)])(_import))
command.add_command(
    define(
        "quantize",
        "help.weights_quantize",
        [
            option("--weights", type=PATH, help_key="help.weights"),
            option("--images", type=PATH, help_key="help.quantize_images"),
            option(
                "--out",
                type=PATH,
                default=Path("vgg19_quant_param_new.npz"),
                help_key="help.quantize_out",
            ),
            option("--force", is_flag=True, help_key="help.quantize_force"),
        ],
    )(_quantize)
)
command.add_command(define("info", "help.weights_info")(_info))
