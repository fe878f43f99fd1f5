"""Hand-ins as files: every wrapping of the same work gives one snapshot; everything odd is refused, nothing escapes."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import random
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from labbench import handin
from labbench.errors import LabbenchError
from labbench.handin import limits
from tests.packing import FILES, WORK, below, folder_of, opened, private_folder, refused, tar_of, zip_of  # noqa: F401

PREFIXES = ["", "stu_upload/", "exp_3_1/stu_upload/", "张三/实验 3-1/exp/stu_upload/", "a/b/c/d/e/", "./stu_upload/"]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("kind", ["folder", ".zip", ".ZIP", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"])
def test_one_work_has_one_digest_however_it_is_wrapped(tmp_path, kind, prefix):
    expected = opened(folder_of(tmp_path / "plain", WORK))
    if kind == "folder":
        wrapped = folder_of(tmp_path / "wrapped", below(prefix))
    else:
        pack = zip_of if kind.lower() == ".zip" else tar_of
        wrapped = pack(tmp_path / f"wrapped{kind}", below(prefix))
    assert opened(wrapped) == expected
    assert expected[1] == WORK
    assert expected[2] == ()


JUNK = {
    "__MACOSX/stu_upload/._layers_1.py": b"mac",
    "__MACOSX/layers_1.py": b"mac",
    "stu_upload/__pycache__/layers_1.cpython-311.pyc": b"cache",
    "stu_upload/.git/config": b"git",
    "stu_upload/.DS_Store": b"mac",
    ".ipynb_checkpoints/layers_1.py": b"old",
    **{f".git/copy/{name}": b"old" for name in FILES},
}


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_junk_is_left_out(tmp_path, kind):
    members = {**below("stu_upload/"), **JUNK}
    wrapped = {
        "folder": lambda: folder_of(tmp_path / "in", members),
        "zip": lambda: zip_of(tmp_path / "in.zip", members),
        "tar": lambda: tar_of(tmp_path / "in.tar", members),
    }[kind]()
    assert opened(wrapped)[1] == WORK
    with handin.opened(wrapped, FILES) as snapshot:
        assert snapshot.candidates == ()


def test_packages_of_others_do_not_count(tmp_path):
    others = {f"env/lib/python3.8/site-packages/p/{i}.py": b"" for i in range(limits.MAX_FILES)}
    assert opened(zip_of(tmp_path / "in.zip", {**below("stu_upload/"), **others}))[1] == WORK


def test_a_virtual_environment_is_not_the_work(tmp_path):
    members = {**below("venv/lib/stu_upload/"), "venv/pyvenv.cfg": b"", **below("mine/")}
    assert opened(folder_of(tmp_path / "in", members))[1] == WORK


def test_windows_separators(tmp_path):
    assert opened(zip_of(tmp_path / "in.zip", below("exp\\stu_upload\\")))[1] == WORK


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_chinese_names_without_the_flag_that_says_how_they_are_written(tmp_path, encoding):
    """What a Chinese Windows packs (GBK), and what some packers write as UTF-8 without saying so."""
    name = "stu_upload/说明.txt"
    raw = name.encode(encoding)
    file = zip_of(tmp_path / "in.zip", {**below("stu_upload/"), "x" * len(raw): b"note"})
    file.write_bytes(file.read_bytes().replace(b"x" * len(raw), raw))
    expected = opened(folder_of(tmp_path / "in", {**below("stu_upload/"), name: b"note"}))
    assert opened(file) == expected
    assert "说明.txt" in expected[1]


def test_digest_depends_on_names_and_contents_only(tmp_path):
    first = opened(folder_of(tmp_path / "first", WORK))[0]
    second = folder_of(tmp_path / "elsewhere" / "second", below("stu_upload/"))
    for file in second.rglob("*.py"):
        os.utime(file, (1, 1))
        file.chmod(0o600)
    assert opened(second)[0] == first
    (second / "stu_upload" / FILES[0]).write_bytes(b"# other\n")
    assert opened(second)[0] != first
    more = folder_of(tmp_path / "more", {**WORK, "helper.py": b""})
    third = opened(more)[0]
    (more / "helper.py").rename(more / "helped.py")  # of the same content and in the same place in order
    assert len({first, third, opened(more)[0]}) == 3


def test_a_single_file(tmp_path):
    file = folder_of(tmp_path, {"layers_2.py": b"x"}) / "layers_2.py"
    _, content, missing = opened(file)
    assert content == {"layers_2.py": b"x"}
    assert [m[0] for m in missing] == ["layers_1.py", "vgg_cpu.py"]


@pytest.mark.parametrize(
    ("there", "nearest"),
    [
        ("layers1.py", "layers1.py"),
        ("Layers_1.py", "Layers_1.py"),
        ("layers_1 (1).py", "layers_1 (1).py"),
        ("x.py", ""),
    ],
)
def test_what_is_missing_is_named_with_what_is_near(tmp_path, there, nearest):
    members = {"layers_2.py": b"", "vgg_cpu.py": b"", there: b""}
    missing = dict(opened(folder_of(tmp_path / "in", members))[2])
    assert missing == {"layers_1.py": nearest}


def test_copies_are_named_each_with_its_own(tmp_path):
    copies = {f"{Path(name).stem} (1).py": b"" for name in FILES}
    refused(folder_of(tmp_path / "in", copies), r"but layers_1 \(1\)\.py, layers_2 \(1\)\.py, vgg_cpu \(1\)\.py: if")


def test_names_that_no_message_could_show_are_not_suggested(tmp_path):
    members = {"vgg_cpu.py": b"", os.fsdecode(b"layers_1\xff.py"): b"", "layers_\x1b[31m2.py": b""}
    _, _, missing = opened(folder_of(tmp_path / "in", members))
    assert missing == (("layers_1.py", ""), ("layers_2.py", ""))


# -- what is refused --------------------------------------------------------------------------------------------


def test_nothing_there(tmp_path):
    refused(tmp_path / "no", r"There is nothing at .*no; give")


def test_a_name_that_is_too_long(tmp_path):
    refused(tmp_path / ("x" * 300), "cannot be read: File name too long")


@pytest.mark.parametrize("name", ["notes.txt", "stu_upload", "work.docx", "work.gz"])
def test_another_kind_of_file(tmp_path, name):
    (tmp_path / name).write_bytes(b"x")
    refused(tmp_path / name, "is neither a folder, nor")


@pytest.mark.parametrize("name", ["work.rar", "work.RAR", "work.7z"])
def test_kinds_to_pack_again(tmp_path, name):
    (tmp_path / name).write_bytes(b"Rar!\x1a\x07\x00")
    refused(tmp_path / name, "please pack it again as .zip")


def test_empty_ones(tmp_path):
    (tmp_path / "folder").mkdir()
    refused(tmp_path / "folder", "holds none of the lab's files \\(layers_1.py, layers_2.py, vgg_cpu.py\\)")
    refused(zip_of(tmp_path / "a.zip", {}), "is empty")
    refused(tar_of(tmp_path / "a.tar.gz", {}), "is empty")
    refused(zip_of(tmp_path / "b.zip", {"__MACOSX/layers_1.py": b""}), "is empty")
    refused(zip_of(tmp_path / "c.zip", {"readme.txt": b""}), "holds none of the lab's files")
    (tmp_path / "zero.zip").touch()
    refused(tmp_path / "zero.zip", "damaged or incomplete")
    (tmp_path / "zero.tar").touch()
    refused(tmp_path / "zero.tar", "damaged or incomplete")


def test_too_deep(tmp_path):
    refused(folder_of(tmp_path / "in", below("a/" * (limits.MAX_DEPTH + 1))), "holds none")


def test_two_that_differ(tmp_path):
    both = {**below("first/stu_upload/"), **below("second/stu_upload/")}
    assert opened(folder_of(tmp_path / "same", both))[1] == WORK
    both["second/stu_upload/vgg_cpu.py"] = b"other"
    message = refused(folder_of(tmp_path / "differ", both), "more than one hand-in")
    assert "first/stu_upload/, second/stu_upload/" in message
    refused(zip_of(tmp_path / "differ.zip", both), "more than one hand-in")


def test_the_folder_that_holds_most_wins(tmp_path):
    members = {**below("deep/er/stu_upload/"), "old/layers_1.py": b"old", "layers_2.py": b"old"}
    assert opened(folder_of(tmp_path / "in", members))[1] == WORK
    members = {**below("stu_upload/"), **{f"backup/{n}": b"old" for n in FILES}}
    assert opened(folder_of(tmp_path / "named", members))[1] == WORK  # stu_upload first


ESCAPES = ["../evil.py", "a/../../evil.py", "/tmp/evil.py", "C:\\evil.py", "C:/evil.py", "..\\evil.py", "\\evil.py"]


@pytest.mark.parametrize("name", ESCAPES)
@pytest.mark.parametrize("kind", [".zip", ".tar.gz"])
def test_members_that_would_land_elsewhere(tmp_path, private, kind, name):
    pack = zip_of if kind == ".zip" else tar_of
    file = pack(tmp_path / f"in{kind}", {**below("stu_upload/"), name: b"evil"})
    before = {p for p in tmp_path.rglob("*") if private not in (p, *p.parents)}
    refused(file, "leads outside; please pack plain files only")
    assert {p for p in tmp_path.rglob("*") if private not in (p, *p.parents)} == before
    assert not Path("/tmp/evil.py").exists()


@pytest.mark.parametrize("kind", ["SYMTYPE", "LNKTYPE", "FIFOTYPE", "CHRTYPE", "BLKTYPE"])
def test_links_and_devices_in_a_tar(tmp_path, kind):
    file = tmp_path / "in.tar"
    with tarfile.open(file, "w") as out:
        info = tarfile.TarInfo("layers_1.py")
        info.type, info.linkname = getattr(tarfile, kind), "/etc/passwd"
        out.addfile(info)
    refused(file, "'layers_1.py', which is a link, a device")


def test_links_in_a_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as out:
        info = zipfile.ZipInfo("layers_1.py")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        out.writestr(info, "/etc/passwd")
    refused(tmp_path / "in.zip", "'layers_1.py', which is a link")


def test_links_in_a_folder_are_left_out(tmp_path):
    secret = tmp_path / "secret.py"
    secret.write_bytes(b"secret")
    top = folder_of(tmp_path / "in", {"layers_1.py": b"mine", "vgg_cpu.py": b"mine"})
    (top / "layer.py").symlink_to(secret)
    (top / "data").symlink_to(tmp_path)
    (top / "loop").symlink_to(top)
    _, content, missing = opened(top)
    assert content == {"layers_1.py": b"mine", "vgg_cpu.py": b"mine"}
    assert [m[0] for m in missing] == ["layers_2.py"]


def test_a_pipe_in_a_folder_does_not_block(tmp_path):
    top = folder_of(tmp_path / "in", WORK)
    os.mkfifo(top / "pipe")
    assert opened(top)[1] == WORK
    os.mkfifo(tmp_path / "layers_1.py")
    refused(tmp_path / "layers_1.py", "cannot be read")


def test_an_encrypted_zip(tmp_path):
    file = zip_of(tmp_path / "in.zip", WORK)
    content = bytearray(file.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := content.find(mark, at + 1)) >= 0:
            content[at + offset] |= 1
    file.write_bytes(content)
    refused(file, "is encrypted; please pack it again without a password")


@pytest.mark.parametrize("kind", [".zip", ".tar", ".tar.gz", ".tar.bz2", ".tar.xz"])
@pytest.mark.parametrize("keep", [0.2, 0.5, 0.7])
def test_truncated_archives(tmp_path, kind, keep):
    noise = random.Random(1).randbytes(20_000)
    pack = zip_of if kind == ".zip" else tar_of
    file = pack(tmp_path / f"in{kind}", {"layers_1.py": noise, "layers_2.py": noise[::-1]})
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * keep)])
    refused(file, "damaged or incomplete")


@pytest.mark.parametrize("kind", [".zip", ".tar", ".tar.gz", ".tar.bz2", ".tar.xz"])
def test_flipped_bytes_end_in_a_sentence_or_in_the_right_content(tmp_path, kind):
    rng = random.Random(7)
    pack = zip_of if kind == ".zip" else tar_of
    file = pack(tmp_path / f"in{kind}", {name: content * 50 for name, content in WORK.items()})
    content = file.read_bytes()
    for _ in range(30):
        broken = bytearray(content)
        for _ in range(rng.randint(1, 4)):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        file.write_bytes(broken)
        try:
            opened(file)
        except LabbenchError as error:
            assert error.text.key.startswith("handin.")  # noqa: PT017 - any refusal will do


def test_a_name_that_lies(tmp_path):
    tar_of(tmp_path / "in.tar.gz", WORK).rename(tmp_path / "in.tar")
    assert opened(tmp_path / "in.tar")[1] == WORK
    zip_of(tmp_path / "other.zip", WORK).rename(tmp_path / "other.tar")
    assert opened(tmp_path / "other.tar")[1] == WORK


# -- bombs ------------------------------------------------------------------------------------------------------


def test_a_member_that_unpacks_to_much_more_than_it_is(tmp_path):
    refused(zip_of(tmp_path / "in.zip", {"layers_1.py": bytes(30 << 20)}), "too large for a hand-in")


def test_a_member_that_lies_about_its_size(tmp_path):
    """The directory of the zip says 10 bytes; the stream holds 30 MB."""
    file = zip_of(tmp_path / "in.zip", {"layers_1.py": bytes(30 << 20)})
    content = bytearray(file.read_bytes())
    at = content.find(b"PK\x01\x02")
    struct.pack_into("<I", content, at + 24, 10)
    file.write_bytes(content)
    refused(file, "damaged|too large")


@pytest.mark.parametrize("kind", [".zip", ".tar.gz", "folder"])
def test_too_many_bytes(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(limits, "MAX_BYTES", 1 << 20)
    monkeypatch.setattr(limits, "MAX_BYTES", 1 << 20)
    noise = random.Random(1).randbytes(600_000)
    members = {"layers_1.py": noise, "layers_2.py": noise}
    if kind == "folder":
        refused(folder_of(tmp_path / "in", members), "too large")
    else:
        refused((zip_of if kind == ".zip" else tar_of)(tmp_path / f"in{kind}", members), "too large")


def test_one_huge_file(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_BYTES", 1000)
    (tmp_path / "layers_1.py").write_bytes(bytes(1001))
    refused(tmp_path / "layers_1.py", "too large")


@pytest.mark.parametrize("kind", [".zip", ".tar", "folder"])
def test_too_many_files(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(limits, "MAX_FILES", 50)
    members = {f"stu_upload/{i}.txt": b"" for i in range(limits.MAX_FILES)} | {"stu_upload/layers_1.py": b""}
    if kind == "folder":
        refused(folder_of(tmp_path / "in", members), "at most 50 files")
    else:
        refused((zip_of if kind == ".zip" else tar_of)(tmp_path / f"in{kind}", members), "at most 50 files")


def test_too_many_files_beside_the_work(tmp_path, monkeypatch):
    """Only the work is kept, but all would be unpacked."""
    monkeypatch.setattr(limits, "MAX_FILES", 50)
    members = {**below("stu_upload/"), **{f"junk/{i}.txt": b"" for i in range(limits.MAX_FILES)}}
    refused(zip_of(tmp_path / "in.zip", members), "at most 50 files")


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_a_tar_that_unpacks_without_end(tmp_path, monkeypatch, compress):
    """One header that claims gigabytes; tarfile would read it whole."""
    monkeypatch.setattr(limits, "MAX_BYTES", 1 << 20)
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 200 << 20
    file = tmp_path / "in.tar.gz"
    file.write_bytes(compress(info.tobuf(tarfile.USTAR_FORMAT) + bytes(16 << 20)))
    refused(file, "too large")


def test_a_file_and_a_folder_of_one_name(tmp_path):
    refused(tar_of(tmp_path / "in.tar", {"a": b"", "a/layers_1.py": b""}), "'a/layers_1.py' more than once")
    refused(zip_of(tmp_path / "in.zip", {"a/layers_1.py": b"", "a": b""}), "'a' more than once")


def test_names_that_no_file_system_takes_are_shortened(tmp_path):
    """Windows takes 255 characters, Linux 255 bytes: 85 Chinese characters."""
    report, folder = "实验报告" * 30, "智能计算系统" * 20
    members = {f"{folder}/{n}": c for n, c in {**WORK, f"{report}.pdf": b"a", f"{report}.doc": b"b"}.items()}
    _, content, _ = opened(zip_of(tmp_path / "in.zip", members))
    assert WORK.items() <= content.items()
    assert sorted(Path(n).suffix for n in content.keys() - WORK.keys()) == [".doc", ".pdf"]
