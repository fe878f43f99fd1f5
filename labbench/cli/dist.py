"""`labbench dist gradescope`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from labbench.cli.base import PATH, group, option
from labbench.cli.base import command as define
from labbench.results import Profile

if TYPE_CHECKING:
    from labbench.cli.app import App

command = group("dist", "help.dist_group")


def _gradescope(app: App, lab: str, pack: Path | None, output: Path | None, *, quick: bool, allow_weak: bool) -> None:
    from labbench import bundle, catalogue, packs
    from labbench.files import check_writable, write_atomically

    name = catalogue.name_of(catalogue.load(), lab)
    if pack is not None:
        packs.read(pack, name)  # what is broken shows here and not to every student
    target = output or Path(f"gradescope-{name}.zip")
    check_writable(target)
    profile = Profile.QUICK if quick else Profile.FULL
    write_atomically(target, bundle.gradescope(name, profile, pack, app.lang.value, allow_weak=allow_weak))
    app.console.print(app.say("dist.gradescope", path=str(target)), soft_wrap=True)
    if pack is not None:
        app.console.print(app.say("dist.secret", path=str(target)), soft_wrap=True)


command.add_command(
    define(
        "gradescope",
        "help.dist_gradescope",
        [
            option("--lab", required=True, help_key="help.lab"),
            option("--quick/--full", "quick", default=True, help_key="help.quick"),
            option("--pack", type=PATH, envvar="LABBENCH_PACK", help_key="help.pack"),
            option("--output", type=PATH, help_key="help.dist_output"),
            option("--allow-weak", is_flag=True, help_key="help.allow_weak"),
        ],
    )(_gradescope)
)
