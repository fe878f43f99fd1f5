"""Hand-ins that do harm or are broken: one sentence, nothing left, nothing read that is not the student's."""

from __future__ import annotations

import gzip
import os
import resource
import socket
import struct
import tarfile
import tempfile
import unicodedata
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labbench import handin, inputs, scratch
from labbench.errors import LabbenchError
from labbench.handin import copying, limits
from labbench.worker.workspace import Workspace
from tests.packing import FILES, WORK, below, folder_of, opened, private_folder, refused, tar_of, zip_of  # noqa: F401


def patched(path, changes):
    """A file with bytes changed: {mark: [(offset from it, bytes)]}, at the last place where the mark stands."""
    content = bytearray(path.read_bytes())
    for mark, edits in changes.items():
        at = content.rindex(mark)
        for offset, new in edits:
            content[at + offset : at + offset + len(new)] = new
    path.write_bytes(content)
    return path


# -- broken and odd archives ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [9, 98, 4321])
def test_methods_that_cannot_be_opened(tmp_path, method):
    """Deflate64, which Windows takes for large files; PPMd; nonsense."""
    edits = {b"PK\x01\x02": [(10, struct.pack("<H", method))], b"PK\x03\x04": [(8, struct.pack("<H", method))]}
    path = patched(zip_of(tmp_path / "in.zip", {"layers_1.py": b"x"}), edits)
    refused(path, "packed in a way that cannot be opened here; please pack it again as an ordinary .zip")


def test_a_single_wrong_bit(tmp_path):
    path = zip_of(tmp_path / "in.zip", WORK, compresslevel=0)
    refused(patched(path, {b"# layers_1": [(2, b"!")]}), r"damaged or incomplete \(Bad CRC-32 for file 'layers_1.py'\)")
    path = tmp_path / "in.tar.gz"
    path.write_bytes(gzip.compress(tar_of(tmp_path / "in.tar", WORK).read_bytes(), 0))
    refused(patched(path, {b"# layers_1": [(2, b"!")]}), "CRC check failed")


@pytest.mark.parametrize(
    ("cut", "pattern"),
    [
        (lambda content: content[:1024], "unexpected end of data"),  # at the end of the first member
        (lambda content: content[:1100], "unexpected end of data"),
        (
            lambda content: content[:1024] + b"x" * 512 + content[1536:],
            "unexpected end of data",
        ),  # a header that is none
    ],
)
def test_a_tar_that_breaks_off(tmp_path, cut, pattern):
    """Python's tarfile takes all of these for the end of the archive."""
    path = tar_of(tmp_path / "in.tar", WORK)
    path.write_bytes(cut(path.read_bytes()))
    refused(path, pattern)


def test_a_gzip_that_breaks_off_behind_its_tar(tmp_path):
    path = tar_of(tmp_path / "in.tar.gz", WORK)
    path.write_bytes(path.read_bytes()[:-4])
    refused(path, "damaged or incomplete")


def test_an_archive_that_is_a_web_page(tmp_path):
    for name in ("in.zip", "in.tar", "in.tar.gz"):
        (tmp_path / name).write_bytes(b"<!DOCTYPE html><title>Please sign in</title>" * 20)
        refused(tmp_path / name, "damaged or incomplete")


def test_two_gigabytes(tmp_path):
    """Refused for what the archive claims, before a byte is unpacked."""
    path = zip_of(tmp_path / "in.zip", {"layers_1.py": b"x"})
    refused(patched(path, {b"PK\x01\x02": [(24, struct.pack("<I", 2 << 30))]}), "too large")
    info = tarfile.TarInfo("layers_1.py")
    info.size = 2 << 30
    (tmp_path / "in.tar").write_bytes(info.tobuf())
    refused(tmp_path / "in.tar", "too large")
    with (tmp_path / "layers_1.py").open("wb") as file:
        file.truncate(2 << 30)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "MAX_BYTES", 1 << 20)
        refused(tmp_path / "layers_1.py", "too large")
        refused(folder_of(tmp_path / "in", {"layers_1.py": bytes((1 << 20) + 1)}), "too large")


@pytest.mark.parametrize("size", [-1, -512, -(10**9)])
def test_a_size_below_zero(tmp_path, size):
    """A tar that leads back to where it has been."""
    info = tarfile.TarInfo("layers_1.py")
    info.size = size
    (tmp_path / "in.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(2048))
    refused(tmp_path / "in.tar", "damaged")


@pytest.mark.parametrize("kind", [".zip", ".tar"])
@pytest.mark.parametrize(
    "name", ["..", "a/..", "/", "//x/y", "a/../../b", "c:x", "..\\x", "stu_upload\\..\\..\\x", "\\\\host\\share\\x"]
)
def test_names_that_lead_outside(tmp_path, kind, name):
    refused((zip_of if kind == ".zip" else tar_of)(tmp_path / f"in{kind}", {name: b""}), "leads outside")


def test_a_name_that_ends_early(tmp_path):
    """zipfile would cut it at the NUL."""
    path = zip_of(tmp_path / "in.zip", {"layers_1.pyXtxt": b""})
    path.write_bytes(path.read_bytes().replace(b"pyX", b"py\0"))
    refused(path, "leads outside")


def test_names_with_colons_are_names(tmp_path):
    assert "第3:1次.txt" in opened(zip_of(tmp_path / "in.zip", {**WORK, "第3:1次.txt": b""}))[1]
    assert opened(zip_of(tmp_path / "b.zip", below("exp 3:1/stu_upload/")))[1] == WORK


def test_messages_quote_nothing_that_does_harm(tmp_path):
    name = "../\x1b[2J\r\n::error::\u202eyp.\u2028x" + "y" * 500
    message = refused(zip_of(tmp_path / "in.zip", {name: b""}), "leads outside")
    assert "::error" not in message
    assert len(message) < 700
    folders = {f"{kind}\u202e\x1b::error::/{file}": kind.encode() for kind in "ab" for file in FILES}
    assert "::error" not in refused(folder_of(tmp_path / "in", folders), "more than one hand-in")


COLLISIONS = [("Helper.py", "helper.py"), ("stra\u00dfe.py", "STRASSE.py"), ("a/B.py", "a/b.py")]


@pytest.mark.parametrize(("first", "second"), COLLISIONS)
def test_names_that_are_one_on_other_computers(tmp_path, first, second):
    members = {**WORK, first: b"1", second: b"2"}
    for path in (folder_of(tmp_path / "in", members), zip_of(tmp_path / "in.zip", members)):
        message = refused(path, "which many computers take for one")
        assert Path(first).name in message
        assert Path(second).name in message


def test_names_that_are_one_when_composed(tmp_path):
    members = {**WORK, **{unicodedata.normalize(form, "\u00dc.py"): b"" for form in ("NFC", "NFD")}}
    refused(zip_of(tmp_path / "in.zip", members), "more than once")
    refused(folder_of(tmp_path / "in", members), "which many computers take for one")


# -- what only looks like a file --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["layers_1.py", "in.zip", "in.tar.gz", "in", "in.rar"])
@pytest.mark.parametrize("kind", ["fifo", "socket", "device"])
def test_what_is_no_file(tmp_path, name, kind):
    path = tmp_path / name
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    else:
        path.symlink_to("/dev/zero")
    refused(path, "cannot be read: (it is a pipe or a device|No such device)")


@pytest.mark.parametrize("kind", ["link", "dangling", "fifo", "socket"])
def test_a_file_of_the_lab_that_is_none(tmp_path, kind):
    package = folder_of(tmp_path / "in", {"layers_1.py": b"", "vgg_cpu.py": b""})
    secret = folder_of(tmp_path, {"secret.py": b"secret"}) / "secret.py"
    if kind == "fifo":
        os.mkfifo(package / "layers_2.py")
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(package / "layers_2.py"))
    else:
        (package / "layers_2.py").symlink_to(secret if kind == "link" else tmp_path / "nowhere")
    refused(package, "layers_2.py in .*in is a link or something else that is no plain file")


def test_what_is_handed_in_may_itself_be_a_link(tmp_path):
    (tmp_path / "folder").symlink_to(folder_of(tmp_path / "in", below("stu_upload/")))
    assert opened(tmp_path / "folder")[1] == WORK
    (tmp_path / "latest.zip").symlink_to(zip_of(tmp_path / "in.zip", WORK))
    assert opened(tmp_path / "latest.zip")[1] == WORK


def test_folders_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_FOLDERS", 20)
    top = folder_of(tmp_path / "in", {f"{n}/y/x": b"" for n in range(21)})
    refused(top, "more than 20 folders; name the one")
    assert opened(folder_of(top, below("stu_upload/")))[1] == WORK  # it lies near
    refused(folder_of(tmp_path / "deep", {**WORK, "a/" * 50 + "x": b""}), "more than 40 deep")


def test_time_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_SECONDS", 0.0)
    for path in (
        zip_of(tmp_path / "in.zip", WORK),
        tar_of(tmp_path / "in.tar", WORK),
        folder_of(tmp_path / "in", WORK),
    ):
        refused(path, "is not read after 0 s")


@pytest.fixture
def ordinary(private):
    """As an ordinary user, whoever runs the tests."""
    with tempfile.TemporaryDirectory(dir="/tmp") as top:
        os.chmod(top, 0o755)
        str(LabbenchError("handin.empty", path=""))  # texts may lie where only root can read
        if os.geteuid() == 0:
            folder = Path(top, "ours")
            folder.mkdir()
            os.chown(folder, 65534, 65534)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(tempfile, "tempdir", str(folder))
                os.seteuid(65534)
                try:
                    yield folder
                finally:
                    os.seteuid(0)
        else:
            yield Path(top)


@pytest.mark.parametrize(
    ("locked", "pattern"),
    [
        ("stu_upload/layers_2.py", r"in/stu_upload/layers_2\.py cannot be read: Permission denied"),
        ("stu_upload/data", r"in/stu_upload/data cannot be read: Permission denied"),
        ("stu_upload", r"in/stu_upload cannot be read: Permission denied"),
        (".", r"in cannot be read: Permission denied"),
    ],
)
def test_what_may_not_be_read_is_named(ordinary, locked, pattern):
    top = folder_of(ordinary / "in", {**below("stu_upload/"), "stu_upload/data/x.bin": b""})
    (top / locked).chmod(0)
    try:
        refused(top, pattern)
    finally:
        (top / locked).chmod(0o755)


def test_an_archive_that_may_not_be_read(ordinary):
    path = zip_of(ordinary / "in.zip", WORK)
    path.chmod(0)
    refused(path, r"in\.zip cannot be read: Permission denied")


def test_a_snapshot_is_read_only_and_goes_all_the_same(ordinary):
    with handin.opened(
        folder_of(ordinary / "in", below("stu_upload/", {**WORK, "deep/er/x.py": b""})), FILES
    ) as snapshot:
        private = snapshot.package.parent
        for attempt in (
            lambda: (snapshot.package / "layers_1.py").write_bytes(b""),
            lambda: (snapshot.package / "new.py").touch(),
            lambda: (snapshot.package / "deep" / "er" / "x.py").unlink(),
        ):
            with pytest.raises(PermissionError):
                attempt()
        with Workspace(snapshot.package, {}) as workspace:
            with pytest.raises(PermissionError):
                (workspace.code.package / "layers_1.py").write_bytes(b"")
            laid_out = workspace.code.package
    assert not private.exists()
    assert not laid_out.exists()


def test_scratch_removes_what_nobody_may_enter(ordinary):
    with scratch.folder() as folder:
        folder_of(folder, {"a/b/c": b""})
        (folder / "a").chmod(0)
    assert not folder.exists()


# -- what changes while it is read ------------------------------------------------------------------------------


@pytest.fixture
def secret(tmp_path):
    return folder_of(tmp_path / "elsewhere", dict.fromkeys(FILES, b"secret"))


def test_a_folder_that_becomes_a_link(tmp_path, secret, monkeypatch):
    """After it was found, and before it is copied: on the way, and in the end."""
    for swapped in ("mine", "mine/stu_upload"):
        top = folder_of(tmp_path / swapped.replace("/", "-"), below("mine/stu_upload/"))

        def swap(*arguments, swapped=top / swapped):
            swapped.rename(tmp_path / "away")
            swapped.symlink_to(secret if swapped.name == "stu_upload" else secret.parent)
            return copying.copy_folder(*arguments)

        monkeypatch.setattr(handin, "copy_folder", swap)
        (secret.parent / "stu_upload").exists() or (secret.parent / "stu_upload").symlink_to(secret)
        refused(top, "cannot be read: (Not a directory|Too many levels of symbolic links)")
        os.rename(tmp_path / "away", tmp_path / f"gone-{swapped.replace('/', '-')}")


def test_a_file_that_becomes_a_link(tmp_path, secret, monkeypatch):
    top = folder_of(tmp_path / "in", WORK)

    def swap(name, **options):
        if name == "layers_2.py":
            (top / name).unlink()
            (top / name).symlink_to(secret / name)
        return plainly(name, **options)

    plainly = inputs.opened
    monkeypatch.setattr(inputs, "opened", swap)
    refused(top, r"in/layers_2\.py cannot be read: Too many levels of symbolic links")


def test_a_file_that_goes(tmp_path, monkeypatch):
    top = folder_of(tmp_path / "in", WORK)
    entries = copying._entries
    monkeypatch.setattr(copying, "_entries", lambda inside: [*entries(inside), (top / "vgg_cpu.py").unlink()][:-1])
    refused(top, r"in/vgg_cpu\.py cannot be read: No such file")


def test_a_file_that_grows_while_it_is_copied(tmp_path, monkeypatch):
    """What counts is what comes, not what the file was when it was looked at."""
    monkeypatch.setattr(limits, "MAX_BYTES", 100_000)
    top = folder_of(tmp_path / "in", WORK)
    plainly = inputs.opened

    def grow(name, **options):
        with (top / name).open("ab") as file:
            file.write(bytes(200_000))
        return plainly(name, **options)

    monkeypatch.setattr(inputs, "opened", grow)
    refused(top, "too large")


# -- this side's troubles ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [100_000, 53_000])  # of the last piece of 53,000 there is room for a part
def test_no_room(tmp_path, size):
    paths = [
        zip_of(tmp_path / "in.zip", {n: bytes(size) for n in FILES}),
        folder_of(tmp_path / "in", {n: bytes(size) for n in FILES}),
    ]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        for path in paths:
            refused(
                path,
                "cannot be unpacked in .*private: File too large; make room there, or name another folder in TMPDIR",
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_no_folder_for_temporary_files(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    refused(folder_of(tmp_path / "in", WORK), "cannot be unpacked in .*nowhere: No such file or directory")


@pytest.mark.parametrize(
    "trouble", [KeyboardInterrupt, SystemExit, MemoryError, LabbenchError("handin.empty", path="")]
)
def test_the_snapshot_goes_whatever_happens(tmp_path, trouble):
    """The fixture `private` looks."""
    with pytest.raises(BaseException) as caught, handin.opened(zip_of(tmp_path / "in.zip", WORK), FILES):
        raise trouble
    assert caught.value is trouble or caught.type is trouble


@pytest.mark.parametrize("module", ["archive", "copying"])
def test_an_interrupt_while_it_is_unpacked(tmp_path, monkeypatch, module):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"labbench.handin.{module}.write", interrupt)
    with pytest.raises(KeyboardInterrupt), handin.opened(zip_of(tmp_path / "in.zip", WORK), FILES):
        pass


# -- properties -------------------------------------------------------------------------------------------------

ANYTHING = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
NAMES = st.sampled_from(
    [*FILES, "stu_upload/layers_1.py", "a", "a/b", "__MACOSX/x", "..", "/x", "c:\\x", "a\\b/"]
) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


def outcome(path):
    """What is in the snapshot, or the sentence. Nothing else is allowed to happen."""
    try:
        return opened(path)[1]
    except LabbenchError as error:
        assert error.text.key.startswith("handin.")  # noqa: PT017
        assert str(error).isprintable()  # noqa: PT017
        return str(error)


@given(
    members=st.lists(
        st.tuples(NAMES, st.binary(max_size=50), st.sampled_from([0, 0o120777, 0o100644, 0o10644])), max_size=6
    )
)
@ANYTHING
def test_any_zip_is_opened_or_refused(tmp_path, members):
    path = tmp_path / "in.zip"
    with zipfile.ZipFile(path, "w") as out, pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)  # of names that come twice
        for name, content, mode in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            out.writestr(info, content)
    found = outcome(path)
    if isinstance(found, dict):
        assert set(found.values()) <= {content for _, content, _ in members}
    assert {p.name for p in tmp_path.iterdir()} <= {"in.zip", "in.tar", "private"}


@given(
    members=st.lists(
        st.tuples(
            NAMES,
            st.binary(max_size=50),
            st.sampled_from([b"0", b"1", b"2", b"3", b"5", b"6", b"7", b"x", b"L", b"S", b"Z"]),
        ),
        max_size=6,
    )
)
@ANYTHING
def test_any_tar_is_opened_or_refused(tmp_path, members):
    path = tmp_path / "in.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as out:
        for name, content, kind in members:
            info = tarfile.TarInfo(name.replace("\0", ""))
            info.type, info.size, info.linkname = kind, len(content), "/etc/passwd"
            out.fileobj.write(info.tobuf(tarfile.GNU_FORMAT, errors="surrogateescape") + content.ljust(512, b"\0"))
            out.offset += 1024
    found = outcome(path)
    if isinstance(found, dict):
        assert all(any(value in content.ljust(512, b"\0") for _, content, _ in members) for value in found.values())
    assert {p.name for p in tmp_path.iterdir()} <= {"in.zip", "in.tar", "private"}


@pytest.mark.parametrize("kind", [".zip", ".tar", ".tar.gz", ".tar.xz", ".tar.bz2"])
def test_any_bytes_are_opened_or_refused(tmp_path, kind):
    """A good archive with pieces replaced, cut out, or doubled."""
    path = (zip_of if kind == ".zip" else tar_of)(
        tmp_path / f"in{kind}", {n: c * 40 for n, c in below("stu_upload/").items()}
    )
    good = path.read_bytes()
    places = st.integers(0, len(good))

    @given(
        edits=st.lists(
            st.tuples(places, places, st.binary(max_size=8) | places.map(lambda at: good[at : at + 600])), max_size=4
        )
    )
    @settings(ANYTHING, max_examples=25)
    def edited(edits):
        content = good
        for first, last, piece in edits:
            content = content[: min(first, last)] + piece + content[min(max(first, last), min(first, last) + 64) :]
        path.write_bytes(content)
        outcome(path)

    edited()
