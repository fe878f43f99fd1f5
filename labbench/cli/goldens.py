"""`labbench goldens build|verify|info`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from labbench.cli.app import App, lines, progress
from labbench.cli.base import PATH, group, option, refuse_others
from labbench.cli.base import command as define
from labbench.errors import ExitCode
from labbench.results import Disclosure

if TYPE_CHECKING:
    from labbench.packs import Pack

_LAB = option("--lab", required=True, help_key="help.lab")
_PACK = option("--pack", type=PATH, envvar="LABBENCH_PACK", help_key="help.pack")


command = group("goldens", "help.goldens_group")


def _build(
    app: App,
    lab: str,
    out: Path | None,
    seed: str | None,
    image: Path | None,
    weights: Path | None,
    *,
    public: bool,
    practice: bool,
    force: bool,
) -> None:
    from labbench.packs import recipes

    if practice:
        given = {"--out": out, "--seed": seed, "--image": image, "--weights": weights, "--public": public or None}
        refuse_others("labbench goldens build --practice", given, ("--lab", "--force"))
        with progress(app) as show:
            pack = recipes.build_practice(lab, show)
        _describe(app, pack)
        return
    order = recipes.Order(lab, seed, image, weights, Disclosure.FULL if public else Disclosure.VERDICT)
    with progress(app) as show:
        made = recipes.build_to(order, out or Path(f"{lab}-pack"), replace=force, progress=show)
    _describe(app, made.pack)
    app.console.print(app.say("goldens.seed", seed=made.seed), soft_wrap=True)


def _verify(app: App, lab: str, pack: Path | None) -> int:
    from labbench.packs import recipes

    with progress(app) as show:
        differences = recipes.verify_named(lab, pack, show)
    off = [d for d in differences if d.off]
    for difference in off:
        app.console.print(app.say("goldens.off", name=difference.name, error=f"{difference.error:.2e}"))
    worst, allowed = (f"{differences[0].error:.1e}", f"{differences[0].allowed:g}") if differences else ("0", "0")
    key = "goldens.differ" if off else "goldens.same"
    app.console.print(app.say(key, off=len(off), count=len(differences), worst=worst, allowed=allowed))
    return ExitCode.USAGE if off else ExitCode.DONE


def _info(app: App, lab: str, pack: Path | None) -> None:
    from labbench.packs import recipes

    _describe(app, recipes.read_named(lab, pack))


def _describe(app: App, pack: Pack) -> None:
    manifest = pack.manifest
    counts = app.say(
        "goldens.counts",
        cases=len(manifest.cases),
        goldens=sum(len(g.observations) for g in manifest.goldens),
        mistakes=len(manifest.mistakes),
        mib=f"{sum((pack.path / name).stat().st_size for name in manifest.files) / 2**20:.1f}",
    )
    rows = [
        (app.say("goldens.folder"), str(pack.path)),
        (app.say("goldens.name"), f"{manifest.name} ({manifest.lab}, {manifest.disclosure})"),
        (app.say("goldens.digest"), pack.identity.digest),
        (app.say("goldens.weights"), f"{manifest.weights_source} {manifest.weights[:16]}"),
        (app.say("goldens.content"), counts),
        (app.say("goldens.versions"), ", ".join(f"{k} {v}" for k, v in manifest.versions.items())),
    ]
    for line in lines(rows):
        app.console.print(line, soft_wrap=True)


command.add_command(
    define(
        "build",
        "help.goldens_build",
        [
            _LAB,
            option("--out", type=PATH, help_key="help.goldens_out"),
            option("--seed", help_key="help.goldens_seed"),
            option("--image", type=PATH, help_key="help.goldens_image"),
            option("--weights", type=PATH, help_key="help.weights"),
            option("--public", is_flag=True, help_key="help.goldens_public"),
            option("--practice", is_flag=True, help_key="help.goldens_practice"),
            option("--force", is_flag=True, help_key="help.goldens_force"),
        ],
    )(_build)
)
command.add_command(define("verify", "help.goldens_verify", [_LAB, _PACK])(_verify))
command.add_command(define("info", "help.goldens_info", [_LAB, _PACK])(_info))
