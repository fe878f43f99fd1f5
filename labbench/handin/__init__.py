"""A hand-in as files: what a student delivers in, a private read-only snapshot of its package out.

Theory of operation. Everything here is untrusted. Archives are read member by member under limits (`archive.py`); only
plain files reach the snapshot, by names made from checked parts. The snapshot lies in a fresh folder of mode
0700, is keyed by a digest over names and contents, and goes when the context ends.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labbench import scratch
from labbench.catalogue import spellings
from labbench.errors import LabbenchError
from labbench.handin.archive import is_archive, unpack
from labbench.handin.finding import find_package
from labbench.handin.limits import MAX_BYTES, MAX_FILES, SKIPPED_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from labbench.catalogue import File

#: What the package is called for `import stu_upload.vgg_cpu`, whatever the folder was called.
PACKAGE = "stu_upload"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A private copy of a hand-in's package.

    Attributes:
        package: The folder with the student's files; its name is `stu_upload`.
        digest: SHA-256 over the names and contents of the files.
        source: What was handed in, for messages.
        missing: Files the lab asks for that are not there, with the nearest name that is (or "").
    """

    package: Path
    digest: str
    source: str
    missing: tuple[tuple[str, str], ...]


@contextlib.contextmanager
def opened(path: Path, files: Sequence[File]) -> Iterator[Snapshot]:
    """A snapshot of the hand-in at `path` (a folder, an archive or one .py file) for as long as the context lasts.

    Args:
        path: What was handed in.
        files: The files the lab asks for, each by name or by the names it may have; they tell where in the hand-in
            its package is.

    Raises:
        LabbenchError: there is nothing there, it cannot be read, or it holds no package.
    """
    with scratch.folder() as private:
        package = private / PACKAGE
        try:
            _copy(_find(path, files, private / "unpacked"), package, shown=str(path))
        except OSError as error:
            reason = error.strerror or str(error)
            raise LabbenchError("handin.unreadable", path=str(path), reason=reason) from error
        yield Snapshot(package, _digest(package), str(path), _missing(package, files))


def _find(path: Path, files: Sequence[File], unpacked: Path) -> Path:
    """The package's folder, or its only file; archives are unpacked first."""
    if not path.exists():
        raise LabbenchError("handin.not_there", path=str(path))
    if path.is_dir():
        return find_package(path, files)
    if is_archive(path):
        unpack(path, unpacked)
        return find_package(unpacked, files, shown=str(path))
    if path.suffix == ".py":
        return path
    raise LabbenchError("handin.unknown_kind", path=str(path))


def _copy(source: Path, target: Path, shown: str) -> None:
    """Copy plain files only, without caches and links."""
    target.mkdir(mode=0o755)
    count = size = 0
    for item in _walk(source):
        count, size = count + 1, size + item.stat().st_size
        if count > MAX_FILES or size > MAX_BYTES:
            raise LabbenchError("handin.too_large", path=shown, files=MAX_FILES, mib=MAX_BYTES >> 20)
        copy = target / (item.name if item == source else item.relative_to(source))
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(item, copy)


def _walk(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        yield folder
        return
    for item in sorted(folder.iterdir()):
        if item.name in SKIPPED_NAMES or item.is_symlink():
            continue
        if item.is_dir():
            yield from _walk(item)
        elif item.is_file():
            yield item


def _digest(package: Path) -> str:
    total = hashlib.sha256()
    for item in sorted(p for p in package.rglob("*") if p.is_file()):
        content = hashlib.sha256(item.read_bytes()).hexdigest()
        total.update(f"{item.relative_to(package).as_posix()}\0{content}\0".encode(errors="surrogateescape"))
    return total.hexdigest()


def _missing(package: Path, files: Sequence[File]) -> tuple[tuple[str, str], ...]:
    import difflib

    there = sorted(p.name for p in package.iterdir() if p.name.isprintable())  # names end up in messages
    asked = {name for file in files for name in spellings(file)}
    lower = {name.lower(): name for name in there if name not in asked}
    absent = []
    for file, *others in map(spellings, files):
        if not {file, *others} & set(there):
            near = difflib.get_close_matches(file.lower(), lower, n=1, cutoff=0.6)
            absent.append((file, lower[near[0]] if near else ""))
    return tuple(absent)
