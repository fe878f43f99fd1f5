"""`labbench schema KIND`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from labbench.cli.base import command as define
from labbench.cli.streams import print_bytes
from labbench.errors import LabbenchError, suggestion

if TYPE_CHECKING:
    from labbench.cli.app import App

_KINDS = ("scorecard", "gradebook")


@define("schema", "help.schema", [click.argument("kind", default=_KINDS[0])])
def command(app: App, kind: str) -> None:  # noqa: ARG001 - it says nothing in any language
    """Print a JSON Schema."""
    from labbench.report import json

    if kind not in _KINDS:
        raise LabbenchError("schema.unknown", kind=kind, known=suggestion(kind, _KINDS))
    print_bytes(json.schema(kind))
