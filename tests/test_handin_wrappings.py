"""The same work in every wrapping that learning platforms, mail programs and packers produce: found, and one digest."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import struct
import subprocess
import tarfile
import unicodedata
import zipfile
import zlib
from pathlib import Path

import pytest

from labbench import handin
from labbench.handin import limits
from labbench.results import Isolation, Level, Profile
from labbench.scoring import Observed, scorecard
from labbench.task import prepare
from labbench.texts import Lang, render
from tests.packing import FILES, WORK, below, folder_of, opened, private_folder, refused, tar_of, zip_of  # noqa: F401

PLAIN = below("stu_upload/")


def zipped(members, **options):
    """The bytes of a zip."""
    file = io.BytesIO()
    zip_of(file, members, **options)
    return file.getvalue()


def tarred(members, tar_format=tarfile.PAX_FORMAT):
    """The bytes of a tar."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tar_format) as out:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))
    return file.getvalue()


def with_folders(members):
    """As most packers do it: an entry for each folder."""
    parents = {f"{p}/": b"" for name in members for p in reversed(Path(name).parents) if p != Path()}
    return {**parents, **members}


def renamed(content, old, new):
    """A zip in whose bytes a name is replaced by one that is as long."""
    assert len(old) == len(new)
    assert old in content
    return content.replace(old, new)


# -- platforms --------------------------------------------------------------------------------------------------


def github_download(_):
    repository = {f"dl-systems-main/exp_3_1/{name}": content for name, content in PLAIN.items()}
    content = zipped(
        with_folders({"dl-systems-main/.gitignore": b"*.pyc", "dl-systems-main/README.md": b"#", **repository})
    )
    comment = b"0123456789abcdef0123456789abcdef01234567"
    return "dl-systems-main.zip", content[:-2] + struct.pack("<H", len(comment)) + comment


def moodle(_):
    return "作业-3.1.zip", zipped({"张三_123456_assignsubmission_file_/stu_upload.zip": zipped(PLAIN)})


def moodle_files(_):
    return "work.zip", zipped(below("ZHANG San_123456_assignsubmission_file_/"))


def canvas(_):
    return "zhangsan_12345_678901_stu_upload-2.zip", zipped(PLAIN)


def gradescope(_):
    return "submission_98765.zip", zipped({"submission_metadata.yml": b"a: 1", **below("submission_98765/")})


def blackboard(_):
    attempt = "Lab 3-1_zhang3_attempt_2024-03-01-23-59-59"
    return "gradebook.zip", zipped({f"{attempt}.txt": b"Name: Zhang", f"{attempt}_stu_upload.zip": zipped(PLAIN)})


def chaoxing(_):
    return "班级.zip", zipped({"2021001-张三/附件/实验.zip": zipped({"实验/stu_upload.zip": zipped(PLAIN)})})


def weixin(_):
    return "stu_upload(1)(2).zip", zipped(PLAIN)


def mail_without_a_name(_):
    return "attachment", zipped(PLAIN)


# -- packers ----------------------------------------------------------------------------------------------------


def windows_explorer(_):
    """Code page names, no word on which."""
    raw = "实验三/stu_upload/".encode("gbk")
    return "stu_upload.zip", renamed(zipped(below("x" * len(raw))), b"x" * len(raw), raw)


def dotnet_40(_):
    """Backslashes, folders too."""
    return "stu_upload.zip", zipped({"exp\\": b"", "exp\\stu_upload\\": b"", **below("exp\\stu_upload\\")})


def windows_folders_without_a_slash(_):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        folder = zipfile.ZipInfo("stu_upload")
        folder.external_attr = 0x10
        out.writestr(folder, b"")
        for name, content in PLAIN.items():
            out.writestr(name, content)
    return "stu_upload.zip", file.getvalue()


def winrar(_):
    """The name in code page 936, and in UTF-8 in an extra field."""
    file = io.BytesIO()
    raw, real = "实验/".encode("gbk"), "实验/"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in PLAIN.items():
            info = zipfile.ZipInfo("x" * len(raw) + name)
            path = struct.pack("<BI", 1, zlib.crc32(raw + name.encode())) + (real + name).encode()
            info.extra = struct.pack("<HH", 0x7075, len(path)) + path
            out.writestr(info, content, zipfile.ZIP_DEFLATED)
    return "stu_upload.zip", renamed(file.getvalue(), b"x" * len(raw), raw)


def macos(_):
    """Streamed, so that sizes come after the content; attributes beside each file; decomposed names."""

    class Pipe(io.RawIOBase):
        def __init__(self):
            self.content = bytearray()

        def writable(self):
            return True

        def write(self, data):
            self.content += data
            return len(data)

    pipe = Pipe()
    folder = unicodedata.normalize("NFD", "Übung/")
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in with_folders(below(f"{folder}stu_upload/")).items():
            out.writestr(name, content)
        for name in (".DS_Store", f"__MACOSX/{folder}stu_upload/._layers_1.py", f"{folder}stu_upload/._layers_1.py"):
            out.writestr(name, b"\x00\x05\x16\x07")
    return "Archiv.zip", bytes(pipe.content)


def zip64(_):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in PLAIN.items():
            with out.open(name, "w", force_zip64=True) as member:
                member.write(content)
    return "stu_upload.zip", file.getvalue()


def by_method(method):
    def pack(_):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as out:
            for name, content in PLAIN.items():
                out.writestr(name, content)
        return "stu_upload.zip", file.getvalue()

    return pack


def self_extracting(_):
    return "stu_upload.exe", b"MZ" + bytes(3000) + zipped(PLAIN)


def junk_in_front(_):
    return "stu_upload.zip", b"\r\n--boundary\r\n" + zipped(PLAIN)


def long_comment(_):
    content = zipped(PLAIN)
    return "stu_upload.zip", content[:-2] + struct.pack("<H", 65535) + bytes(65535)


def gnu_tar(_):
    return "work.tgz", gzip.compress(tarred(below("长" * 60 + "/stu_upload/"), tarfile.GNU_FORMAT))


def pax_tar(_):
    return "work.tar.xz", lzma.compress(tarred(below("长" * 60 + "/stu_upload/")))


def tar_of_the_seventies(_):
    content = bytearray(tarred(PLAIN, tarfile.USTAR_FORMAT))
    for at in range(0, len(content) - 512, 512):
        if content[at + 257 : at + 262] == b"ustar":
            content[at + 257 : at + 265] = bytes(8)
            content[at + 148 : at + 156] = b" " * 8
            content[at + 148 : at + 155] = b"%06o\0" % sum(content[at : at + 512])
    return "work.tar", bytes(content)


def windows_tar(_):
    raw = "实验/".encode("gbk")
    return "work.tar", tarred(below(raw.decode(errors="surrogateescape")), tarfile.GNU_FORMAT)


def macos_tar(_):
    return "work.tar.gz", gzip.compress(tarred({"./._stu_upload": b"m", "./stu_upload/._layers_1.py": b"m", **PLAIN}))


def pigz_in_pieces(_):
    content = tarred(PLAIN)
    return "work.tar.gz", gzip.compress(content[:1000]) + gzip.compress(content[1000:])


# -- one in another ---------------------------------------------------------------------------------------------


def zip_in_a_folder_in_a_zip(_):
    return "out.zip", zipped({"a/b/in.zip": zipped(PLAIN)})


def three_deep(_):
    return "out.zip", zipped({"a/in.zip": zipped({"b/in.zip": zipped(PLAIN)})})


def tar_gz_of_a_zip(_):
    return "out.tar.gz", gzip.compress(tarred({"work/in.zip": zipped(PLAIN)}))


def zip_of_a_tar_gz(_):
    return "out.zip", zipped({"in.tar.gz": gzip.compress(tarred(PLAIN))})


def gz_of_a_zip(_):
    return "stu_upload.zip.gz", gzip.compress(zipped(PLAIN))


def folder_with_a_zip(tmp_path):
    return "folder", {"张三/附件/in.zip": zipped(PLAIN), "张三/报告.pdf": b"%PDF"}


def folder_with_a_zip_in_a_zip(_):
    return "folder", {"in.zip": zipped({"in.zip": zipped(PLAIN)})}


def beside_what_cannot_be_opened(_):
    others = {"a.rar": b"Rar!\x1a\x07\x00", "broken.zip": b"PK\x03\x04", "report.docx": b"x"}
    return "out.zip", zipped({**others, "in.zip": zipped(PLAIN)})


def twice_the_same(_):
    return "out.zip", zipped({"stu_upload.zip": zipped(PLAIN), "copy/stu_upload.zip": zipped(PLAIN)})


# -- called otherwise -------------------------------------------------------------------------------------------


def called(name, pack):
    return lambda _: (name, pack(PLAIN))


WRAPPINGS = {
    f.__name__: f
    for f in (
        github_download, moodle, moodle_files, canvas, gradescope, blackboard, chaoxing, weixin, mail_without_a_name,
        windows_explorer, dotnet_40, windows_folders_without_a_slash, winrar, macos, zip64, self_extracting,
        junk_in_front, long_comment, gnu_tar, pax_tar, tar_of_the_seventies, windows_tar, macos_tar, pigz_in_pieces,
        zip_in_a_folder_in_a_zip, three_deep, tar_gz_of_a_zip, zip_of_a_tar_gz, gz_of_a_zip, folder_with_a_zip,
        folder_with_a_zip_in_a_zip, beside_what_cannot_be_opened, twice_the_same,
    )
} | {
    "stored": by_method(zipfile.ZIP_STORED),
    "bzip2": by_method(zipfile.ZIP_BZIP2),
    "lzma": by_method(zipfile.ZIP_LZMA),
    "zip_called_rar": called("work.rar", zipped),
    "zip_called_7z": called("work.7z", zipped),
    "zip_called_py": called("layers_1.py", zipped),
    "zip_called_tar_gz": called("work.tar.gz", zipped),
    "zip_called_txt": called("work.txt", zipped),
    "tar_called_zip": called("work.zip", tarred),
    "tar_gz_called_zip": called("work.zip", lambda m: gzip.compress(tarred(m))),
    "tar_bz2_called_tar_gz": called("work.tar.gz", lambda m: bz2.compress(tarred(m))),
    "tar_gz_called_gz": called("work.gz", lambda m: gzip.compress(tarred(m))),
}  # fmt: skip


def lay_out(name, folder):
    """The wrapping `name` in the folder; its path."""
    file, content = WRAPPINGS[name](folder)
    if isinstance(content, dict):
        return folder_of(folder / file, content)
    (folder / file).write_bytes(content)
    return folder / file


@pytest.mark.parametrize("name", WRAPPINGS)
def test_the_work_is_found(tmp_path, name):
    expected = opened(folder_of(tmp_path / "plain", WORK))
    assert opened(lay_out(name, tmp_path)) == expected
    assert expected[1] == WORK


@pytest.mark.parametrize("program", ["zip", "7z", "tar"])
def test_as_real_packers_pack_it(tmp_path, program):
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} here")
    folder_of(tmp_path, PLAIN)
    lines = {"zip": ["zip", "-qr", "a.zip"], "7z": ["7z", "a", "a.zip"], "tar": ["tar", "-czf", "a.tar.gz"]}
    subprocess.run([*lines[program], "stu_upload"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    assert opened(tmp_path / lines[program][-1])[1] == WORK


@pytest.mark.parametrize(("of", "name"), [(b"notes__.txt", "notes笔记.txt"), (b"another.txt", "notes__.txt")])
def test_the_name_in_the_extra_field_counts_where_it_belongs_to_the_member(tmp_path, of, name):
    """An older packer that renames a member keeps the field, with the checksum of the name before."""
    path = struct.pack("<BI", 1, zlib.crc32(of)) + "notes笔记.txt".encode()
    info = zipfile.ZipInfo("notes__.txt")
    info.extra = struct.pack("<HH", 0x7075, len(path)) + path
    file = zip_of(tmp_path / "in.zip", WORK)
    with zipfile.ZipFile(file, "a") as out:
        out.writestr(info, b"x")
    assert opened(file)[1].keys() - WORK.keys() == {name}


def test_names_are_composed_wherever_they_come_from(tmp_path):
    plain = {**WORK, unicodedata.normalize("NFD", "Übung.txt"): b"x"}
    composed = opened(folder_of(tmp_path / "nfc", {unicodedata.normalize("NFC", n): c for n, c in plain.items()}))
    assert opened(folder_of(tmp_path / "nfd", plain)) == composed
    assert opened(zip_of(tmp_path / "nfd.zip", plain)) == composed
    assert unicodedata.normalize("NFC", "Übung.txt") in composed[1]


def test_too_many_archives_in_each_other(tmp_path):
    content = zipped(PLAIN)
    for _ in range(limits.MAX_NESTING):
        content = zipped({"in.zip": content})
    (tmp_path / "in.zip").write_bytes(content)
    assert opened(tmp_path / "in.zip")[1] == WORK
    (tmp_path / "in.zip").write_bytes(zipped({"in.zip": content}))
    refused(tmp_path / "in.zip", "holds none of the lab's files")


def test_archives_are_not_opened_where_the_work_lies_open(tmp_path):
    members = {**PLAIN, "old.zip": zipped(dict.fromkeys(FILES, b"old")), "broken.zip": b"PK\x03\x04"}
    assert opened(folder_of(tmp_path / "in", members))[1] == WORK
    assert opened(zip_of(tmp_path / "in.zip", members))[1] == WORK


# -- what an archive inside is refused for ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "pattern"),
    [
        ("in.rar", b"Rar!\x1a\x07\x00", r"张三/in\.rar is of a kind .* pack it again"),
        ("in.zip", zipped(PLAIN)[:-30], r"张三/in\.zip is damaged"),
        ("in.zip", zipped({"../x.py": b""}), r"张三/in\.zip holds '\.\./x\.py'"),
        ("in.zip", zipped({"layers_1.py": bytes(30 << 20)}), "too large"),
        ("in.zip", zipped({"readme.txt": b""}), "holds none of the lab's files"),
    ],
)
def test_an_archive_inside_is_named(tmp_path, name, content, pattern):
    refused(zip_of(tmp_path / "out.zip", {f"张三/{name}": content}), pattern)
    refused(folder_of(tmp_path / "folder", {f"张三/{name}": content}), pattern)


def test_nothing_is_graded_of_an_archive_that_breaks_off(tmp_path):
    """Two files are whole, the third is not."""
    broken = bytearray(zipped(PLAIN, compresslevel=0))
    broken[broken.index(b"# vgg_cpu") + 3] ^= 1
    refused(zip_of(tmp_path / "out.zip", {"in.zip": bytes(broken)}), "Bad CRC-32")


def test_two_archives_that_differ(tmp_path):
    other = zipped({**PLAIN, "stu_upload/vgg_cpu.py": b"other"})
    pair = {"first.zip": zipped(PLAIN), "second.zip": other}
    message = refused(zip_of(tmp_path / "out.zip", pair), "more than one hand-in")
    assert "first.zip/stu_upload/, second.zip/stu_upload/" in message


# -- which of two -----------------------------------------------------------------------------------------------

OTHER = dict.fromkeys(FILES, b"# other\n")


def taken(path):
    with handin.opened(path, FILES) as snapshot:
        content = {p.name: p.read_bytes() for p in snapshot.package.iterdir() if p.is_file()}
        return content, [
            str(r.values.get("taken", r.key)) + ": " + str(r.values.get("others")) for r in snapshot.remarks
        ]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({**PLAIN, **below("stu_upload_final/", OTHER)}, "stu_upload/: stu_upload_final/"),
        ({**PLAIN, **below("stu_upload (1)/", OTHER)}, "stu_upload/: stu_upload (1)/"),
        ({**PLAIN, **below("old/stu_upload/", OTHER)}, "stu_upload/: old/stu_upload/"),
        ({**PLAIN, **below("stu_upload/old/", OTHER)}, "stu_upload/: stu_upload/old/"),
        ({**WORK, **below("backup/", OTHER)}, "./: backup/"),
        ({**below("new/"), "stu_upload/layers_1.py": b"old"}, "new/: stu_upload/"),
    ],
)
def test_which_was_taken_is_said(tmp_path, members, said):
    for path in (folder_of(tmp_path / "in", members), zip_of(tmp_path / "in.zip", members)):
        assert taken(path) == (WORK, [said])


def test_nothing_is_said_of_copies_and_of_other_labs(tmp_path):
    copies = {**PLAIN, **below("stu_upload_final/"), "exp_3_3/stu_upload/layers_1.py": b"of another lab"}
    assert taken(folder_of(tmp_path / "in", copies)) == (WORK, [])


@pytest.mark.parametrize(
    ("first", "second"),
    [("a/", "b/"), ("stu_upload1/", "stu_upload2/"), ("", "stu_upload/"), ("a/stu_upload/", "b/stu_upload/")],
)
def test_what_cannot_be_told_is_refused(tmp_path, first, second):
    """Also where a folder lies nearer, and another is called right."""
    members = {**below(first), **below(second, OTHER)}
    message = refused(zip_of(tmp_path / "in.zip", members), "more than one hand-in, and they differ")
    assert f"({first or './'}, {second})" in message


def test_the_remark_is_in_the_scorecard():
    task = prepare("3-1", Profile.QUICK)
    remarks = handin.Snapshot(Path(), "0", "", (), ("stu_upload/", "stu_upload_final/")).remarks
    card = scorecard(task, Observed("0" * 64, remarks, (), (), Isolation(Level.LIMITED, ()), 0.0))
    assert "stu_upload/ was taken for the hand-in; stu_upload_final/ holds the lab's files too" in " ".join(
        render(note, Lang.EN) for note in card.notes
    )


# -- what is missing --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (["layer_1.py", "Layers_2.py", "VGG_cpu.py"], "but layer_1.py, Layers_2.py, VGG_cpu.py: if they are meant"),
        (["layers_1.py.txt"], "but layers_1.py.txt: if"),
        (["notes.md"], r"\(layers_1.py, layers_2.py, vgg_cpu.py\); hand in the folder"),
        (["layers_1\x1b[2J.py"], r"; hand in the folder"),
    ],
)
def test_where_nothing_is_called_right_what_is_near_is_named(tmp_path, there, said):
    refused(folder_of(tmp_path / "in", {f"a/{name}": b"" for name in there}), said)
    refused(zip_of(tmp_path / "in.zip", {f"a/{name}": b"" for name in there}), said)


def test_a_single_file_that_is_called_otherwise(tmp_path):
    folder_of(tmp_path, {"layer_1.py": b"", "other.py": b""})
    refused(tmp_path / "layer_1.py", "but layer_1.py: if")
    refused(tmp_path / "other.py", "hand in the folder")
