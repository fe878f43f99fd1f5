"""How well hand-ins are locked in here, from what the zygote found by doing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labbench.results import Isolation, Level

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What hidden goldens need: files, processes and the network out of reach, and bounds on what is used.
REQUIRED = frozenset({"rlimits", "landlock", "seccomp"})


def describe(found: Mapping[str, Mapping[str, str]]) -> Isolation:
    """The isolation that a zygote reports: {"active": {name: detail}, "inactive": {name: reason}}."""
    active, inactive = found["active"], found["inactive"]
    level = Level.STRONG if active.keys() >= REQUIRED else Level.LIMITED
    return Isolation(
        level,
        tuple(f"{name} {detail}".strip() for name, detail in active.items()),
        tuple(f"{name}: {reason}" for name, reason in inactive.items()),
    )
