"""What a layer is, and what it says when it cannot be had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: Plain data from the grader: see `prepare` and `apply` in this package.
Config = dict[str, Any]
Request = dict[str, Any]


class Unavailable(Exception):  # noqa: N818 - a state of this machine, nobody's mistake
    """A layer cannot be had here; the reason in a few words."""


class LayerError(Exception):
    """A layer failed in a session although it worked when it was prepared."""


def _nothing() -> None:
    pass


def _nothing_ahead(_request: Request) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer, ready to be put on.

    Attributes:
        detail: What it holds here, for people.
        apply: Puts it on in a forked session, for good; raises OSError or LayerError if that fails.
        check: Run in a throw-away child right after `apply`; raises Unavailable if it does not hold.
        weaker: What to try instead if it cannot be had.
        foresee: Run in the zygote before it forks a session, to build there what later sessions can use as well;
            raises OSError.
    """

    detail: str
    apply: Callable[[Request], None]
    check: Callable[[], None] = _nothing
    weaker: Layer | None = None
    foresee: Callable[[Request], None] = _nothing_ahead
