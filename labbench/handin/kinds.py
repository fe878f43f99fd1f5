"""What a file is: by its first bytes, for names lie; by its name where those say nothing."""

from __future__ import annotations

import zipfile
from enum import StrEnum
from typing import IO

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_TAR_MARK, _TAR_OFFSET = b"ustar", 257
#: RAR, 7z, zstd, lz4, lzip, compress, cab.
_REPACK = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"LZIP", b"\x1f\x9d",
           b"MSCF")  # fmt: skip

_ZIP_NAMES = (".zip", ".zipx")
_TAR_NAMES = (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")
_REPACK_NAMES = (".rar", ".7z", ".tar.zst", ".tar.lzma", ".tar.lz", ".tar.z", ".arj", ".lzh", ".cab", ".exe")
#: What is looked into when it lies in a folder; a document that happens to be a zip is not.
ARCHIVE_NAMES = (*_ZIP_NAMES, *_TAR_NAMES, ".gz", ".bz2", ".xz", *_REPACK_NAMES)
_HEAD = 512


class Kind(StrEnum):
    """What a file is to a reader of hand-ins."""

    ZIP = "zip"
    TAR = "tar"
    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    REPACK = "repack"
    SOURCE = "source"
    UNKNOWN = "unknown"


_PACKED = ((b"\x1f\x8b", Kind.GZIP), (b"BZh", Kind.BZIP2), (b"\xfd7zXZ\x00", Kind.XZ))


def kind_of(file: IO[bytes], name: str) -> Kind:
    """What an open file is; it is read from its beginning afterwards."""
    head = file.read(_HEAD)
    named = _by_name(name.lower())
    kind = _by_content(head) or named
    # A zip that unpacks itself begins with a program.
    if head.startswith(b"MZ") and named in (Kind.ZIP, Kind.REPACK):
        kind = Kind.ZIP if zipfile.is_zipfile(file) else Kind.REPACK
    file.seek(0)
    return kind


def is_tar(head: bytes) -> bool:
    """Whether these first bytes are those of a tar; one of the seventies does not say."""
    return head[_TAR_OFFSET:].startswith(_TAR_MARK)


def named_tar(name: str) -> bool:
    """Whether a file is called a tar, packed or not."""
    return name.lower().endswith(_TAR_NAMES)


def _by_content(head: bytes) -> Kind | None:
    if head.startswith(_ZIP):
        return Kind.ZIP
    if head.startswith(_REPACK):
        return Kind.REPACK
    if is_tar(head):
        return Kind.TAR
    return next((kind for magic, kind in _PACKED if head.startswith(magic)), None)


def _by_name(name: str) -> Kind:
    endings = ((_ZIP_NAMES, Kind.ZIP), (_REPACK_NAMES, Kind.REPACK), (_TAR_NAMES, Kind.TAR), (".py", Kind.SOURCE))
    return next((kind for ending, kind in endings if name.endswith(ending)), Kind.UNKNOWN)
