"""`--without` and `--landlock-abi`: isolation weakened on purpose, to see what the other layers hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from labbench.cli.base import option
from labbench.worker.inside.layers import NAMES
from labbench.worker.inside.layers.landlock import KNOWN_ABI

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labbench.cli.app import App

#: For commands that start sessions of their own.
OPTIONS = (
    option("--without", multiple=True, type=click.Choice(NAMES), metavar="LAYER", help_key="help.without"),
    option("--landlock-abi", type=click.IntRange(1, KNOWN_ABI), metavar="N", help_key="help.landlock_abi"),
)


def settings(without: Sequence[str], landlock_abi: int | None) -> dict[str, Any]:
    """What `worker.zygote.Zygote` takes; empty if nothing is weakened."""
    capped = {} if landlock_abi is None else {"landlock_abi": landlock_abi}
    return {"off": sorted({*without}), **capped} if without else capped


def announce(app: App, weakened: dict[str, Any]) -> None:
    """Say on stderr what was weakened, so that no result is taken for this machine's own."""
    what = [app.say("isolation.without", layer=layer) for layer in weakened.get("off", ())]
    if "landlock_abi" in weakened:
        what.append(app.say("isolation.landlock_abi", abi=weakened["landlock_abi"]))
    if what:
        app.complain(app.say("isolation.weakened", what=", ".join(what)))
