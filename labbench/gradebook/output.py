"""The folder of a gradebook: checked before hours are spent on it, written file by file, each whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labbench import labs, scratch
from labbench.errors import LabbenchError, reason
from labbench.report import gradebook

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from labbench.catalogue import LabSpec
    from labbench.labs import Table
    from labbench.results import Gradebook, Scorecard
    from labbench.texts import Lang

#: Where the journal lies in the folder.
JOURNAL = "journal.jsonl"
#: Where the pages of the students lie in it.
_STUDENTS = "students"


def prepare(out: Path, handins: Path) -> None:
    """Make the folder, or take the one that is there if it is empty or a gradebook.

    Raises:
        LabbenchError: it is something else, lies among the hand-ins, or cannot be written.
    """
    if out.resolve().is_relative_to(handins.resolve()) or handins.resolve().is_relative_to(out.resolve()):
        raise LabbenchError("grade.out_inside", path=str(out), folder=str(handins))
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()) and not (out / JOURNAL).is_file():
            raise LabbenchError("grade.not_ours", path=str(out))
    except OSError as error:
        raise LabbenchError("output.not_written", path=str(out), reason=reason(error)) from error


def write(book: Gradebook, specs: Mapping[str, LabSpec], out: Path, lang: Lang, forms: Collection[str] = ()) -> None:
    """All reports, in place of those of an earlier run.

    Raises:
        LabbenchError: a file cannot be written.
    """
    plugins = {lab: labs.load(lab) for lab in book.labs}

    def tables(card: Scorecard) -> tuple[Table, ...]:
        return plugins[card.lab].tables(card)

    written: set[str] = set()
    try:
        # Whole files, but not each on the disk at once: the journal is, and they can be made again from it.
        with scratch.folder(beside=out / JOURNAL) as folder:
            for name, content in gradebook.write(book, specs, tables, lang, forms):
                path = out / name
                path.parent.mkdir(parents=True, exist_ok=True)
                fresh = folder / "fresh"
                fresh.write_bytes(content)
                fresh.replace(path)
                written.add(name)
    except OSError as error:
        raise LabbenchError("output.not_written", path=str(out), reason=reason(error)) from error
    _tidy(out, written)


def _tidy(out: Path, written: Collection[str]) -> None:
    """Remove reports on students who are no longer there; what a teacher put beside them stays."""
    ours = {lab + ending for lab in labs.installed() for ending in gradebook.ENDINGS}
    for path in (out / _STUDENTS).glob("*/*"):
        if path.name in ours and path.relative_to(out).as_posix() not in written:
            path.unlink()
    for folder in (out / _STUDENTS).iterdir() if (out / _STUDENTS).is_dir() else ():
        if not any(folder.iterdir()):
            folder.rmdir()
