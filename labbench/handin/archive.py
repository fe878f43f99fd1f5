"""Zip and tar archives, read member by member under limits. Nothing is extracted by a name from the archive unchecked.

Links, devices, absolute paths and `..` are refused; sizes are counted as bytes come, not as the archive claims.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from labbench.errors import LabbenchError
from labbench.handin.limits import MAX_BYTES, MAX_FILES, MAX_RATIO, SKIPPED_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

_TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_REPACK = (".rar", ".7z")
#: All that the readers of archives raise for content that is none.
_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError,
           ValueError, OverflowError, LookupError, RuntimeError, MemoryError)  # fmt: skip


def is_archive(path: Path) -> bool:
    """Whether a file's name says that it is an archive.

    Raises:
        LabbenchError: it is of a kind that has to be packed again.
    """
    name = path.name.lower()
    if name.endswith(_REPACK):
        raise LabbenchError("handin.repack", path=str(path))
    return name.endswith((".zip", *_TAR))


def unpack(path: Path, target: Path) -> None:
    """Write an archive's plain files below `target`.

    Raises:
        LabbenchError: damaged, encrypted, empty, too large, or with members that would land elsewhere.
    """
    target.mkdir(parents=True)
    count = total = 0
    try:
        for name, stream, packed in _members(path):
            relative = _safe(name, path)
            if relative is None:
                continue
            count += 1
            budget = min(MAX_BYTES - total, max(packed, 1024) * MAX_RATIO)
            size = _write(stream, target / relative, budget)
            total += size
            if size > budget or count > MAX_FILES:
                raise LabbenchError("handin.too_large", path=str(path), files=MAX_FILES, mib=MAX_BYTES >> 20)
    except _DAMAGE as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise LabbenchError("handin.damaged", path=str(path), reason=reason) from error
    if not count:
        raise LabbenchError("handin.empty", path=str(path))


def _members(path: Path) -> Iterator[tuple[str, IO[bytes], int]]:
    """(name, content, packed size) of each plain file."""
    if path.name.lower().endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.flag_bits & 1:
                    raise LabbenchError("handin.encrypted", path=str(path))
                if stat.S_ISLNK(info.external_attr >> 16):
                    raise LabbenchError("handin.odd_member", path=str(path), member=info.filename[:200])
                if not info.is_dir():
                    with archive.open(info) as stream:
                        yield _zip_name(info), stream, info.compress_size
        return
    with _plain_tar(path) as plain, tarfile.open(fileobj=plain, mode="r:") as tar:
        for member in tar:
            if not (member.isfile() or member.isdir()):
                raise LabbenchError("handin.odd_member", path=str(path), member=member.name[:200])
            if member.isfile() and (content := tar.extractfile(member)) is not None:
                with content as stream:
                    yield member.name, stream, member.size


@contextlib.contextmanager
def _plain_tar(path: Path) -> Iterator[IO[bytes]]:
    """The archive without its compression; tarfile reads a header of any size it is told into memory."""
    with tempfile.TemporaryFile() as plain, _decompressed(path) as packed:
        limit = MAX_BYTES + MAX_FILES * 10 * tarfile.BLOCKSIZE
        while plain.tell() <= limit and (data := packed.read(1 << 20)):
            plain.write(data)
        if plain.tell() > limit:
            raise LabbenchError("handin.too_large", path=str(path), files=MAX_FILES, mib=MAX_BYTES >> 20)
        plain.seek(0)
        yield plain


def _decompressed(path: Path) -> IO[bytes] | gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile:
    """The content, by its first bytes: names of archives lie."""
    with path.open("rb") as file:
        head = file.read(6)
    if head.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(path)
    if head.startswith(b"BZh"):
        return bz2.BZ2File(path)
    if head.startswith(b"\xfd7zXZ"):
        return lzma.LZMAFile(path)
    return path.open("rb")


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Names without the UTF-8 flag, which zipfile reads as code page 437: UTF-8 all the same, or a Chinese GBK."""
    if not info.flag_bits & 0x800:
        for encoding in ("utf-8", "gbk"):
            with contextlib.suppress(UnicodeError):
                return info.filename.encode("cp437").decode(encoding)
    return info.filename


def _safe(name: str, path: Path) -> PurePosixPath | None:
    """The member's relative path; None for what is never the student's work."""
    relative = PurePosixPath(name.replace("\\", "/"))
    parts = [p for p in relative.parts if p != "."]
    if relative.is_absolute() or ".." in parts or not parts or ":" in parts[0] or "\0" in name:
        raise LabbenchError("handin.odd_member", path=str(path), member=name[:200])
    if any(p in SKIPPED_NAMES for p in parts):
        return None
    return PurePosixPath(*parts)


def _write(stream: IO[bytes], target: Path, budget: int) -> int:
    """Copy at most `budget` bytes (and one, to see that there are more)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with target.open("wb") as out:
        while size <= budget and (data := stream.read(min(1 << 20, budget - size + 1))):
            size += len(data)
            out.write(data)
    return size
