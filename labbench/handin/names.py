"""Names in archives: what they say, and where they may lead."""

from __future__ import annotations

import contextlib
import hashlib
import re
import struct
import unicodedata
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from labbench.handin import limits

if TYPE_CHECKING:
    from zipfile import ZipInfo

_DRIVE = re.compile(r"[A-Za-z]:")
_SAYS_UTF8 = 0x800
#: The extra field in which Info-ZIP, WinRAR and 7-Zip give the name in UTF-8: version 1, CRC of the other name, name.
_UNICODE_PATH, _UNICODE_HEAD = 0x7075, struct.Struct("<BI")


class LeadsOutsideError(ValueError):
    """A name is absolute, climbs up, or is none."""


def safe(name: str) -> PurePosixPath:
    """The relative path that a member's name stands for; Windows writes backslashes between its parts.

    Names are composed (NFC), since macOS decomposes them, and shortened to what a file system takes.

    Raises:
        LeadsOutsideError: it leads outside, or nowhere.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    parts = [p for p in path.parts if p != "."]
    if path.is_absolute() or ".." in parts or not parts or _DRIVE.match(parts[0]) or "\0" in name:
        raise LeadsOutsideError
    return PurePosixPath(*map(_fitting, parts))


def _fitting(part: str) -> str:
    part = unicodedata.normalize("NFC", part)
    raw = part.encode(errors="surrogateescape")
    if len(raw) <= limits.MAX_NAME:
        return part
    return f"{part[:40]}~{hashlib.sha256(raw).hexdigest()[:8]}{PurePosixPath(part).suffix[:10]}"


def fold(name: str) -> str:
    """What two names have in common that some file systems take for one."""
    return unicodedata.normalize("NFC", name.casefold())


def decoded(raw: bytes, otherwise: str) -> str:
    """A name that does not say how it is written: UTF-8 all the same, or a Chinese Windows' GBK."""
    for encoding in ("utf-8", "gb18030"):
        with contextlib.suppress(UnicodeError):
            return raw.decode(encoding)
    return otherwise


def of_zip(info: ZipInfo) -> str:
    """A zip member's name: as the extra field has it, else with the flag UTF-8, else guessed."""
    name = info.orig_filename
    if info.flag_bits & _SAYS_UTF8:
        return name
    with contextlib.suppress(UnicodeError):
        raw = name.encode("cp437")  # as zipfile reads it
        return _unicode_path(info.extra, raw) or decoded(raw, name)
    return name


def of_tar(name: str) -> str:
    """A tar member's name; tarfile reads what is not UTF-8 into surrogates."""
    return decoded(name.encode(errors="surrogateescape"), name)


def _unicode_path(extra: bytes, raw: bytes) -> str:
    """The name in the extra field, or "" if there is none or it belongs to another name."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH and len(field) > _UNICODE_HEAD.size:
            version, checksum = _UNICODE_HEAD.unpack_from(field)
            if version == 1 and checksum == zlib.crc32(raw):
                return field[_UNICODE_HEAD.size :].decode()
    return ""
