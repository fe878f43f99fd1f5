"""A hand-in as files: what a student delivers in, a private read-only snapshot of its package out.

Theory of operation. Everything here is untrusted. Archives are read member by member under limits (`archive.py`), also
those inside an archive or a folder; folders are copied descriptor by descriptor, while they may change (`copying.py`).
Only plain files reach the snapshot, by names made from checked parts. The snapshot lies in a fresh folder of mode 0700,
is read-only, is keyed by a digest over names and contents, and goes when the context ends, with all that was unpacked.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labbench import inputs, scratch
from labbench.catalogue import spellings
from labbench.errors import LabbenchError, reason
from labbench.handin import limits
from labbench.handin.archive import unpack
from labbench.handin.budget import Budget
from labbench.handin.copying import copy_file, copy_folder
from labbench.handin.finding import PACKAGE, archives, find_package, look, nearest
from labbench.handin.kinds import Kind, kind_of
from labbench.handin.writing import not_written
from labbench.texts import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from labbench.catalogue import File
    from labbench.texts import Text


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A private copy of a hand-in's package.

    Attributes:
        package: The folder with the student's files; its name is `stu_upload`.
        digest: SHA-256 over the names and contents of the files.
        source: What was handed in, for messages.
        missing: Files the lab asks for that are not there, with the nearest name that is (or "").
        candidates: Where there is more than one hand-in: the folder that was taken, and those that were not.
    """

    package: Path
    digest: str
    source: str
    missing: tuple[tuple[str, str], ...]
    candidates: tuple[str, ...] = ()

    @property
    def remarks(self) -> tuple[Text, ...]:
        """What a person should know of it."""
        said = []
        for file, near in self.missing:
            said.append(text("note.missing_near" if near else "note.missing", file=file, nearest=near))
        if self.candidates:
            taken, *others = self.candidates
            said.append(text("note.candidates", taken=taken, others=", ".join(others)))
        return tuple(said)


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
    with contextlib.ExitStack() as stack:
        try:
            private = stack.enter_context(scratch.folder())
        except OSError as error:
            raise not_written(error) from error
        try:
            snapshot = _take(path, files, private)
        except OSError as error:
            place = _place(error, path, private)
            raise LabbenchError("handin.unreadable", path=place, reason=reason(error)) from error
        yield snapshot


def check(path: Path, files: Sequence[File]) -> None:
    """Refuse what cannot be read before any work is done for it.

    Raises:
        LabbenchError: as `opened`.
    """
    with opened(path, files):
        pass


def _place(error: OSError, path: Path, private: Path) -> str:
    """What cannot be read; where it was unpacked is nobody's concern."""
    named = error.filename if isinstance(error.filename, str) else ""
    return str(path) if not named or Path(named).is_relative_to(private) else named


def _take(path: Path, files: Sequence[File], private: Path) -> Snapshot:
    """Make the snapshot in the private folder."""
    if not path.exists():
        raise LabbenchError("handin.not_there", path=str(path))
    budget = Budget(str(path))
    package = private / PACKAGE
    tree = path if path.is_dir() else private / "unpacked"
    candidates: tuple[str, ...] = ()
    if tree != path and _is_source(path, tree, budget):
        there = {path.name}
        if not there & {name for file in files for name in spellings(file)}:
            raise _nothing(path, files, there)
        copy_file(path, package, budget)
    else:
        candidates = _search(path, tree, files, package, budget)
    _seal(package)
    return Snapshot(package, _digest(package), str(path), _missing(package, files), candidates)


def _is_source(path: Path, target: Path, budget: Budget) -> bool:
    """Whether the file is source; an archive is unpacked."""
    with inputs.opened(path) as file:
        kind = kind_of(file, path.name)
        if kind is Kind.UNKNOWN:
            raise LabbenchError("handin.unknown_kind", path=str(path))
        if kind is not Kind.SOURCE:
            unpack(file, kind, str(path), target, budget)
    return kind is Kind.SOURCE


def _search(path: Path, tree: Path, files: Sequence[File], package: Path, budget: Budget) -> tuple[str, ...]:
    """Copy the package, from a folder or else from the archives in it, level by level; name what else it could be."""
    there: set[str] = set()
    troubles: list[LabbenchError | OSError] = []
    for level in range(limits.MAX_NESTING + 1):
        folders = look(tree)
        found = find_package(folders, files, str(path))
        if found is not None:
            copy_folder(tree, found.folder, package, str(path), budget)
            lost = [name for name in found.held if not (package / name).is_file()]
            if lost:
                raise LabbenchError("handin.link", path=str(path), file=lost[0])
            return found.candidates
        if len(folders) > limits.MAX_FOLDERS:
            raise LabbenchError("handin.too_many_folders", path=str(path), folders=limits.MAX_FOLDERS)
        there |= {name for folder in folders for name in folder.files}
        troubles += [folder.error for folder in folders if folder.error is not None]
        inner = package.with_name(f"inner-{level}")
        if level == limits.MAX_NESTING or not (packed := archives(folders)):
            break
        for archive in packed:
            within = archive.relative_to(tree)
            troubles += _unpack_inner(archive, str(path / within), inner / within, budget)
        tree = inner
    raise troubles[0] if troubles else _nothing(path, files, there)


def _unpack_inner(archive: Path, shown: str, target: Path, budget: Budget) -> list[LabbenchError | OSError]:
    """Unpack an archive that may or may not hold the package; nothing of it is left if it cannot be."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with inputs.opened(archive, follow=False) as file:
            unpack(file, kind_of(file, archive.name), shown, target, budget)
    except (LabbenchError, OSError) as error:
        shutil.rmtree(target, ignore_errors=True)
        return [error]
    return []


def _nothing(path: Path, files: Sequence[File], there: Iterable[str]) -> LabbenchError:
    """None of the lab's files are there; what may be meant for them, is named."""
    firsts = [spellings(file)[0] for file in files]
    near = dict.fromkeys(name for file in firsts if (name := nearest(file, there)))
    key = "handin.no_package_near" if near else "handin.no_package"
    return LabbenchError(key, path=str(path), files=", ".join(firsts), near=", ".join(near))


def _seal(package: Path) -> None:
    """Take everybody's right to write, whatever the umask."""
    for folder, _, files in os.walk(package, topdown=False):
        for name in files:
            Path(folder, name).chmod(0o444)
        Path(folder).chmod(0o555)


def _digest(package: Path) -> str:
    total = hashlib.sha256()
    for item in sorted(p for p in package.rglob("*") if p.is_file()):
        content = hashlib.sha256(item.read_bytes()).hexdigest()
        total.update(f"{item.relative_to(package).as_posix()}\0{content}\0".encode(errors="surrogateescape"))
    return total.hexdigest()


def _missing(package: Path, files: Sequence[File]) -> tuple[tuple[str, str], ...]:
    """Each of the lab's files that is not there, with the name most like it that the lab does not ask for."""
    there = {p.name for p in package.iterdir()}
    spare = there - {name for file in files for name in spellings(file)}
    return tuple((names[0], nearest(names[0], spare)) for names in map(spellings, files) if not there & set(names))
