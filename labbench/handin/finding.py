"""Where in a hand-in its package is: `stu_upload/`, or the files themselves, at any sensible depth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labbench.catalogue import spellings
from labbench.errors import LabbenchError
from labbench.handin.limits import MAX_DEPTH, SKIPPED_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from labbench.catalogue import File


def find_package(top: Path, files: Sequence[File], shown: str = "") -> Path:
    """The folder that holds the most of the lab's files; the shallowest of several, `stu_upload` first.

    Raises:
        LabbenchError: no folder holds any of them, or two that differ hold equally many.
    """
    candidates = sorted(
        (-len(held), depth, folder.name != "stu_upload", str(folder), folder)
        for folder, depth in _folders(top, 0)
        if (held := _held(folder, files))
    )
    if not candidates:
        raise LabbenchError(
            "handin.no_package", path=shown or str(top), files=", ".join(spellings(f)[0] for f in files)
        )
    best = candidates[0]
    rivals = [c[4] for c in candidates if c[:3] == best[:3]]
    if len(rivals) > 1 and not _alike(rivals, files):
        names = ", ".join(str(r.relative_to(top)) for r in rivals[:3])
        raise LabbenchError("handin.two_packages", path=shown or str(top), folders=names)
    return best[4]


def _folders(folder: Path, depth: int) -> Iterator[tuple[Path, int]]:
    yield folder, depth
    if depth == MAX_DEPTH:
        return
    try:
        children = sorted(c for c in folder.iterdir() if c.is_dir() and not c.is_symlink())
    except OSError:
        return
    for child in children:
        # A virtual environment or a repository's inside is nobody's hand-in.
        if child.name not in SKIPPED_NAMES and not (child / "pyvenv.cfg").exists():
            yield from _folders(child, depth + 1)


def _held(folder: Path, files: Sequence[File]) -> list[Path]:
    """The files that are there, each under the first of its names."""
    there = ([folder / n for n in spellings(f) if (folder / n).is_file()] for f in files)
    return [found[0] for found in there if found]


def _alike(folders: Sequence[Path], files: Sequence[File]) -> bool:
    def contents(folder: Path) -> list[bytes]:
        return [f.read_bytes() for f in _held(folder, files)]

    first = contents(folders[0])
    return all(contents(f) == first for f in folders[1:])
