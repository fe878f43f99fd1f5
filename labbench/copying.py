"""Copying a folder of plain files."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder, with its modes, to the new folder `target`.

    shutil.copytree goes on after an error, and what it raises in the end has lost the system's number of it.

    Raises:
        OSError: something cannot be read, or not be written.
    """
    target.mkdir()
    for item in source.iterdir():
        copy = target / item.name
        if item.is_dir():
            copy_folder(item, copy)
        else:
            copy.write_bytes(item.read_bytes())
            copy.chmod(item.stat().st_mode)
    target.chmod(source.stat().st_mode)
