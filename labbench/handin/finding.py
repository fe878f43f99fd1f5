"""Where in a hand-in its package is: `stu_upload/`, or the files themselves, at any sensible depth."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labbench import inputs
from labbench.catalogue import spellings
from labbench.errors import LabbenchError
from labbench.handin import limits
from labbench.handin.kinds import ARCHIVE_NAMES
from labbench.texts.untrusted import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from labbench.catalogue import File

#: What the course calls the folder.
PACKAGE = "stu_upload"
#: How many candidates are named at most.
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of a hand-in.

    Attributes:
        path: Where it is.
        depth: How far below the top.
        files: Names of what is neither folder nor junk, links included.
        folders: Names of the folders in it, junk left out.
        error: Why it cannot be read.
    """

    path: Path
    depth: int
    files: frozenset[str] = frozenset()
    folders: tuple[str, ...] = ()
    error: OSError | None = None

    @property
    def named(self) -> bool:
        """Whether it is called what the course asks for."""
        return self.path.name == PACKAGE

    def held(self, files: Sequence[File]) -> tuple[str, ...]:
        """Those of the lab's files that are there, each under the first of its names."""
        there = ([n for n in spellings(f) if n in self.files] for f in files)
        return tuple(found[0] for found in there if found)


@dataclass(frozen=True, slots=True)
class Found:
    """The package, and what else it could have been.

    Attributes:
        folder: Its folder.
        held: Those of the lab's files that are in it, or something of that name.
        candidates: If others hold the lab's files too, with other content: it and those, relative to the top.
    """

    folder: Path
    held: tuple[str, ...]
    candidates: tuple[str, ...]


def look(top: Path) -> tuple[Folder, ...]:
    """The folder `top` and those below it that may be a hand-in, as far as the limits go; what is near comes first.

    Raises:
        OSError: `top` cannot be read.
    """
    found = [_folder(top, 0)]
    if (error := found[0].error) is not None:
        raise error
    for folder in found:  # which grows as it goes
        if folder.depth < limits.MAX_DEPTH:
            below = (_folder(folder.path / name, folder.depth + 1) for name in folder.folders)
            # A virtual environment is nobody's hand-in.
            found += [f for f in below if "pyvenv.cfg" not in f.files]
        if len(found) > limits.MAX_FOLDERS:
            break
    return tuple(found)


def _folder(path: Path, depth: int) -> Folder:
    try:
        with os.scandir(path) as entries:
            kept = {e.name: e.is_dir(follow_symlinks=False) for e in entries if not limits.is_junk(e.name)}
    except OSError as error:
        return Folder(path, depth, error=error)
    folders = sorted(name for name, is_folder in kept.items() if is_folder)
    return Folder(path, depth, frozenset(kept) - frozenset(folders), tuple(folders))


def find_package(folders: Sequence[Folder], files: Sequence[File], shown: str) -> Found | None:
    """The folder that holds the most of the lab's files; of several, the one nearest to the top that is called right.

    Args:
        folders: Those of a hand-in, its top first.
        files: The lab's.
        shown: What the hand-in is called in messages.

    Raises:
        LabbenchError: it cannot be told which of two is meant.
    """
    top = folders[0].path
    holding = [f for f in folders if f.held(files)]
    if not holding:
        return None
    best, *rest = sorted(holding, key=lambda f: (-len(f.held(files)), f.depth, not f.named, f.path))
    equals = [f for f in rest if len(f.held(files)) == len(best.held(files)) and not _alike(best, f, files)]
    unclear = [f for f in equals if not _clearer(best, f)]
    if unclear:
        listed = ", ".join(_within(top, f) for f in [best, *unclear][:_NAMED])
        raise LabbenchError("handin.two_packages", path=shown, folders=listed)
    lesser = [f for f in rest if f.named and not best.named and f not in equals and not _alike(best, f, files)]
    others = equals + lesser
    candidates = [best, *others][:_NAMED] if others else []
    return Found(best.path, best.held(files), tuple(_within(top, f) for f in candidates))


def _clearer(best: Folder, other: Folder) -> bool:
    """Whether nothing speaks for the other: it is not called better, and it lies deeper or is called worse."""
    return best.named >= other.named and (best.depth < other.depth or best.named > other.named)


def _within(top: Path, folder: Folder) -> str:
    return clean(f"{folder.path.relative_to(top)}/")


def _alike(first: Folder, second: Folder, files: Sequence[File]) -> bool:
    """Whether they hold the same files with the same content."""
    held = first.held(files)
    return held == second.held(files) and all(_content(first.path / n) == _content(second.path / n) for n in held)


def _content(path: Path) -> bytes | str:
    """A file's content; of what is none, its path, which is like no other."""
    try:
        with inputs.opened(path, follow=False) as file:
            return file.read(limits.MAX_BYTES)
    except OSError:
        return str(path)


def archives(folders: Sequence[Folder]) -> list[Path]:
    """Archives by their names, the nearest to the top first."""
    return [f.path / n for f in folders for n in sorted(f.files) if n.lower().endswith(ARCHIVE_NAMES)]


def nearest(name: str, there: Iterable[str]) -> str:
    """The name that is most like a file's that is missing, or "" if none is like it."""
    import difflib

    wanted = name.lower()
    lower = {n.lower(): n for n in sorted(there) if n.isprintable()}  # it ends up in messages
    near = difflib.get_close_matches(wanted, lower, n=len(lower) or 1, cutoff=0.6)

    def likeness(other: str) -> tuple[float, int]:
        # By its ratio alone, `layers_2 (1).py` is as much like `layers_1.py` as `layers_1 (1).py` is.
        matcher = difflib.SequenceMatcher(None, other, wanted)
        return matcher.ratio(), matcher.find_longest_match().size

    return lower[max(near, key=likeness)] if near else ""
