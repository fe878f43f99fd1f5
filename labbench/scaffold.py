"""`labbench init`: a lab's stubs and handout into a folder of the student's, never over their work."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labbench import resources, scratch
from labbench.errors import LabbenchError, reason

if TYPE_CHECKING:
    from pathlib import Path

    from labbench.catalogue import LabSpec


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What was made: the new folder, and where the one that was there before lies now."""

    path: Path
    backup: Path | None


def check_free(name: str, folder: Path) -> None:
    """Refuse to begin where `FOLDER/labNAME` is there already.

    Raises:
        LabbenchError: it is.
    """
    target = _target(name, folder)
    if target.exists() or target.is_symlink():
        raise LabbenchError("init.exists", path=str(target))


def scaffold(name: str, spec: LabSpec, folder: Path, *, force: bool) -> Scaffold:
    """Write `FOLDER/labNAME`; with `force`, what is there is set aside.

    Raises:
        LabbenchError: it is there already and `force` is not given, or it cannot be written.
    """
    if not force:
        check_free(name, folder)
    target = _target(name, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with scratch.folder(beside=target) as temporary:
            fresh = temporary / "fresh"
            _copy(resources.template(spec.folder), fresh)
            backup = _set_aside(target)
            try:
                fresh.rename(target)
            except OSError:
                if backup is not None:
                    backup.rename(target)
                raise
    except OSError as error:
        raise LabbenchError("init.not_written", path=str(target), reason=reason(error)) from error
    return Scaffold(target, backup)


def _target(name: str, folder: Path) -> Path:
    return folder / f"lab{name}"


def _copy(template: Path, target: Path) -> None:
    # Without the modes: the stubs of an installation may be read-only.
    target.mkdir()
    for source in template.iterdir():
        if source.is_dir() and source.name != "__pycache__":
            _copy(source, target / source.name)
        elif source.is_file():
            shutil.copyfile(source, target / source.name)


def _set_aside(target: Path) -> Path | None:
    """Rename what is there to the first free `NAME.backup-N`."""
    if not (target.exists() or target.is_symlink()):
        return None
    number = 1
    while (backup := target.with_name(f"{target.name}.backup-{number}")).exists() or backup.is_symlink():
        number += 1
    return target.rename(backup)
