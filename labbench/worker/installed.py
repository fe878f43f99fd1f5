"""Libraries of real devices, as they are installed on the grader's machine.

Theory of operation. A session sees of the grader's packages those that it is given by name. A device's library needs
more than that: its driver opens device files, maps much address space, starts threads and may write caches. What of
the isolation would keep it from the device is left out; what is left is a process of its own with a clean environment.
It is for running one's own work, and nothing is graded so.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The layers that would keep a library from its device.
IN_THE_WAY = ("namespaces", "rlimits", "landlock", "uid", "threads", "capabilities", "seccomp")


@dataclass(frozen=True, slots=True)
class Libraries:
    """What sessions may import beside the usual packages.

    Attributes:
        folders: The folder that each lies in, by top-level name.
        variables: What they need of the grader's environment, by name.
    """

    folders: Mapping[str, str] = field(default_factory=dict)
    variables: tuple[str, ...] = ()


#: No library.
NONE = Libraries()


def find(names: Sequence[str], variables: tuple[str, ...] = ()) -> Libraries:
    """Those of the libraries that are installed, found without importing them."""
    folders = {}
    for name in names:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            origin = Path(spec.origin)
            folder = str((origin.parent if spec.submodule_search_locations is not None else origin).parent)
            # SWIG puts the extension beside its module.
            folders.update({name: folder, f"_{name}": folder})
    return Libraries(folders, variables)
