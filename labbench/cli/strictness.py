"""How well hand-ins must be locked in: the options of every command that grades."""

from __future__ import annotations

import click

from labbench.cli.base import option
from labbench.results import Level

#: `--require-sandbox` and `--allow-weak`, as `required` and `allow_weak`; see `labbench.policy`.
STRICTNESS = (
    option(
        "--require-sandbox",
        "required",
        type=click.Choice([level.value for level in Level]),
        envvar="LABBENCH_REQUIRE_SANDBOX",
        help_key="help.require_sandbox",
    ),
    option("--allow-weak", is_flag=True, help_key="help.allow_weak"),
)
