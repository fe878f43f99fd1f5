"""What a careless or a hostile user types: one sentence, the documented exit code, nothing written or left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import textwrap
import zlib
from unittest import mock

import pytest
from PIL import Image

from labbench import catalogue, grading, handin, resources
from labbench.doctor import machine
from labbench.errors import ExitCode, LabbenchError, reason
from labbench.results import Isolation, Level
from labbench.texts import Lang, Text, render
from labbench.vgg import weights
from tests import books
from tests.conftest import ROOT as CHECKOUT
from tests.test_cli import command_lines, one_line, process, run

RIGHT = CHECKOUT / "examples" / "lab3_1_right"
RIGHT_2 = CHECKOUT / "examples" / "lab3_2_right"
MAT_HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"


def element(kind, data):
    """An element of a MATLAB 5 file."""
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def matrix(kind, shape, body):
    """A variable `layers` of a class and a shape, whatever its body says."""
    dimensions = struct.pack(f"<{len(shape)}i", *shape)
    return element(14, element(6, struct.pack("<II", kind, 0)) + element(5, dimensions) + element(1, b"layers") + body)


def bomb(path):
    """A PNG of 400 bytes that says it has 10**10 pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """A folder of bad inputs."""
    box = tmp_path_factory.mktemp("box")
    os.mkfifo(box / "pipe")
    (box / "folder").mkdir()
    (box / "loop").symlink_to("loop")
    (box / "zero").symlink_to("/dev/zero")
    (box / "text").write_text("just words")
    (box / "empty").touch()
    (box / "pickle").write_bytes(b"\x80\x04]\x94.")
    (box / "page.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n")
    bomb(box / "bomb.png")
    Image.new("RGB", (9, 9)).save(box / "dot.png")
    (box / "hand.py").write_text("x = 1\n")
    (box / "work" / "stu_upload").mkdir(parents=True)
    (box / "work" / "stu_upload" / "layers_1.py").write_text("x = 1\n")
    (box / "hdf5.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n")
    (box / "number.mat").write_bytes(MAT_HEADER + matrix(6, (1, 1), element(9, bytes(8))))
    fields = element(5, b"\x20\0\0\0") + element(1, b"")
    (box / "structs.mat").write_bytes(MAT_HEADER + matrix(2, (2**31 - 1, 1), fields))
    (box / "flat.mat").write_bytes(MAT_HEADER + matrix(6, (2**30, 2**30, 0), element(9, b"")))
    (box / "dimensions.mat").write_bytes(MAT_HEADER + matrix(6, (1,) * 70, element(9, bytes(8))))
    lists = {"nul": b"a\0b 1\n", "long": b"x" * 5000 + b" 1\n", "pipes": b"pipe 1\n", "lines": b"dot.png 1\n" * 200_000}
    for name, content in lists.items():
        (box / name).write_bytes(content)
    return box


@pytest.fixture
def here(box, monkeypatch):
    """The box as the working directory, and a temporary folder in which nothing may be left; nothing new in either."""
    monkeypatch.chdir(box)
    before = sorted(box.rglob("*"))
    with tempfile.TemporaryDirectory() as temporary:
        monkeypatch.setattr(tempfile, "tempdir", temporary)
        yield box
        assert os.listdir(temporary) == []
    assert sorted(box.rglob("*")) == before


PIPE = "it is a pipe or a device, not a plain file"
PICTURE = ("run", "3-1", "--submission", RIGHT, "--image")
MAT = ("weights", "import")
LIST = ("run", "3-2", "--submission", RIGHT_2, "--file-list")
SCORE = ("score", "--lab", "3-1", "--submission")
HOSTILE = {
    (*PICTURE, "pipe"): f"The picture pipe cannot be read: {PIPE}.",
    (*PICTURE, "zero"): f"The picture zero cannot be read: {PIPE}.",
    (*PICTURE, "loop"): "The picture loop cannot be read: Too many levels of symbolic links.",
    (*PICTURE, "text/x"): "The picture text/x cannot be read: Not a directory.",
    (*PICTURE, "x" * 300): "cannot be read: File name too long.",
    (*PICTURE, "empty"): "empty is not a picture in a known format;",
    (*PICTURE, "page.eps"): "page.eps is not a picture in a known format;",  # else Ghostscript would be started
    (*PICTURE, "bomb.png"): "The picture bomb.png has more than 64000000 pixels;",
    (*PICTURE, ""): "--image: got '', expected a path.",
    (*MAT, "pipe"): f"The weights file pipe cannot be read: {PIPE}.",
    (*MAT, "zero"): f"The weights file zero cannot be read: {PIPE}.",
    (*MAT, "loop"): "The weights file loop cannot be read: Too many levels",
    (*MAT, "folder"): "The weights file folder cannot be read: Is a directory.",
    (*MAT, "empty"): "empty is not a MATLAB 5 file (it starts with b''",
    (*MAT, "pickle"): "pickle is not a MATLAB 5 file",
    (*MAT, "hdf5.mat"): "hdf5.mat is a MATLAB 7.3 (HDF5) file",
    (*MAT, "number.mat"): "In number.mat, the variable `layers` is no list of layers;",
    (*MAT, "structs.mat"): "The weights file structs.mat is damaged: the shape (2147483647, 1) at byte",
    (*MAT, "flat.mat"): "The weights file flat.mat is damaged: the shape (1073741824, 1073741824, 0) at",
    (*MAT, "dimensions.mat"): "The weights file dimensions.mat is damaged: a shape at byte 160 that cannot be: (1, 1,",
    (*MAT, ""): "FILE: got '', expected a path.",
    (*LIST, "pipe"): f"The list pipe cannot be read: {PIPE}.",
    (*LIST, "nul"): r"The picture a\x00b cannot be read: Invalid argument.",
    (*LIST, "long"): "cannot be read: File name too long.",
    (*LIST, "pipes"): f"The picture pipe cannot be read: {PIPE}.",
    (*LIST, "lines"): "The list lines cannot be read: it has more than 1 MiB.",
    (*SCORE, ""): "--submission: got '', expected a path.",
    (*SCORE, RIGHT, "--pack", ""): "--pack: got '', expected a path.",
    (*SCORE, RIGHT, "--pack", "pipe"): "There is no golden pack at pipe;",
    (*SCORE, RIGHT, "--output", ""): "--output: got '', expected a path.",
    (*SCORE, RIGHT, "--output", "a\0b"): r"--output: got 'a\x00b', expected a path.",
    (*SCORE, RIGHT, "--output", "x" * 300): "cannot be written: File name too long.",
    (*SCORE, RIGHT, "--output", "loop/x"): "loop/x cannot be written: ",
    (*SCORE, RIGHT, "--output", "text/x"): "text/x cannot be written: there is no folder",
    (*SCORE, "hand.py", "--output", "hand.py"): "hand.py is what is read, and would be lost;",
    (*SCORE, "hand.py", "--output", "./folder/../hand.py"): "is what is read, and would be lost;",
    (*SCORE, "work", "--output", "work/stu_upload/layers_1.py"): "is what is read, and would be lost;",
    ("weights", "quantize", "--weights", "text", "--out", "text", "--force"): "is what is read, and would be lost;",
    ("weights", "quantize", "--out", "folder", "--force"): "folder is a folder; name a file.",
    ("weights", "quantize", "--out", "x" * 300): "cannot be read or written: File name too long.",
    ("weights", "quantize", "--images", "folder", "--out", "q"): "There is no file in folder;",
    ("goldens", "build", "--lab", "3-1", "--out", ""): "--out: got '', expected a path.",
    ("goldens", "build", "--lab", "3-1", "--out", "x" * 300): "File name too long.",
    ("goldens", "build", "--lab", "3-1", "--out", "p", "--weights", "pipe"): f"pipe cannot be read: {PIPE}.",
    ("goldens", "build", "--lab", "3-1", "--out", "p", "--image", "bomb.png"): "has more than 64000000 pixels;",
    ("init", "3-1", "--dir", ""): "--dir: got '', expected a path.",
    ("init", "3-1", "--dir", "loop"): "cannot be written: ",
    ("init", "3-1", "--dir", "x" * 300): "File name too long.",
}  # fmt: skip


@pytest.mark.parametrize("line", HOSTILE, ids=lambda line: " ".join(map(str, line)).replace(str(CHECKOUT), "")[:70])
@pytest.mark.usefixtures("here")
def test_one_sentence_and_nothing_left(capsys, line):
    assert HOSTILE[line] in one_line(run(capsys, *line))
    chinese = one_line(run(capsys, *line, "--lang", "zh"))
    assert re.search(r"[一-鿿]", chinese)
    if "已损坏" not in chinese:  # then it says what of the format is, in English
        assert not re.search(r"\b(cannot|expected|too|file)\b", re.sub(r"x{9,}", "", chinese)), chinese


def test_a_bad_picture_is_seen_before_weights_are_built(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("LABBENCH_CACHE", str(tmp_path))
    for lab, option in (("3-1", "--image"), ("3-2", "--image"), ("3-3", "--style")):
        right = CHECKOUT / "examples" / f"lab{lab.replace('-', '_')}_right"
        said = one_line(run(capsys, "run", lab, "--submission", right, option, "nowhere"))
        assert "There is no picture at nowhere." in said
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_home_of_the_cache(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for cache in ("~nobody-of-that-name/cache", "relative", "/dev/null", "/dev/null/below", "a\nb"):
        monkeypatch.setenv("LABBENCH_CACHE", cache)
        code, out, err = run(capsys, "weights", "info")
        assert (code, err) == (0, "")
        assert out.startswith("There are no weights yet")
    assert list(tmp_path.iterdir()) == []


def test_init_makes_all_or_none(capsys, tmp_path):
    (tmp_path / "lab3-2").mkdir()
    assert "lab3-2 is there already" in one_line(run(capsys, "init", "--dir", tmp_path))
    assert [p.name for p in tmp_path.iterdir()] == ["lab3-2"]
    code, out, _ = run(capsys, "init", "3-1", "lab3_1", "--dir", tmp_path)
    assert (code, out.count("is ready")) == (0, 1)


@pytest.mark.parametrize("number", ["ENOSPC", "EDQUOT", "EROFS", "EIO"])
def test_init_on_a_full_disk(capsys, tmp_path, monkeypatch, number):
    import errno
    import shutil

    def full(*_):
        raise OSError(getattr(errno, number), os.strerror(getattr(errno, number)))

    monkeypatch.setattr(shutil, "copyfile", full)
    said = one_line(run(capsys, "init", "3-1", "--dir", tmp_path))
    assert said == f"{tmp_path}/lab3-1 cannot be written: {os.strerror(getattr(errno, number))}.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "there is not enough memory;"),
        (OSError(28, "No space left on device"), "Something cannot be read or written: No space left on device;"),
        (OSError(27, "File too large"), "Something cannot be read or written: File too large;"),
        (OSError(24, "Too many open files", "/a/b"), "/a/b cannot be read or written: Too many open files."),
        (PermissionError(13, "Permission denied", "/a/b"), "/a/b cannot be read or written: Permission denied."),
    ],
)
def test_the_machine_is_no_fault_of_ours(capsys, monkeypatch, error, said):
    def refuse(*_):
        raise error

    monkeypatch.setattr(resources, "catalogue_file", refuse)
    assert one_line(run(capsys, "list")).startswith(said)
    chinese = one_line(run(capsys, "list", "--lang", "zh"))
    assert not re.search(r"\b(cannot|space|many|denied|memory)\b", chinese)


def test_why_the_system_refused():
    assert render(Text("output.not_written", {"path": "a", "reason": reason(OSError(28, "No space left on device"))}),
                  Lang.ZH) == "无法写入 a：磁盘空间不足。"  # fmt: skip
    assert reason(OSError(95, "Operation not supported")) == "Operation not supported"  # as the system says it
    assert reason(OSError("words")) == "words"


# -- exit codes -------------------------------------------------------------------------------------------------


def test_every_command_is_in_the_table():
    table = (CHECKOUT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    codes = {int(n) for row in re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE) for n in row.split(", ")}
    assert codes == set(ExitCode)
    named = set()
    for row in re.findall(r"^\| (`.*) \|$", table, re.MULTILINE):
        names, done, *_ = (cell.strip() for cell in row.split("|"))
        assert done, row
        first, *others = re.findall(r"`(.*?)`", names)
        group = first.split()[0] if " " in first and " -" not in first else ""
        named |= {first, *(f"{group} {name}".strip() for name in others)}
    groups = {line[0] for line in command_lines() if len(line) == 2}
    assert {" ".join(line) for line in command_lines() if line and " ".join(line) not in groups} <= named


@pytest.mark.parametrize(
    ("verdicts", "options", "code", "why"),
    [
        (books.RIGHT, [], 0, None),
        (books.RIGHT, ["--fail-under", "100"], 0, None),
        (books.WRONG, [], 0, None),
        (books.WRONG, ["--fail-under", "0"], 0, None),
        (books.WRONG, ["--fail-under", "100"], 1, f"is {books.WRONG.score}; --fail-under asks for 100."),
        (books.UNCLEAR, [], 4, f"may become {books.UNCLEAR.ceiling}"),
        (books.UNCLEAR, ["--fail-under", "100"], 4, f"may become {books.UNCLEAR.ceiling}"),
        (books.UNCLEAR, ["--fail-under", "0"], 0, None),
    ],
)
def test_exit_codes_of_score(capsys, tmp_path, monkeypatch, verdicts, options, code, why):
    monkeypatch.setattr(grading, "grade", lambda *_: verdicts)
    report = tmp_path / "report"
    line = ["score", "--lab", verdicts.lab, "--submission", RIGHT, "--format", f"json={report}", *options]
    got, _, err = run(capsys, *line)
    assert got == code
    written, *said = err.splitlines()
    assert str(report) in written
    assert report.stat().st_size > 100  # written whatever the code
    assert len(said) == (why is not None)
    assert why is None or why in said[0]


def test_score_reads_hand_in_and_catalogue_once(capsys, monkeypatch):
    opened, load = mock.Mock(wraps=handin.opened), mock.Mock(wraps=catalogue.load)
    monkeypatch.setattr(handin, "opened", opened)
    monkeypatch.setattr(catalogue, "load", load)
    monkeypatch.setattr(grading, "grade", lambda *_: books.RIGHT)
    assert run(capsys, "score", "--lab", books.RIGHT.lab, "--submission", RIGHT)[0] == 0
    assert (opened.call_count, load.call_count) == (1, 1)


def test_weak_isolation_is_5(capsys, monkeypatch):
    from labbench import policy

    monkeypatch.setattr(policy, "probe", lambda: Isolation(Level.LIMITED, (), ("seccomp: no",)))
    code, out, err = run(capsys, *SCORE, RIGHT, "--require-sandbox", "strong")
    assert (code, out, err.count("\n")) == (5, "", 1)


# -- streams and signals: processes -----------------------------------------------------------------------------


def shell(line, redirections):
    """(exit code, stderr) of a command under a shell's redirections."""
    program = f'"{sys.executable}" -Werror -m labbench {line} {redirections}'
    done = subprocess.run(["sh", "-c", program], capture_output=True, text=True, timeout=60, cwd=CHECKOUT, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("line", ["list", "--help", "--version"])
def test_closed_streams(line):
    assert shell(line, "<&- >&- 2>&-") == (0, "")


@pytest.mark.parametrize(("line", "code"), [("list", 2), ("--help", 2), ("nothing", 2)])
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_under_the_streams(line, code):
    assert shell(line, ">/dev/full 2>/dev/full") == (code, "")
    found, err = shell(line, ">/dev/full")
    assert (found, err.count("\n")) == (code, 1)
    assert line == "nothing" or "No space left on device" in err


def test_a_closed_stdout_is_not_given_to_the_next_file(tmp_path):
    """Else what is printed would end up in a file that the command opened."""
    assert shell(f"init 3-1 --dir {tmp_path}", ">&-") == (0, "")
    made = {p.relative_to(tmp_path / "lab3-1"): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    template = resources.template("lab3_1")
    assert made == {p.relative_to(template): p.read_bytes() for p in template.rglob("*")
                    if p.is_file() and "__pycache__" not in p.parts}  # fmt: skip


def test_help_in_ascii():
    for line in (["--help"], ["score", "--help"], ["weights"]):
        code, out, err = process(*line, "--lang", "zh", environment={"LC_ALL": "C", "PYTHONIOENCODING": "ascii"})
        assert code == (2 if line == ["weights"] else 0)
        (out + err).decode("ascii")


@pytest.mark.parametrize("module", ["labbench.texts", "click", "yaml", "rich.console", "labbench.catalogue"])
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["Ctrl-C", "SIGTERM", "terminal closed"],
)
def test_a_signal_while_a_module_is_imported(module, number, code):
    program = textwrap.dedent(f"""
        import os, signal, sys
        signal.signal(signal.SIGINT, signal.default_int_handler)
        class Finder:
            def find_spec(self, name, path=None, target=None):
                if name == {module!r}:
                    os.kill(os.getpid(), {int(number)})
        sys.meta_path.insert(0, Finder())
        from labbench.cli import main
        main(["list"])
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (code, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.strip() in ("", "labbench: interrupted.", f"labbench: ended by {signal.Signals(number).name}.")


def test_under_nohup_a_closed_terminal_ends_nothing():
    program = textwrap.dedent("""
        import os, signal
        from labbench import catalogue, cli
        load = catalogue.load
        def closed():
            os.kill(os.getpid(), signal.SIGHUP)
            return load()
        catalogue.load = closed
        cli.main(["list"])
    """)
    line = ["nohup", sys.executable, "-c", program]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "3-1" in done.stdout) == (0, True), done.stderr
    ended = subprocess.run(line[1:], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (129, "labbench: ended by SIGHUP.\n")


def test_a_ctrl_c_that_python_cannot_raise_is_not_lost():
    program = textwrap.dedent("""
        import os, signal, time
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from labbench import resources
        from labbench.cli import main
        class Odd:
            def __del__(self):
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(1)
        def slow():
            Odd()
            time.sleep(20)
        resources.catalogue_file = slow
        main(["list"])
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=15, check=False)
    assert (done.returncode, done.stderr) == (130, "\nlabbench: interrupted.\n")


def test_ctrl_c_again_and_again():
    program = textwrap.dedent("""
        import os, signal, time
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from labbench import resources
        from labbench.cli import app, main
        say = app.App.say
        def slowly(self, key, **values):
            os.kill(os.getpid(), signal.SIGINT)
            return say(self, key, **values)
        app.App.say = slowly
        def slow():
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(9)
            finally:  # cleaning up
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(9)
        resources.catalogue_file = slow
        main(["list"])
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=15, check=False)
    assert (done.returncode, done.stderr) == (130, "\nlabbench: interrupted.\n")


# -- doctor -----------------------------------------------------------------------------------------------------


def test_doctor_finds_what_is_broken_instead_of_breaking(capsys, tmp_path, monkeypatch):
    from labbench import doctor

    def changed():
        raise LabbenchError("weights_changed", path="some.mat")

    (tmp_path / "labs.yaml").write_text("version: 1\nlab: {}\n")
    monkeypatch.setattr(resources, "data_root", lambda: tmp_path)
    monkeypatch.setattr(weights, "available", changed)
    monkeypatch.setattr(doctor, "_worker", lambda *_: ())
    monkeypatch.setattr(doctor, "_start", lambda _: (None, []))
    code, out, err = run(capsys, "doctor")
    assert (code, err) == (5, "")
    assert "The imported weights some.mat were changed or damaged" in out
    assert f"{tmp_path}/labs.yaml:2: lab: there is no key lab; there are: labs, version" in out
    code, out, _ = run(capsys, "doctor", "--lang", "zh")
    assert "没有 lab 这个键" in out


def test_doctor_as_json_with_a_name_that_is_no_utf8(capsys, tmp_path, monkeypatch):
    from labbench import doctor

    monkeypatch.setattr(doctor, "_worker", lambda *_: ())
    monkeypatch.setenv("LABBENCH_CACHE", str(tmp_path / "caf\udce9"))
    code, out, _ = run(capsys, "doctor", "--json")
    assert code == 0
    assert {f["topic"]: f["value"] for f in json.loads(out)["findings"]}["cache"].endswith(r"caf\udce9")


def test_doctor_on_terminals_and_without_temporary_files(monkeypatch):
    found = {f.topic: f for f in machine.findings()}
    assert found["terminal"].value == "–"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    for columns, fine in (("39", False), ("40", True)):
        monkeypatch.setenv("COLUMNS", columns)
        monkeypatch.setenv("TERM", "dumb")
        terminal = {f.topic: f for f in machine.findings()}["terminal"]
        assert (terminal.value, terminal.fine) == (f"dumb, {columns} columns", fine)

    def nowhere():
        raise FileNotFoundError

    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    temporary = {f.topic: f for f in machine.findings()}["temporary"]
    assert not temporary.fine
    assert "TMPDIR" in render(temporary.advice, Lang.ZH)
