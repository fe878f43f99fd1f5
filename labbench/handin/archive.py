"""Archives, read member by member under limits. Nothing is extracted by a name from the archive unchecked.

Theory of operation. An archive is a claim. Its sizes and counts are refused early where they are too large, and counted
again as the bytes come (`budget.py`); its tables are read through a meter (`metered.py`). A member's name becomes a
path of checked parts (`names.py`), and is written as a new file: a second one of the same name finds it there. Links,
devices, `..` and absolute paths are refused. What the libraries raise for content that is none ends in one sentence.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

from labbench.errors import LabbenchError, reason
from labbench.handin import limits, names
from labbench.handin.kinds import Kind, is_tar, named_tar
from labbench.handin.metered import Metered, Source, TooMuchError
from labbench.handin.writing import Readable, write
from labbench.texts.untrusted import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from labbench.handin.budget import Budget

#: All that the readers of archives raise for content that is none.
_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError,
           ValueError, OverflowError, LookupError, RuntimeError, MemoryError)  # fmt: skip
#: zipfile sets no upper bound to what one call unpacks of bzip2 and LZMA: of 4 KiB, 90 MiB at most.
_CHUNK = 4096
#: What a zip member's own header, its name and its extra field may be.
_ZIP_HEADER = 1 << 18
#: Bits of a zip's flags and of its members' DOS attributes.
_ENCRYPTED, _FOLDER = 1, 0x10


@dataclass(frozen=True, slots=True)
class _Member:
    """What an archive says of one of its members, and how to read it.

    Attributes:
        name: As it stands there.
        odd: It is a link or a device.
        folder: It is a folder.
        size: What it claims to be unpacked.
        most: What it may be unpacked.
        content: Opens it.
    """

    name: str
    odd: bool
    folder: bool
    size: int
    most: int
    content: Callable[[], contextlib.AbstractContextManager[Readable]]


def unpack(file: IO[bytes], kind: Kind, shown: str, target: Path, budget: Budget) -> None:
    """Write an archive's plain files below `target`, a new folder.

    Args:
        file: The archive.
        kind: What it is.
        shown: What it is called in messages.
        target: Where to.
        budget: What it may cost.

    Raises:
        LabbenchError: damaged, encrypted, empty, too large, or with members that would land elsewhere.
    """
    target.mkdir(parents=True)
    if kind is Kind.REPACK:
        raise LabbenchError("handin.repack", path=shown)
    empty = True
    try:
        with contextlib.closing(_zip(file, shown) if kind is Kind.ZIP else _packed(file, kind, shown)) as members:
            for member in members:
                budget.count_member()
                empty = not _keep(member, shown, target, budget) and empty
    except TooMuchError:
        budget.refuse_size()
    except NotImplementedError as error:
        raise LabbenchError("handin.method", path=shown) from error
    except _DAMAGE as error:
        why = reason(error) if isinstance(error, OSError) else clean(str(error)) or type(error).__name__
        raise LabbenchError("handin.damaged", path=shown, reason=why) from error
    if empty:
        raise LabbenchError("handin.empty", path=shown)


def _keep(member: _Member, shown: str, target: Path, budget: Budget) -> bool:
    """Write one member; False if it is nothing to keep."""
    if member.folder and Path(member.name) == Path():
        return False  # the archive's own top
    try:
        path = names.safe(member.name)
    except names.LeadsOutsideError as error:
        raise LabbenchError("handin.odd_member", path=shown, member=clean(member.name)) from error
    if any(limits.is_junk(part) for part in path.parts):
        return False
    if member.odd:
        raise LabbenchError("handin.odd_member", path=shown, member=clean(member.name))
    budget.check_depth(path)
    if member.folder:
        return False
    budget.count_file()
    most = min(member.most, budget.bytes_left)
    if member.size > most:
        budget.refuse_size()
    try:
        with member.content() as stream:
            write(stream, target / path, budget, most, _CHUNK)
    except (FileExistsError, NotADirectoryError) as error:
        raise LabbenchError("handin.twice", path=shown, member=clean(member.name)) from error
    return True


def _zip(file: IO[bytes], shown: str) -> Generator[_Member]:
    size = file.seek(0, os.SEEK_END)
    source = Metered(file, size, forward=False)
    source.allow(limits.MAX_DIRECTORY)
    with zipfile.ZipFile(source) as archive:
        members = archive.infolist()
        if any(info.flag_bits & _ENCRYPTED for info in members):
            raise LabbenchError("handin.encrypted", path=shown)
        # Members that share their bytes unpack to more than any ratio says.
        if sum(info.compress_size for info in members) > size:
            raise zipfile.BadZipFile("its members overlap")
        for info in members:
            source.allow(info.compress_size + _ZIP_HEADER)
            name = names.of_zip(info)
            yield _Member(
                name,
                odd=stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR),
                folder=name.endswith(("/", "\\")) or (bool(info.external_attr & _FOLDER) and not info.file_size),
                size=info.file_size,
                most=_by_ratio(info.compress_size),
                content=partial(archive.open, info),
            )


def _packed(file: IO[bytes], kind: Kind, shown: str) -> Generator[_Member]:
    """A tar's members; or the one file that was packed without a tar."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    with _decompressed(file, kind) as source:
        head = source.read(tarfile.BLOCKSIZE)
        source.seek(0)
        if kind is Kind.TAR or is_tar(head) or named_tar(shown):
            most = limits.MAX_BYTES + limits.MAX_MEMBERS * 2 * tarfile.BLOCKSIZE
            yield from _tar(Metered(source, most if kind is Kind.TAR else min(most, _by_ratio(size)), forward=True))
        else:
            name, most = Path(shown).stem, _by_ratio(size)
            yield _Member(name, False, False, len(head), most, lambda: contextlib.nullcontext(source))


def _tar(plain: Metered) -> Iterator[_Member]:
    plain.allow(limits.MAX_HEADER)
    with tarfile.open(fileobj=plain, mode="r:") as tar:
        while (info := tar.next()) is not None:
            if info.size < 0:
                raise tarfile.ReadError("a size below 0")
            plain.allow(info.size + tarfile.BLOCKSIZE)
            yield _Member(
                names.of_tar(info.name),
                odd=not info.isfile() and not info.isdir(),
                folder=info.isdir(),
                size=info.size,
                most=limits.MAX_BYTES,
                content=partial(_content, tar, info),
            )
            plain.allow(limits.MAX_HEADER)
    # A header that is none ends the walk as the end mark does, which is blocks of zeros.
    if len(plain.last) < tarfile.BLOCKSIZE or any(plain.last):
        raise tarfile.ReadError("unexpected end of data")
    plain.allow(limits.MAX_BYTES)
    while plain.read(_CHUNK):
        pass  # the checksum of what a tar was packed with comes last


def _content(tar: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(info)
    if content is None:
        raise tarfile.ReadError("no content")
    return content


@contextlib.contextmanager
def _decompressed(file: IO[bytes], kind: Kind) -> Iterator[Source]:
    with contextlib.ExitStack() as stack:
        match kind:
            case Kind.GZIP:
                yield stack.enter_context(gzip.open(file))
            case Kind.BZIP2:
                yield stack.enter_context(bz2.open(file))
            case Kind.XZ:
                yield stack.enter_context(lzma.open(file))
            case _:
                yield file


def _by_ratio(packed: int) -> int:
    """What so many bytes may be unpacked."""
    return max(packed * limits.MAX_RATIO, limits.FREE_BYTES)
