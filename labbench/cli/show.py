"""`labbench show LAB`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from labbench import catalogue
from labbench.cli.base import command as define
from labbench.results import Profile

if TYPE_CHECKING:
    from labbench.catalogue import Check, LabSpec, Limits
    from labbench.cli.app import App


@define("show", "help.show", [click.argument("lab")])
def command(app: App, lab: str) -> None:
    """Print a lab's tiers, checks, tolerances, limits, and the files to hand in."""
    from rich.table import Table

    entries = catalogue.load()
    spec = catalogue.find(entries, lab)
    app.console.print(f"{catalogue.name_of(entries, lab)}  {spec.title[app.lang]}", style="bold")
    app.console.print(spec.summary[app.lang])
    app.console.print(app.say("show.files", files=", ".join(" / ".join(catalogue.spellings(f)) for f in spec.files)))
    app.console.print(app.say("show.rule"))
    grid = Table(header_style="bold")
    for key in ("tier", "check", "profile", "tolerance", "limits"):
        grid.add_column(app.say(f"show.{key}"), overflow="fold")
    for tier in (*sorted(spec.tiers), None):
        for check in (c for c in spec.checks if c.tier == tier):
            grid.add_row(*_row(app, spec, check))
        grid.add_section()
    app.console.print(grid)
    app.console.print(f"labbench run: {_limits(app, spec.job.limits)}")


def _row(app: App, spec: LabSpec, check: Check) -> tuple[str, ...]:
    scenario = spec.scenarios[check.scenario]
    title = check.title[app.lang]
    if len(check.observe) > 1:
        title += f" ({len(check.observe)})"
    kind = getattr(check, "norm", "|Δp|")
    required = getattr(check, "required", None)
    both = app.say("show.both")
    return (
        app.say("show.note") if check.tier is None else str(check.tier),
        f"{check.id}: {title}",
        both if scenario.profile is Profile.QUICK else scenario.profile.value,
        f"{kind} ≤ {check.tolerance:g}" + (f", ≥ {required:g}×" if required else ""),
        _limits(app, scenario.limits),
    )


def _limits(app: App, limits: Limits) -> str:
    return app.say("show.limit", seconds=limits.cpu_seconds, mib=limits.memory_mib)
