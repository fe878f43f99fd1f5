"""`labbench doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labbench.cli import weaken
from labbench.cli.base import command as define
from labbench.cli.base import option
from labbench.cli.streams import print_bytes
from labbench.errors import ExitCode
from labbench.texts import render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labbench.cli.app import App
    from labbench.doctor import Examination
    from labbench.doctor.machine import Finding


@define("doctor", "help.doctor", [*weaken.OPTIONS, option("--json", "as_json", is_flag=True, help_key="help.json")])
def command(app: App, without: tuple[str, ...], landlock_abi: int | None, *, as_json: bool) -> int:
    """Look at this machine."""
    from labbench.doctor import examine

    weakened = weaken.settings(without, landlock_abi)
    weaken.announce(app, weakened)
    seen = examine(weakened)
    if as_json:
        from labbench.report.json import written

        print_bytes(written(_object(app, seen, weakened)))
    else:
        _print(app, seen.findings)
        app.console.print(app.say("doctor.signs"), soft_wrap=True)
        if seen.strong:
            app.console.print(app.say("doctor.strong"), style="green", soft_wrap=True)
    return ExitCode.DONE if seen.strong else ExitCode.WEAK


def _object(app: App, seen: Examination, weakened: dict[str, Any]) -> dict[str, Any]:
    rows = [
        {"topic": f.topic, "value": f.value, "fine": f.fine,
         "advice": None if f.fine or f.advice is None else render(f.advice, app.lang)}
        for f in seen.findings
    ]  # fmt: skip
    return {"strong": seen.strong, "weakened": weakened, "isolation": seen.isolation, "findings": rows}


def _print(app: App, findings: Sequence[Finding]) -> None:
    width = max(len(finding.topic) for finding in findings)
    for finding in findings:
        mark, style = ("ok", "green") if finding.fine else ("!!", "red")
        app.console.print(f"{mark:<3}", style=style, end="")
        app.console.print(f"{finding.topic:<{width}} {finding.value}", soft_wrap=True)
        if not finding.fine and finding.advice is not None:
            app.console.print(f"   → {render(finding.advice, app.lang)}", style="yellow", soft_wrap=True)
