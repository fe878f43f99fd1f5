"""`labbench run LAB`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labbench.cli.app import progress
from labbench.cli.base import command as define
from labbench.cli.base import option
from labbench.errors import ExitCode, LabbenchError
from labbench.texts import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labbench.cli.app import App
    from labbench.labs import Classification, Transfer
    from labbench.running import Assignment

_FILE = click.Path(path_type=Path)
#: Options that every job takes, and those of one kind of job.
_COMMON = ("--submission", "--weights")
_OF_CLASSIFICATION = ("--image",)
_OF_TRANSFER = ("--content", "--style", "--steps", "--size", "--out")


class Size(click.ParamType[Any]):
    """Height × width of a picture: VGG19 halves it five times, and above the limit its features fill the memory."""

    least, most = 32, 1024
    name = f"HxW, {least}–{most}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """(height, width)."""
        found = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", str(value).strip().lower(), re.ASCII)
        if found is None or not all(self.least <= int(side) <= self.most for side in found.groups()):
            self.fail(str(value), param, ctx)
        return int(found[1]), int(found[2])


@define(
    "run",
    "help.run",
    [
        click.argument("lab"),
        option("--submission", type=_FILE, default=Path(), help_key="help.submission"),
        option("--image", type=_FILE, help_key="help.image"),
        option("--content", type=_FILE, help_key="help.content"),
        option("--style", type=_FILE, help_key="help.style"),
        option("--steps", type=click.IntRange(1, 10_000), metavar="N", help_key="help.steps"),
        option("--size", type=Size(), metavar="HxW", help_key="help.size"),
        option("--out", type=_FILE, help_key="help.out"),
        option("--weights", type=_FILE, help_key="help.weights"),
        option("--main", "as_main", is_flag=True, help_key="help.main"),
    ],
)
def command(
    app: App,
    lab: str,
    submission: Path,
    image: Path | None,
    content: Path | None,
    style: Path | None,
    steps: int | None,
    size: tuple[int, int] | None,
    out: Path | None,
    weights: Path | None,
    *,
    as_main: bool,
) -> int:
    """Do the lab's main job with the student's code."""
    from labbench import catalogue, labs
    from labbench.cli.run_classification import classify
    from labbench.cli.run_transfer import Order, transfer
    from labbench.running import Assignment
    from labbench.vgg import weights as store

    entries = catalogue.load()
    name = catalogue.name_of(entries, lab)
    plugin = labs.load(name)
    given = {"--image": image, "--content": content, "--style": style, "--steps": steps, "--size": size, "--out": out}
    _refuse_others(name, None if as_main else plugin.job, given)
    show = progress(app)
    found = store.resolve(weights, show) if weights is not None else store.preferred(show)
    what = Assignment(plugin, entries.labs[name], submission, found.path)
    if as_main:
        return _run_main(app, what)
    if isinstance(plugin.job, labs.Transfer):
        code = transfer(app, what, Order(content, style, steps, size, out))
    else:
        code = classify(app, what, image)
    if found.source == "synthetic":
        app.remarks.print(app.say("run.synthetic"), style="dim", soft_wrap=True)
    return code


def _refuse_others(lab: str, job: Classification | Transfer | None, given: Mapping[str, object]) -> None:
    """Options that the job does not take would be ignored."""
    from labbench import labs

    own = () if job is None else _OF_TRANSFER if isinstance(job, labs.Transfer) else _OF_CLASSIFICATION
    for name, value in given.items():
        if value is not None and name not in own:
            command = f"labbench run {lab}" if job is not None else f"labbench run {lab} --main"
            raise LabbenchError("run.other_option", option=name, command=command, known=", ".join((*own, *_COMMON)))


def _run_main(app: App, what: Assignment) -> int:
    from labbench.running import run_file
    from labbench.worker.faults import Cleaner

    cleaner = Cleaner()

    def echo(data: bytes) -> None:
        sys.stdout.write(cleaner.feed(data))
        sys.stdout.flush()

    fault = run_file(what, echo)
    if fault is None:
        return ExitCode.DONE
    app.complain(render(fault.why, app.lang))
    return ExitCode.BELOW
