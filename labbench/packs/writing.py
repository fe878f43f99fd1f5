"""Writing a pack: into a folder beside its place, then renamed, so that no half of one is ever found."""

from __future__ import annotations

import ctypes
import hashlib
import io
import os
import sys
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from labbench import scratch
from labbench.errors import LabbenchError, reason
from labbench.packs.manifest import MANIFEST, Manifest
from labbench.results import Disclosure, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labbench.results import Array

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def npy(array: Array) -> bytes:
    """An array in .npy format, the same bytes on every machine."""
    buffer = io.BytesIO()
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)
    np.save(buffer, little, allow_pickle=False)
    return buffer.getvalue()


def digest(content: bytes) -> str:
    """SHA-256, in hex."""
    return hashlib.sha256(content).hexdigest()


def check_place(path: Path, *, replace: bool) -> None:
    """Refuse a place where a pack must not or cannot be written, before minutes are spent on building it.

    Raises:
        LabbenchError: there is something at `path` that is not to be replaced or is no pack, or it cannot be written.
    """
    if path.exists():
        if not replace:
            raise LabbenchError("pack.exists", path=str(path))
        # `--force` on a wrong folder must not cost anybody more than a pack.
        if not path.is_dir() or (any(path.iterdir()) and not (path / MANIFEST).is_file()):
            raise LabbenchError("pack.not_replaced", path=str(path))
    folder = next(p for p in path.absolute().parents if p.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        why = text("errno.eacces" if folder.is_dir() else "errno.enotdir")
        raise LabbenchError("pack.not_written", path=str(path), reason=why)


def write(path: Path, manifest: Manifest, arrays: Mapping[str, Array], *, replace: bool) -> None:
    """Write a pack; readable by its owner only unless its answers are public.

    Raises:
        LabbenchError: there is something at `path` that is not to be replaced, or it cannot be written.
    """
    check_place(path, replace=replace)
    contents = {name: npy(array) for name, array in arrays.items()}
    pinned = msgspec.structs.replace(manifest, files={name: digest(c) for name, c in contents.items()})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with scratch.folder(beside=path) as folder:
            fresh = folder / "pack"
            _write_files(fresh, contents, pinned)
            _swap(fresh, path)
    except OSError as error:
        raise LabbenchError("pack.not_written", path=str(path), reason=reason(error)) from error


def _write_files(folder: Path, contents: Mapping[str, bytes], manifest: Manifest) -> None:
    folder.mkdir()
    public = manifest.disclosure is Disclosure.FULL
    for name, content in contents.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    encoded = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    (folder / MANIFEST).write_bytes(encoded + b"\n")
    for item in (folder, *folder.rglob("*")):
        mode = 0o755 if item.is_dir() else 0o644
        item.chmod(mode if public else mode & 0o700)


def _swap(fresh: Path, path: Path) -> None:
    """Put the new folder in the place of the old one; where the kernel can exchange two, at no moment is there none."""
    if not path.exists():
        fresh.rename(path)
    elif not _exchange(fresh, path):
        old = fresh.parent / "old"
        path.rename(old)
        try:
            fresh.rename(path)
        except BaseException:
            old.rename(path)
            raise


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; False where that cannot be done."""
    renameat2 = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    return renameat2 is not None and not renameat2(
        _AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other.absolute()), _RENAME_EXCHANGE
    )
