"""What a result rests on, as one digest: whatever of it changes, a hand-in is graded again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from labbench import labs, resources
from labbench.scoring import environment

if TYPE_CHECKING:
    from pathlib import Path

    from labbench.results import Level, Profile


def sources(lab: str) -> str:
    """The digest of labbench itself, of the catalogue and of the lab's plug-in, which may lie elsewhere."""
    total = hashlib.sha256()
    for folder in sorted({resources.PACKAGE, labs.load(lab).reference.resolve().parent.parent}):
        for file in sorted(folder.rglob("*")):
            if file.suffix in {".py", ".yaml", ".npz"} and file.is_file() and "_data" not in file.parts:
                _add(total, file.relative_to(folder).as_posix(), file)
    _add(total, "labs.yaml", resources.catalogue_file())
    return total.hexdigest()


def _add(total: hashlib._Hash, name: str, file: Path) -> None:
    total.update(f"{name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\0".encode())


def key(handin: str, lab: str, profile: Profile, pack: str, source: str, level: Level) -> str:
    """The key of a result.

    Args:
        handin: The digest of the hand-in's snapshot.
        lab: The lab's name.
        profile: quick or full.
        pack: The digest of a named pack, or the seed of a fresh one.
        source: `sources`.
        level: How well hand-ins are locked in here.
    """
    rests_on = [handin, lab, profile.value, pack, source, level.value, *map(str, sorted(environment().items()))]
    return hashlib.sha256("\0".join(rests_on).encode()).hexdigest()
