"""Which isolation layers are active around a session on this machine."""

from __future__ import annotations

import sys

from labbench.results import Isolation, Level


def active() -> Isolation:
    """What every session here is locked in with: its own process, clean environment, limits, deadlines."""
    layers = ["process", "environment", "deadline", "rlimits"]
    if sys.platform == "linux":
        layers.append("parent-death signal")
    return Isolation(Level.LIMITED, tuple(layers))
