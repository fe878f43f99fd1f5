"""Naming the known mistake that gives what a hand-in gave. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labbench.checks.closeness import relative_error, unfit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labbench.catalogue import CloseCheck
    from labbench.results import Array


def mistaken(check: CloseCheck, value: Array, known: Mapping[str, Array]) -> str | None:
    """The known mistake whose output a wrong value is, as far as the check can tell; None if it is none's.

    Args:
        check: What is asked.
        value: What the hand-in gave, finite.
        known: What known mistakes give there, by their names.
    """
    errors = {n: relative_error(value, array, check.norm) for n, array in known.items() if unfit(value, array) is None}
    nearest = min(errors, key=errors.__getitem__, default=None)
    return nearest if nearest is not None and errors[nearest] <= check.tolerance else None
