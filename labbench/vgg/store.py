"""The cache of weights files: written atomically, by one process at a time, and known by digest.

Beside each file lies a note (`NAME.json`) of its digest, size and modification time. A file that no longer
has that size and time is hashed anew, so a cut-off or edited one is noticed without half a gigabyte being
read each time.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from labbench import resources, scratch
from labbench.errors import LabbenchError, reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Told a text key and the fraction that is done.
Progress = Callable[[str, float], None]

#: Bytes written or hashed between two reports.
_STEP = 1 << 24


def folder() -> Path:
    """Where weights files are kept."""
    return resources.cache_dir() / "weights"


def file_for(source: str, digest: str) -> Path:
    """Where the weights of that digest lie, or would."""
    return folder() / f"{source}-{digest[:12]}.mat"


@contextmanager
def locked() -> Iterator[None]:
    """Hold the cache: another process waits here until this one is done.

    Raises:
        LabbenchError: the cache cannot be written (an OSError in the body means the same).
    """
    try:
        folder().mkdir(parents=True, exist_ok=True)
        with (folder() / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for leftover in folder().glob("*.part"):  # of a process that was killed; nobody else writes now
                leftover.unlink()
            yield
    except OSError as error:
        raise LabbenchError("weights_cache", folder=str(folder()), reason=reason(error)) from None


def write(
    source: str, chunks: Iterable[memoryview | bytes], total: int, progress: Progress | None, key: str
) -> tuple[Path, str]:
    """Write a weights file under the lock; it appears whole or not at all.

    Args:
        source: Start of its name.
        chunks: Its bytes.
        total: How many there are.
        progress: Told how far it is.
        key: The text that says what is being done.

    Returns:
        The file and its SHA-256.

    Raises:
        OSError: no space, no permission, no writable file system.
    """
    descriptor, name = tempfile.mkstemp(suffix=".part", dir=folder())
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as stream:
            digest = hashlib.sha256()
            done = told = 0
            for piece in _steps(chunks):
                _write_all(stream.fileno(), piece)
                digest.update(piece)
                done += len(piece)
                if progress is not None and (done - told >= _STEP or done == total):
                    progress(key, done / total)
                    told = done
            os.fchmod(stream.fileno(), 0o644)  # sessions read it, perhaps as another user
            os.fsync(stream.fileno())
        path = file_for(source, digest.hexdigest())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    note(path, digest.hexdigest())
    return path, digest.hexdigest()


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def known_digest(path: Path) -> str | None:
    """A cached file's digest, from its note while that fits, else by hashing; None if there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    with suppress(OSError, ValueError, TypeError, KeyError):
        noted = json.loads(_note_file(path).read_text(encoding="utf-8"))
        if (noted["size"], noted["mtime_ns"]) == (status.st_size, status.st_mtime_ns):
            return str(noted["digest"])
    digest = digest_of(path)
    with suppress(OSError):  # a read-only cache is hashed each time
        note(path, digest)
    return digest


def note(path: Path, digest: str) -> None:
    """Remember a file's digest.

    Raises:
        OSError: the folder cannot be written.
    """
    status = path.stat()
    words = {"digest": digest, "size": status.st_size, "mtime_ns": status.st_mtime_ns}
    with scratch.folder(beside=path) as fresh:
        part = fresh / "note"
        part.write_text(json.dumps(words), encoding="utf-8")
        part.replace(_note_file(path))


def _note_file(path: Path) -> Path:
    return path.with_suffix(".json")


def _steps(chunks: Iterable[memoryview | bytes]) -> Iterator[memoryview]:
    for chunk in chunks:
        view = memoryview(chunk)
        for start in range(0, len(view), _STEP):
            yield view[start : start + _STEP]


def _write_all(descriptor: int, piece: memoryview) -> None:
    while piece:
        piece = piece[os.write(descriptor, piece) :]
