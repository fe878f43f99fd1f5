"""`labbench run LAB`."""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labbench.cli.app import progress
from labbench.cli.base import PATH, option, refuse_others
from labbench.cli.base import command as define
from labbench.errors import ExitCode
from labbench.texts import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labbench.cli.app import App
    from labbench.labs import Classification, Inference, Lab, Transfer
    from labbench.running import Assignment
    from labbench.texts import Text

#: Options that every job takes, and those of one kind of job.
_COMMON = ("--submission", "--weights")
_OF_CLASSIFICATION = ("--image",)
_OF_INFERENCE = ("--image", "--file-list", "--cpu-time", "--device")
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


class Seconds(click.ParamType[Any]):
    """A duration that can be divided by."""

    name = "seconds, above 0"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds < math.inf:
            self.fail(str(value), param, ctx)
        return seconds


@define(
    "run",
    "help.run",
    [
        click.argument("lab"),
        option("--submission", type=PATH, default=Path(), help_key="help.submission"),
        option("--image", type=PATH, help_key="help.image"),
        option("--file-list", type=PATH, help_key="help.file_list"),
        option("--cpu-time", type=Seconds(), metavar="SECONDS", help_key="help.cpu_time"),
        option("--device", type=click.Choice(["emulated", "real"]), help_key="help.device"),
        option("--content", type=PATH, help_key="help.content"),
        option("--style", type=PATH, help_key="help.style"),
        option("--steps", type=click.IntRange(1, 10_000), metavar="N", help_key="help.steps"),
        option("--size", type=Size(), metavar="HxW", help_key="help.size"),
        option("--out", type=PATH, help_key="help.out"),
        option("--weights", type=PATH, help_key="help.weights"),
        option("--main", "as_main", is_flag=True, help_key="help.main"),
    ],
)
def command(
    app: App,
    lab: str,
    submission: Path,
    image: Path | None,
    file_list: Path | None,
    cpu_time: float | None,
    device: str | None,
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
    from labbench import handin, labs
    from labbench.cli import run_inference, run_transfer
    from labbench.cli.run_classification import classify
    from labbench.running import Assignment
    from labbench.vgg import pictures
    from labbench.vgg import weights as store

    plugin, spec = labs.find(lab)
    given = {"--image": image, "--file-list": file_list, "--cpu-time": cpu_time, "--device": device,
             "--content": content, "--style": style, "--steps": steps, "--size": size, "--out": out}  # fmt: skip
    _refuse_others(plugin, given, as_main=as_main)
    # What is wrong with them shows now, and not when the weights are built.
    handin.check(submission, spec.files)
    for picture in (image, content, style):
        if picture is not None:
            pictures.open_rgb(picture)
    with progress(app) as show:
        found = store.resolve(weights, show)

    def tell(remark: Text) -> None:
        app.remarks.print(render(remark, app.lang), style="dim", soft_wrap=True)

    what = Assignment(plugin, spec, submission, found.path, on_remark=tell)
    if device == "real":
        what = run_inference.on_real_device(app, what)
    if as_main:
        return _run_main(app, what)
    if isinstance(plugin.job, labs.Transfer):
        code = run_transfer.transfer(app, what, run_transfer.Request(content, style, steps, size, out))
    elif isinstance(plugin.job, labs.Inference):
        code = run_inference.infer(app, what, run_inference.Request(image, file_list, cpu_time))
    else:
        code = classify(app, what, image)
    if found.source == "synthetic":
        app.remarks.print(app.say("run.synthetic"), style="dim", soft_wrap=True)
    return code


def _refuse_others(plugin: Lab, given: Mapping[str, object], *, as_main: bool) -> None:
    """Refuse options of other jobs."""
    command, takes = f"labbench run {plugin.name}", _options(plugin.job)
    if as_main:
        command, takes = f"{command} --main", tuple(name for name in takes if name == "--device")
    refuse_others(command, given, (*takes, *_COMMON))


def _options(job: Classification | Transfer | Inference | None) -> tuple[str, ...]:
    from labbench import labs

    match job:
        case labs.Transfer():
            return _OF_TRANSFER
        case labs.Inference():
            return _OF_INFERENCE
        case labs.Classification():
            return _OF_CLASSIFICATION
    return ()


def _run_main(app: App, what: Assignment) -> int:
    from labbench.running import run_file
    from labbench.texts.untrusted import Cleaner

    cleaner = Cleaner()

    def echo(data: bytes) -> None:
        sys.stdout.write(cleaner.feed(data))
        sys.stdout.flush()

    fault = run_file(what, echo)
    if fault is None:
        return ExitCode.DONE
    app.complain(render(fault.why, app.lang))
    return ExitCode.BELOW
