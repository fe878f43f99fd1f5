"""Known mistakes of lab 3-3."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labbench.labs import Mistake

MISTAKES: tuple[Mistake, ...] = ()
