"""The folders a session sees: the hand-in where the course has it, and the course's files where hand-ins look.

    base/root/exp/stu_upload/    the hand-in; exp is the working directory, as in the course's harness
    base/root/images/            the pictures of the cases
    base/root/clients/           the lab's client modules, like a device's library

Hand-ins look for the course's files at `../` from exp and at `../../` from stu_upload or exp, so links to them lie
in every folder from base down to exp. Everything is read-only to sessions and goes with the grading. Sessions share
it, so it must not tell one what another has read: each last access is dated years ahead, and the kernel, which keeps
such dates only roughly (relatime), leaves them alone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING, Self

from labbench import scratch
from labbench.copying import copy_folder
from labbench.worker.zygote import Code

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from labbench.results import Array

_YEARS_NS = 10 * 365 * 86_400 * 10**9


class Workspace:
    """A context manager; `code` is what a session opens."""

    def __init__(self, package: Path, files: Mapping[str, Path], clients: Sequence[Path] = ()) -> None:
        self._stack = contextlib.ExitStack()
        # Resolved: a session's traceback names the real path.
        base = self._stack.enter_context(scratch.folder()).resolve()
        self._root = base / "root"
        exp = self._root / "exp"
        (exp / "output").mkdir(parents=True)
        (self._root / "images").mkdir()
        (self._root / "clients").mkdir()
        for client in clients:
            shutil.copyfile(client, self._root / "clients" / client.name)
        for folder in (base, self._root, exp):
            for name, target in files.items():
                (folder / name).symlink_to(target)
        # A copy, not a link: from inside it, `../..` must lead to the course's files.
        copy_folder(package, exp / package.name)
        for path in (base, *base.rglob("*")):
            _date(path)
        # Links lead out of the folder: a session must be allowed what they lead to.
        readable = (base, *sorted({target.resolve() for target in files.values()}))
        libraries = self._root / "clients" if clients else None
        self.code = Code(exp, exp / package.name, readable, libraries)
        #: For `python vgg_cpu.py` from inside the package, where `__main__` blocks expect to be.
        self.inside = Code(exp / package.name, exp / package.name, readable, libraries)

    def add_images(self, images: Mapping[str, Array]) -> None:
        """Write pictures, uint8 (H, W, 3), as lossless PNG files; the names are relative to the working directory."""
        for name, pixels in images.items():
            _write_png(self.code.cwd / name, pixels)
            _date(self.code.cwd / name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _write_png(path: Path, pixels: Array) -> None:
    from PIL import Image

    Image.fromarray(pixels).save(path, format="PNG", compress_level=1)


def _date(path: Path) -> None:
    """Date the last access years ahead."""
    changed = path.lstat().st_mtime_ns
    os.utime(path, ns=(changed + _YEARS_NS, changed), follow_symlinks=False)
