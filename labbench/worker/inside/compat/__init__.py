"""By which hand-ins of 2020-2026 run unmodified on a current Python, and on every grader's machine alike.

`prepare` and `serve_old_names` are called once in the zygote, `install` in each forked session, before the
hand-in's first line:

- `finders`: third-party packages by name, from the folders the grader names; stand-ins for a few others;
- `source`: the hand-in's own files, decoded whatever their encoding, with `/` rewritten by `division`;
- `names`: what NumPy, Pillow and Python have dropped since;
- `files`: what a hand-in writes, in memory, since a session can write nowhere.

The help that a hand-in really used is noted in `used` by short, stable names ("np.float", "division", …), so
that a report can tell a student what no longer works elsewhere.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

from . import division, files, finders, names, source

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["install", "prepare", "run_main", "serve_old_names"]


def prepare(packages: Mapping[str, str]) -> None:
    """Make some third-party packages importable in the zygote, and nothing else of the folders they lie in.

    Args:
        packages: Top-level package name to the folder that contains it, for NumPy and whatever else a hand-in
            may import (SciPy and PIL, as a rule).
    """
    sys.meta_path.insert(0, finders.PackageFinder(packages))
    # Compiled here once rather than in each session.
    for stand_in in sorted({s.module for s in finders.STAND_INS.values() if s.module.startswith(".")}):
        importlib.import_module(stand_in, finders.__package__)


def serve_old_names(used: set[str]) -> None:
    """Serve what is the same for every hand-in, once all is imported, so that no session pays for it.

    Args:
        used: The set that `install` will be given; each fork has its own copy of it.
    """
    division.install(used)
    names.install(used)


def install(handin: str, used: set[str], clients: str = "") -> None:
    """Make a hand-in's modules importable in this session, both as `layers_1` and as `stu_upload.layers_1`.

    Args:
        handin: The hand-in's folder; its name is the package's name. `__init__.py` may be missing.
        used: Where the help that was really used is noted, for as long as the session lives.
        clients: The folder of the lab's client modules, which no file of the hand-in hides.
    """
    handin = os.path.abspath(handin)  # noqa: PTH100 - pathlib costs start-up
    parent = os.path.dirname(handin)  # noqa: PTH120
    sys.meta_path.insert(0, finders.StandInFinder(used))
    sys.path_hooks.insert(0, source.path_hook(handin, used))
    for folder in (parent, handin):
        sys.path_importer_cache.pop(folder, None)
        sys.path.insert(0, folder)
    if clients:
        names_there = {os.path.splitext(file)[0]: clients for file in os.listdir(clients)}  # noqa: PTH122, PTH208
        sys.meta_path.insert(0, finders.PackageFinder(names_there))
    files.install(used)


def run_main(path: str) -> None:
    """Run a file of the hand-in as `python path` would.

    Args:
        path: A `.py` file in the installed hand-in's folder.

    Raises:
        BaseException: Whatever the file raises, `SystemExit` included.
    """
    source.run_main(path)
