"""`labbench redteam`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labbench.cli import weaken
from labbench.cli.app import status
from labbench.cli.base import command as define
from labbench.cli.base import option
from labbench.cli.streams import print_bytes
from labbench.errors import ExitCode, LabbenchError
from labbench.texts import render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labbench.cli.app import App
    from labbench.redteam import Attack, Outcome


@define(
    "redteam",
    "help.redteam",
    [
        option("--only", multiple=True, metavar="NAME", help_key="help.redteam_only"),
        *weaken.OPTIONS,
        option("--list", "as_list", is_flag=True, help_key="help.redteam_list"),
        option("--json", "as_json", is_flag=True, help_key="help.json"),
    ],
)
def command(
    app: App, only: tuple[str, ...], without: tuple[str, ...], landlock_abi: int | None, *, as_list: bool, as_json: bool
) -> int:
    """Attack a grader on this machine."""
    from labbench import redteam
    from labbench.worker.zygote import probe

    _check_names(only, redteam.attacks())
    attacks = redteam.chosen(only)
    if as_list:
        _print_list(app, attacks, as_json=as_json)
        return ExitCode.DONE
    weakened = weaken.settings(without, landlock_abi)
    weaken.announce(app, weakened)
    done = 0
    with status(app) as show:

        def tell(_: Outcome) -> None:
            nonlocal done
            done += 1
            show(app.say("redteam.running", done=done, total=len(attacks)))

        show(app.say("redteam.running", done=0, total=len(attacks)))
        outcomes = redteam.run_all(only, tell, isolation=weakened)
    won = any(o.won for o in outcomes)
    layers = probe(weakened).layers
    if as_json:
        rows = [_row(app, o) for o in outcomes]
        _print_json({"won": won, "weakened": weakened, "layers": layers, "attacks": rows})
    else:
        _print_table(app, outcomes, layers)
    return ExitCode.WEAK if won else ExitCode.DONE


def _check_names(only: Sequence[str], attacks: Sequence[Attack]) -> None:
    """Refuse a name that chooses nothing: an empty run would look like a safe machine."""
    groups = sorted({a.header.group for a in attacks})
    known = {a.name for a in attacks}.union(groups)
    for name in only:
        if name not in known:
            raise LabbenchError("redteam.unknown", name=name, groups=", ".join(groups))


def _print_list(app: App, attacks: Sequence[Attack], *, as_json: bool) -> None:
    from rich.table import Table

    if as_json:
        _print_json({"attacks": [_described(app, a) for a in attacks]})
        return
    grid = Table(header_style="bold")
    for key in ("group", "attack", "tries", "needs"):
        grid.add_column(app.say(f"redteam.{key}"), overflow="fold")
    for attack in attacks:
        always = app.say("redteam.reader" if attack.header.wrapped else "redteam.core")
        needs = ", ".join(attack.header.needs) or always
        grid.add_row(attack.header.group, attack.name, attack.title(app.lang), needs)
    app.console.print(grid)


def _print_table(app: App, outcomes: Sequence[Outcome], layers: Sequence[str]) -> None:
    from rich.table import Table
    from rich.text import Text as Styled

    grid = Table(header_style="bold")
    for key in ("group", "attack", "tries", "outcome"):
        grid.add_column(app.say(f"redteam.{key}"), overflow="fold")
    for outcome in outcomes:
        name = _name(outcome)
        style = {"won": "bold red", "stopped": "green", "not_applicable": "dim"}[name]
        said = app.say(f"redteam.outcome_{name}") + (f": {render(outcome.detail, app.lang)}" if outcome.detail else "")
        attack = outcome.attack
        grid.add_row(attack.header.group, attack.name, attack.title(app.lang), Styled(said, style))
    app.console.print(grid)
    count = {name: sum(_name(o) == name for o in outcomes) for name in ("won", "stopped", "not_applicable")}
    key = "redteam.some_won" if count["won"] else "redteam.all_stopped"
    names = ", ".join(layer.partition(" ")[0] for layer in layers)  # with what each holds: `labbench doctor`
    app.console.print(app.say(key, **count, total=len(outcomes), layers=names), soft_wrap=True)


def _name(outcome: Outcome) -> str:
    if not outcome.applicable:
        return "not_applicable"
    return "won" if outcome.won else "stopped"


def _described(app: App, attack: Attack) -> dict[str, Any]:
    return {
        "name": attack.name,
        "group": attack.header.group,
        "stake": attack.header.stake.value,
        "tries": attack.title(app.lang),
        "needs": list(attack.header.needs),
    }


def _row(app: App, outcome: Outcome) -> dict[str, Any]:
    return {
        **_described(app, outcome.attack),
        "outcome": _name(outcome),
        "verdicts": [v.value for v in outcome.verdicts],
        "detail": render(outcome.detail, app.lang) if outcome.detail is not None else None,
        "seconds": round(outcome.seconds, 3),
    }


def _print_json(content: dict[str, Any]) -> None:
    from labbench.report.json import written

    print_bytes(written(content))
