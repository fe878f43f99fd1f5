"""labs.yaml as typed objects; every error says file, line, path in the file, and what was expected.

`entries` has the types, `yamlfile` reads YAML with the line of everything in it, `reading` makes the one of the other
and checks what types cannot say.
"""

from __future__ import annotations

from labbench.catalogue.entries import (
    Catalogue,
    Check,
    CheckBase,
    ClassCheck,
    CloseCheck,
    File,
    JobSpec,
    LabSpec,
    Limits,
    Line,
    ScenarioSpec,
    SpeedupCheck,
    Words,
    find,
    name_of,
    spellings,
)
from labbench.catalogue.reading import load

__all__ = [
    "Catalogue", "Check", "CheckBase", "ClassCheck", "CloseCheck", "File", "JobSpec", "LabSpec", "Limits", "Line",
    "ScenarioSpec", "SpeedupCheck", "Words", "find", "load", "name_of", "spellings",
]  # fmt: skip
