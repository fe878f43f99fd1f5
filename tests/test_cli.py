"""The command line from outside: words, exit codes, streams, signals, odd terminals."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

from labbench import doctor, resources, running
from labbench.cli import app as cli_app
from labbench.cli import command_line
from labbench.cli.base import COMMANDS, ROOT
from labbench.results import Fault, Verdict, text
from tests.conftest import ROOT as CHECKOUT

RIGHT = CHECKOUT / "examples" / "lab3_1_right"


def run(capsys, *arguments):
    """(exit code, stdout, stderr) of a command in this process."""
    code = command_line.run([str(a) for a in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def start(*arguments, environment=None, warnings=("error",), **options):
    """The command as a process of its own, as `labbench` is installed."""
    program = "import sys; from labbench.cli import main; main(sys.argv[1:])"
    clean = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "PYTHONIOENCODING")}
    merged = {**clean, "LC_ALL": "C.UTF-8", **(environment or {})}
    return subprocess.Popen(
        [sys.executable, *(f"-W{w}" for w in warnings), "-c", program, *map(str, arguments)],
        env={k: v for k, v in merged.items() if v is not None},
        # A shell starts what runs in the background with Ctrl-C ignored, and so would these.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **options,
    )


def process(*arguments, environment=None, **options):
    """(exit code, stdout, stderr) of a process, as bytes."""
    started = start(*arguments, environment=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    out, err = started.communicate(timeout=120)
    return started.returncode, out, err


def command_lines():
    yield []
    context = click.Context(ROOT)
    for name in COMMANDS:
        yield [name]
        command = ROOT.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ([name, sub] for sub in command.list_commands(context))


# -- help -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", list(command_lines()), ids=" ".join)
def test_help_in_english(capsys, line):
    code, out, err = run(capsys, *line, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: {' '.join(['labbench', *line])} ")
    assert re.search(r"--lang \[en\|zh\]  +Language of all", out)
    assert re.search(r"--help  +Show this text and exit\.", out)
    assert not re.search(r"[一-鿿]", out)
    assert not re.search(r"\b(help|usage|cli)\.\w", out)  # no key instead of its text


#: Names that stay as they are in Chinese.
NAMES = {"labbench", "LABBENCH_LANG", "LABBENCH_PACK", "VGG19", "LAB-pack", "JSON", "__main__", "README",
         "imagenet-vgg-verydeep-19.mat", ".py", "Landlock"}  # fmt: skip


@pytest.mark.parametrize("line", list(command_lines()), ids=" ".join)
@pytest.mark.parametrize("where", ["before", "after"])
def test_help_in_chinese_has_no_english(capsys, line, where):
    asked = ["--lang", "zh", *line, "--help"] if where == "before" else [*line, "--help", "--lang=zh"]
    code, out, err = run(capsys, *asked)
    assert (code, err) == (0, "")
    usage, rest = out.split("\n", 1)
    assert usage.startswith(f"用法： {' '.join(['labbench', *line])} ")
    assert re.findall(r"[a-z]{2,}", usage.split(" ".join(["labbench", *line]), 1)[1]) == []
    for row in rest.splitlines():
        words = re.sub(r"^  (--|\w).*?(  +|$)", "", row) if row.startswith("  ") else row  # without the name's column
        for name in NAMES:
            words = words.replace(name, "")
        assert not re.search(r"[a-z]{2,}", re.sub(r"\[\d+<=x<=\d+\]", "", words)), row


def test_help_is_quick_and_imports_nothing_heavy():
    probe = (
        "import sys; from labbench.cli.command_line import run; code = run(['--help']); "
        "print(sorted({m.split('.')[0] for m in sys.modules} & "
        "{'numpy', 'scipy', 'PIL', 'rich', 'torch', 'multiprocessing'}), file=sys.stderr)"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60)
    assert done.stderr == "[]\n"
    assert done.stdout.startswith("Usage: labbench")
    assert time.perf_counter() - started < 3  # 0.2 s on a machine of its own


@pytest.mark.parametrize("line", [[], ["goldens"], ["weights"], ["--lang", "zh"], ["goldens", "--lang", "zh"]])
def test_no_command_shows_the_help(capsys, line):
    code, out, err = run(capsys, *line)
    assert (code, out) == (2, "")
    assert err.startswith(("Usage: labbench", "用法： labbench"))
    assert ("zh" in line) == ("命令:" in err)


def test_version(capsys):
    assert run(capsys, "--version") == (0, "labbench 0.1.0\n", "")


# -- language ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [["--lang", "zh", "list"], ["list", "--lang", "zh"], ["list", "--lang=zh"]])
def test_lang_before_and_after_the_command(capsys, line):
    code, out, _ = run(capsys, *line)
    assert code == 0
    assert "基于 VGG19 的图像分类" in out


@pytest.mark.parametrize(
    ("environment", "chinese"),
    [
        ({"LABBENCH_LANG": "zh"}, True),
        ({"LANG": "zh_CN.UTF-8"}, True),
        ({"LABBENCH_LANG": "en", "LANG": "zh_CN.UTF-8"}, False),
        ({}, False),
    ],
)
def test_language_of_the_environment(capsys, monkeypatch, environment, chinese):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ("图像分类" in run(capsys, "list")[1]) is chinese
    assert ("没有实验" in run(capsys, "show", "9-9")[2]) is chinese
    assert run(capsys, "--lang", "en", "show", "9-9")[2].startswith("labbench: There is no lab 9-9")


# -- usage errors -----------------------------------------------------------------------------------------------

USAGE = {
    ("scor",): "There is no command scor; there are: score,",
    ("goldens", "bild"): "There is no command bild; there are: build,",
    ("score",): "--lab is missing. See `labbench score --help`.",
    ("score", "--labb", "3-1"): "There is no option --labb; is --lab",
    ("score", "--nope"): "There is no option --nope. See `labbench score --help`.",
    ("score", "--lab"): "--lab needs a value. See `labbench score --help`.",
    ("score", "--lab", "3-1", "extra", "more"): "There is too much: extra more. See `labbench score --help`.",
    ("score", "--lab", "3-1", "--fail-under", "300"): "--fail-under: got 300, expected 0–100.",
    ("score", "--lab", "3-1", "--fail-under", "-1"): "--fail-under: got -1, expected 0–100.",
    ("score", "--lab", "3-1", "--fail-under", "most"): "--fail-under: got most, expected 0–100.",
    ("score", "--lab", "3-1", "--format", "xml"): "--format: got xml, expected table, json,",
    ("--lang", "fr", "list"): "--lang: got fr, expected en, zh. See `labbench --help`.",
    ("list", "--lang", "fr"): "--lang: got fr, expected en, zh. See `labbench list --help`.",
    ("show",): "LAB is missing. See `labbench show --help`.",
    ("run",): "LAB is missing.",
    ("weights", "import"): "FILE is missing. See `labbench weights import --help`.",
    ("doctor", "now"): "There is too much: now.",
    ("show", "9-9"): "There is no lab 9-9; there are: 3-1, 3-2, 3-3. See `labbench list`.",
    ("score", "--lab", "9-9"): "There is no lab 9-9;",
    ("run", "9-9"): "There is no lab 9-9;",
    ("init", "9-9"): "There is no lab 9-9;",
    ("goldens", "build", "--lab", "9-9"): "There is no lab 9-9;",
    ("goldens", "info", "--lab", "9-9"): "There is no lab 9-9;",
    ("goldens", "verify", "--lab", "9-9"): "There is no lab 9-9;",
}


def one_line(result, start="labbench: "):
    """The one line on stderr of a command that refused."""
    code, out, err = result
    assert code == 2, (code, out, err)
    assert out == ""
    assert err.startswith(start)
    assert err.endswith("\n")
    assert err.count("\n") == 1, err
    assert "Traceback" not in err
    return err.removeprefix(start)


@pytest.mark.parametrize("line", USAGE, ids=" ".join)
def test_usage_errors(capsys, line):
    assert one_line(run(capsys, *line)).startswith(USAGE[line])
    chinese = one_line(run(capsys, *line, *([] if "--lang" in line else ["--lang", "zh"])))
    assert re.search(r"[一-鿿]", chinese) or "--lang" in line or line[-1] == "--lab"
    assert not re.search(r"[。：] ", chinese)


def test_control_characters_in_names_do_not_reach_the_terminal(capsys):
    said = one_line(run(capsys, "show", "a\nb\x1b[31m\u202ec"))
    assert said.startswith(r"There is no lab a b\x1b[31m\u202ec;")


# -- bad input --------------------------------------------------------------------------------------------------


@pytest.fixture
def there(tmp_path, monkeypatch):
    """A folder with all kinds of wrong things, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    (tmp_path / "work.rar").write_bytes(b"Rar!")
    header = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    (tmp_path / "cut.mat").write_bytes(header + b"\x0f\x00\x00\x00\xff\xff\x00\x00")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as out:
        out.writestr("readme.md", "x")
    Image.new("RGB", (64, 64)).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:70])
    return tmp_path


SCORE = ("score", "--lab", "3-1", "--submission")
BAD = {
    (*SCORE, "nowhere"): "There is nothing at nowhere;",
    (*SCORE, "x" * 300): "cannot be read: File name too long",
    (*SCORE, "empty"): "empty holds none of the lab's files",
    (*SCORE, "notes.txt"): "notes.txt is neither a folder, nor",
    (*SCORE, "broken.zip"): "The archive broken.zip is damaged",
    (*SCORE, "other.zip"): "other.zip holds none of the lab's files",
    (*SCORE, "work.rar"): "please pack it again as .zip",
    (*SCORE, RIGHT, "--pack", "nowhere"): "There is no golden pack at nowhere;",
    (*SCORE, RIGHT, "--pack", "notes.txt"): "There is no golden pack at notes.txt;",
    (*SCORE, RIGHT, "--pack", "empty"): "There is no golden pack at empty;",
    (*SCORE, RIGHT, "--output", "no/such/report"): "there is no folder",
    (*SCORE, RIGHT, "--output", "empty"): "empty is a folder; name a file.",
    ("run", "3-1", "--submission", "nowhere", "--main"): "There is nothing at nowhere;",
    ("run", "3-1", "--submission", RIGHT, "--weights", "nowhere"): "There is no weights file at nowhere;",
    ("run", "3-1", "--submission", RIGHT, "--weights", "notes.txt"): "notes.txt is not a MATLAB 5 file",
    ("run", "3-1", "--submission", RIGHT, "--weights", "empty"): "The weights file empty cannot be read",
    ("run", "3-1", "--submission", RIGHT, "--weights", "cut.mat"): "The weights file cut.mat is cut off",
    ("run", "3-1", "--submission", RIGHT, "--image", "nowhere"): "There is no picture at nowhere.",
    ("run", "3-1", "--submission", RIGHT, "--image", "notes.txt"): "notes.txt is not a picture in a known format",
    ("run", "3-1", "--submission", RIGHT, "--image", "empty"): "The picture empty cannot be read",
    ("run", "3-1", "--submission", RIGHT, "--image", "cut.png"): "The picture cut.png is cut off or damaged",
    ("weights", "import", "nowhere"): "There is no weights file at nowhere;",
    ("weights", "import", "notes.txt"): "notes.txt is not a MATLAB 5 file",
    ("goldens", "info", "--lab", "3-1", "--pack", "nowhere"): "There is no golden pack at nowhere;",
    ("goldens", "verify", "--lab", "3-1", "--pack", "empty"): "There is no golden pack at empty;",
    ("goldens", "build", "--lab", "3-1", "--out", "empty"): "There is something at empty already;",
    ("goldens", "build", "--lab", "3-1", "--out", "there", "--image", "notes.txt"): "notes.txt is not a picture",
    ("goldens", "build", "--lab", "3-1", "--out", "notes.txt/x"): "cannot be written",
    ("goldens", "build", "--lab", "3-1", "--out", ".", "--force"): "is not a golden pack, so --force does not",
    ("init", "3-1", "--dir", "notes.txt"): "cannot be written",
}


@pytest.mark.parametrize("line", BAD, ids=lambda line: " ".join(map(str, line)).replace(str(CHECKOUT), "")[:60])
def test_bad_input_is_one_line_and_exit_code_2(capsys, there, line):
    assert BAD[line] in one_line(run(capsys, *line))
    assert re.search(r"[一-鿿]", one_line(run(capsys, *line, "--lang", "zh")))


@pytest.mark.parametrize("line", [("score", "--lab", "3-1"), ("run", "3-1")], ids=" ".join)
def test_a_hand_in_that_cannot_be_read_is_refused_before_weights_are_built(capsys, there, monkeypatch, line):
    monkeypatch.setenv("LABBENCH_CACHE", str(there / "cache"))
    one_line(run(capsys, *line, "--submission", "broken.zip"))
    assert not (there / "cache").exists()


PACKS = {
    "a byte changed": (lambda pack: flip(pack / "golden.npy"), "golden.npy is not what its manifest says"),
    "a file missing": (lambda pack: (pack / "golden.npy").unlink(), "golden.npy cannot be read"),
    "a manifest that is none": (lambda pack: (pack / "manifest.json").write_text("{"), "manifest.json is damaged"),
    "another format": (lambda pack: edit(pack, format=2), "has format 2"),
    "another lab": (lambda pack: edit(pack, lab="3-2"), "is for lab 3-2"),
    "not enough in it": (lambda pack: None, "has no goldens for conv"),
}


def flip(file):
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def edit(pack, **changes):
    file = pack / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


@pytest.mark.parametrize("name", PACKS)
@pytest.mark.parametrize("how", ["option", "environment"])
def test_damaged_packs(capsys, tmp_path, monkeypatch, name, how):
    import hashlib

    origin = resources.practice_pack("lab3_1")
    pack = tmp_path / "pack"
    pack.mkdir()
    content = (origin / "golden/loss/loss/loss.npy").read_bytes()
    (pack / "golden.npy").write_bytes(content)
    (pack / "manifest.json").write_bytes((origin / "manifest.json").read_bytes())
    digests = {"golden.npy": hashlib.sha256(content).hexdigest()}
    edit(pack, files=digests, cases=[], goldens=[], mistakes=[])
    damage, problem = PACKS[name]
    damage(pack)
    option = ["--pack", pack]
    if how == "environment":
        monkeypatch.setenv("LABBENCH_PACK", str(pack))
        option = []
    assert problem in one_line(run(capsys, *SCORE, RIGHT, *option))


@pytest.mark.parametrize("line", [["list"], ["show", "3-1"], ["score", "--lab", "3-1"], ["run", "3-1"], ["init"]])
def test_a_broken_catalogue(capsys, tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    content = resources.catalogue_file().read_text(encoding="utf-8")
    (tmp_path / "labs.yaml").write_text(content.replace("tolerance: 0.01", "tolerance: -1", 1), encoding="utf-8")
    monkeypatch.setattr(resources, "data_root", lambda: tmp_path)
    said = one_line(run(capsys, *line))
    expected = rf"{tmp_path}/labs\.yaml:\d+: labs\.3-1\.checks\.\d+\.tolerance: got -1, expected a number > 0\."
    assert re.match(expected, said)


def test_our_own_fault_is_3_and_one_line(capsys, monkeypatch):
    def broken(*_):
        raise RuntimeError("two\nlines")

    monkeypatch.setattr(resources, "catalogue_file", broken)
    code, out, err = run(capsys, "list")
    assert (code, out) == (3, "")
    assert err == (
        "labbench: internal error (RuntimeError: two lines); run again with LABBENCH_DEBUG=1 for the details and "
        "please report them.\n"
    )
    monkeypatch.setenv("LABBENCH_DEBUG", "1")
    with pytest.raises(RuntimeError):
        command_line.run(["list"])


def test_interrupted_is_130(capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(resources, "catalogue_file", interrupted)
    assert run(capsys, "list") == (130, "", "\nlabbench: interrupted.\n")  # not on the line of the ^C


# -- commands ---------------------------------------------------------------------------------------------------


def test_list_and_show(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    code, out, err = run(capsys, "list")
    assert (code, err) == (0, "")
    assert out.startswith("3-1  VGG19 classification on the CPU")
    code, out, err = run(capsys, "show", "lab3_1", "--lang", "zh")
    assert (code, err) == (0, "")
    assert "需提交的文件：layers_1.py, layers_2.py, vgg_cpu.py" in out
    assert "full_class: 图像的分类结果" in out


def test_show_says_each_check(capsys):
    from labbench import catalogue

    out = run(capsys, "show", "3-1")[1]
    for check in catalogue.load().labs["3-1"].checks:
        assert f" {check.id}: " in out


@pytest.fixture(scope="module")
def scaffold(tmp_path_factory):
    folder = tmp_path_factory.mktemp("init")
    assert command_line.run(["init", "3-1", "--dir", str(folder)]) == 0
    return folder / "lab3-1"


def test_init_says_what_to_do_next(capsys, tmp_path):
    code, out, err = run(capsys, "init", "--dir", tmp_path / ("deep" * 30))
    assert (code, err) == (0, "")
    places = [tmp_path / ("deep" * 30) / f"lab{name}" for name in ("3-1", "3-2", "3-3")]
    assert out == "".join(  # on one line each, to be copied
        f"Lab {name} is ready in {place}.\n"
        f"Read README.en.md there, fill in the blanks in stu_upload, then: cd {place} && labbench score --lab {name}\n"
        for name, place in zip(("3-1", "3-2", "3-3"), places, strict=True)
    )
    place = places[0]
    (place / "stu_upload" / "layers_1.py").write_text("# work")
    assert "is there already; use --force" in one_line(run(capsys, "init", "3-1", "--dir", place.parent))
    assert (place / "stu_upload" / "layers_1.py").read_text() == "# work"
    code, out, err = run(capsys, "init", "3-1", "--dir", place.parent, "--force")
    assert f"kept as {place}.backup-1." in out
    assert (place.parent / "lab3-1.backup-1" / "stu_upload" / "layers_1.py").read_text() == "# work"


def test_a_fresh_scaffold_scores_0_as_one_json_object(capsys, scaffold, monkeypatch):
    monkeypatch.chdir(scaffold)  # as `labbench init` advises
    code, out, err = run(capsys, "score", "--lab", "3-1", "--format", "json", "--fail-under", "60")
    assert (code, err) == (1, "labbench: The score is 0; --fail-under asks for 60.\n")
    data = json.loads(out)
    assert (data["score"], data["ceiling"], data["final"]) == (0, 0, True)
    assert data["checks"][0]["verdict"] == Verdict.NOT_IMPLEMENTED
    assert out.startswith("{\n")
    assert out.endswith("}\n")


@pytest.mark.parametrize("form", ["table", "json"])
def test_output_goes_to_the_file_and_nothing_to_stdout(capsys, scaffold, tmp_path, form):
    report = tmp_path / "报告"
    line = ["--submission", scaffold, "--format", form, "--output", report, "--lang", "zh"]
    code, out, err = run(capsys, "score", "--lab", "3-1", *line)
    assert (code, out) == (0, "")
    assert err == f"分数 0；报告已写入 {report}。\n"
    content = report.read_text(encoding="utf-8")
    if form == "json":
        assert json.loads(content)["title"] == "基于 VGG19 的图像分类（CPU）"
    else:
        assert content.splitlines()[-1] == "得分 0 / 100"
        assert "\x1b" not in content


def test_doctor_json_is_one_object(capsys):
    code, out, err = run(capsys, "doctor", "--json")
    data = json.loads(out)
    assert err == ""
    assert code == (0 if data["isolation"]["level"] == "strong" else 5)
    topics = {f["topic"] for f in data["findings"]}
    assert topics >= {
        "python", "numpy", "blas", "platform", "memory", "clock", "locale", "terminal", "temporary", "cache", "disk",
        "weights", "pack 3-1", "pack 3-2", "pack 3-3", "worker", "canaries", "isolation", "noise",
    }  # fmt: skip
    for finding in data["findings"]:
        assert (finding["advice"] is None) == finding["fine"]


@pytest.mark.slow
def test_doctor_says_what_is_wrong(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("LABBENCH_CACHE", str(tmp_path / "nothing" / "yet"))
    monkeypatch.setattr(resources, "practice_pack", lambda folder: tmp_path / "no-pack")
    _, out, _ = run(capsys, "doctor")
    assert "Run `labbench weights build`." in out
    assert f"There is no golden pack at {tmp_path / 'no-pack'}" in out


def test_doctor_sees_a_cache_that_is_no_folder(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    for cache in ("file", "file/below"):
        monkeypatch.setenv("LABBENCH_CACHE", str(tmp_path / cache))
        (finding,) = (f for f in doctor._cache() if f.topic == "cache")
        assert not finding.fine
        assert finding.advice.values["path"] == str(tmp_path / "file")
    monkeypatch.setenv("LABBENCH_CACHE", str(tmp_path / "not" / "yet"))
    assert [f.fine for f in doctor._cache() if f.topic == "cache"] == [True]


@pytest.mark.skipif(sys.platform != "linux", reason="layers are Linux's")
def test_doctor_without_a_required_layer_is_limited(capsys):
    code, out, err = run(capsys, "doctor", "--json", "--without", "rlimits")
    told = json.loads(out)
    assert (code, told["strong"], told["isolation"]["level"]) == (5, False, "limited")
    assert told["weakened"] == {"off": ["rlimits"]}
    assert "rlimits: left out" in told["isolation"]["inactive"]
    assert err == "labbench: Weakened on purpose: without rlimits.\n"


def test_weights_info_without_any(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("LABBENCH_CACHE", str(tmp_path))
    code, out, err = run(capsys, "weights", "info")
    assert (code, err) == (0, "")
    assert out == "There are no weights yet; `labbench weights build` makes the synthetic ones.\n"


@pytest.mark.parametrize("option", [["--out", "pack"], ["--seed", "s"], ["--public"], ["--image", "me.png"]])
def test_the_practice_pack_takes_no_orders(capsys, monkeypatch, option):
    """It would be built in its own place, from its own seed and picture, whatever is asked for."""
    from labbench.packs import recipes

    monkeypatch.setattr(recipes, "build_practice", lambda *_: pytest.fail("it was built"))
    code, out, err = run(capsys, "goldens", "build", "--lab", "3-1", "--practice", *option)
    assert (code, out) == (2, "")
    assert (
        err
        == f"labbench: {option[0]} does not go with labbench goldens build --practice, which takes: --lab, --force.\n"
    )


def test_goldens_info(capsys):
    code, out, err = run(capsys, "goldens", "info", "--lab", "3-1")
    assert (code, err) == (0, "")
    assert re.search(r"name +practice \(3-1, full\)", out)


# -- run: all but the minutes -----------------------------------------------------------------------------------


@pytest.fixture
def job(monkeypatch):
    """`run` without sessions: gives the picture it was called with."""
    seen = {}

    def fake(what, image, on_step):
        seen["image"] = image
        on_step(running.Step("conv1_1", 1, 2, (1, 64, 224, 224), 1.25, 61.0, 2e-8, "relu1_1"))
        on_step(running.Step("relu1_1", 2, 2, (1, 64, 224, 224), 0.5, 0.0, 0.5, ""))
        fault = seen.get("fault")
        exit_ = type("Exit", (), {"used": ("[red]",), "output": "[bold]hello[/bold]\n"})()
        return running.Outcome(fault, "relu1_1", ((281, 0.5), (7, 0.25)), 1.75, 2.0, None, (), exit_)

    monkeypatch.setattr(running, "run", fake)
    return seen


def picture(kind, path):
    if kind == "exif":
        image = Image.new("RGB", (40, 20), "red")
        image.paste("blue", (0, 0, 20, 20))
        exif = image.getexif()
        exif[0x0112] = 6  # to be turned by 90° clockwise
        image.save(path, exif=exif)
        return
    mode, size = {"RGBA": ("RGBA", (30, 50)), "grey": ("L", (10, 10)), "palette": ("P", (9, 300)),
                  "1x1": ("RGB", (1, 1)), "16 bit": ("I;16", (8, 8)), "CMYK": ("CMYK", (8, 8))}[kind]  # fmt: skip
    Image.new(mode, size).save(path, format="TIFF" if mode in ("CMYK", "I;16") else "PNG")


@pytest.mark.parametrize("kind", ["RGBA", "grey", "palette", "1x1", "16 bit", "CMYK", "exif"])
def test_run_takes_pictures_of_any_kind(capsys, tmp_path, job, kind):
    file = tmp_path / ("picture.jpg" if kind == "exif" else "picture")
    picture(kind, file)
    code, out, _ = run(capsys, "run", "3-1", "--submission", RIGHT, "--image", file)
    assert code == 0
    assert f"Lab 3-1 on {file.name}" in out
    image = job["image"]
    assert (image.shape, image.dtype) == ((224, 224, 3), np.uint8)
    if kind == "RGBA":
        assert image.min() == 255  # transparent is white
    if kind == "exif":  # blue was left, and is on top after the turn
        assert image[10, 112, 2] > 200 > 60 > image[10, 112, 0]
        assert image[-10, 112, 0] > 200 > 60 > image[-10, 112, 2]


def test_run_shows_each_layer_and_the_classes(capsys, job):
    code, out, err = run(capsys, "run", "3-1", "--submission", RIGHT)
    assert code == 0
    assert "  1/2  conv1_1      1×64×224×224        1.250 s   2.0e-08    1:01\n" in out
    assert re.search(r"0\.5000   281  .*tabby", out)
    assert "[bold]hello[/bold]" in out
    assert "labbench helped with: [red]." in out
    assert err.startswith("Using the synthetic weights")
    assert err.count("\n") == 1
    assert job["image"].shape == (224, 224, 3)


def test_run_that_breaks_off(capsys, job):
    job["fault"] = Fault(Verdict.TIMEOUT, text("fault.cpu", limit=3))
    code, out, _ = run(capsys, "run", "3-1", "--submission", RIGHT)
    assert code == 1
    assert "Stopped in relu1_1: " in out


# -- processes --------------------------------------------------------------------------------------------------


def test_a_reader_that_goes_away():
    for line in (["list"], ["show", "3-1"], ["--help"]):
        started = start(*line, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        started.stdout.close()
        err = started.stderr.read()
        started.stderr.close()
        assert (started.wait(60), err) == (0, b""), line


def test_a_reader_that_goes_away_does_not_make_a_bad_score_good(scaffold):
    line = ["score", "--lab", "3-1", "--submission", scaffold, "--fail-under", "60"]
    started = start(*line, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    started.stdout.close()
    err = started.stderr.read()
    started.stderr.close()
    assert (started.wait(60), err.count(b"\n")) == (1, 1)


def test_a_reader_that_goes_away_does_not_make_a_machine_strong():
    program = """
from labbench import doctor
from labbench.cli import main
doctor.examine = lambda _: doctor.Examination((doctor.Finding("isolation", "LIMITED", fine=False),), None)
main(["doctor"])
"""
    started = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    started.stdout.close()
    err = started.stderr.read()
    started.stderr.close()
    assert (started.wait(60), err) == (5, b"")


@pytest.mark.parametrize("line", [["show", "3-1"], ["doctor"]])
def test_piped_output_has_no_escape_sequences(line):
    code, out, err = process(*line, environment={"TERM": "xterm-256color"})
    assert code in (0, 5)
    assert b"\x1b" not in out + err


def on_terminal(*arguments, environment=None, columns=80):
    """What a terminal of some width gets, and the exit code."""
    ours, theirs = pty.openpty()
    import fcntl
    import struct
    import termios

    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    terminal = {"TERM": "xterm-256color", **(environment or {})}
    started = start(*arguments, environment=terminal, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    got = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            data = os.read(ours, 65536)
        except OSError:
            break
        if not data:
            break
        got += data
    os.close(ours)
    return got.decode(), started.wait(60)


COLOUR = r"\x1b\[[0-9;]*(3[0-9]|4[0-9]|9[0-7])m"


def test_colours_on_a_terminal_and_none_with_no_color(scaffold):
    line = ["score", "--lab", "3-1", "--submission", scaffold]
    said, code = on_terminal(*line)
    assert code == 0
    assert re.search(COLOUR, said)
    assert "Score 0 / 100" in said
    said, code = on_terminal("doctor", environment={"NO_COLOR": "1"})
    assert not re.search(COLOUR, said)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
@pytest.mark.parametrize("line", [["show", "3-1"], ["list"], ["--help"], ["score", "--help"]], ids=" ".join)
def test_a_terminal_of_40_columns(lang, line, term):
    from rich.cells import cell_len

    said, code = on_terminal(*line, "--lang", lang, columns=40, environment={"TERM": term})
    assert code == 0
    assert term != "dumb" or "\x1b" not in said
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", said).replace("\r", "")
    if "--help" not in line:  # click wraps by words
        assert max(cell_len(row) for row in plain.split("\n")) <= 40


@pytest.mark.parametrize(
    "environment",
    [{"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}],
    ids=["ascii", "C"],
)
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["--help"], 0),
        (["list"], 0),
        (["show", "3-1"], 0),
        (["show", "九"], 2),
        (["goldens", "info", "--lab", "3-1"], 0),
    ],
)
def test_a_locale_without_chinese(environment, line, expected):
    code, out, err = process(*line, "--lang", "zh", environment=environment)
    assert code == expected, err
    if "--help" not in line:  # click writes UTF-8 all the same
        (out + err).decode("ascii")
    assert b"Traceback" not in err
    if expected:
        assert err.count(b"\n") == 1


def test_scoring_in_a_locale_without_chinese(scaffold):
    line = ["score", "--lab", "3-1", "--submission", scaffold, "--lang", "zh"]
    code, out, err = process(*line, environment={"LC_ALL": "C", "PYTHONIOENCODING": "ascii"})
    assert (code, err) == (0, b"")
    assert out.decode("ascii").splitlines()[-1].endswith(" 0 / 100")
    code, out, err = process(*line, "--format", "json", environment={"LC_ALL": "C", "PYTHONIOENCODING": "ascii"})
    assert json.loads(out.decode("utf-8"))["checks"][0]["title"] == "卷积层前向传播"


def test_without_a_home(tmp_path):
    for home in (None, str(tmp_path / "nowhere")):
        for line in (["weights", "info"], ["doctor", "--json"]) if home else (["weights", "info"],):
            code, _, err = process(*line, environment={"HOME": home, "XDG_CACHE_HOME": None}, cwd=tmp_path)
            assert code in (0, 5), err
            assert err == b""
    assert list(tmp_path.iterdir()) == []


def descendants(pid):
    """All processes below one, by pid."""
    found = []
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
        children = [c for t in tasks for c in Path(f"/proc/{pid}/task/{t}/children").read_text().split()]
    except OSError:
        return []
    for child in map(int, children):
        found += [child, *descendants(child)]
    return found


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="looks for processes in /proc")
@pytest.mark.parametrize("whom", ["labbench alone", "the whole group, as Ctrl-C does"])
@pytest.mark.parametrize("command", [["score", "--lab", "3-1"], ["run", "3-1", "--main"]], ids=" ".join)
def test_ctrl_c_ends_everything_at_once(tmp_path, command, whom):
    work = tmp_path / "stu_upload"
    work.mkdir()
    mark = "while True: pass\n"
    for name in ("layers_1.py", "layers_2.py", "vgg_cpu.py"):
        (work / name).write_text(mark)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    started = start(
        *command, "--submission", work, environment={"TMPDIR": str(temporary)}, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        # The grader, a zygote and a session that loops.
        assert wait_for(lambda: len(descendants(started.pid)) >= 2)
        time.sleep(0.5)
        below = descendants(started.pid)
        assert any(temporary.iterdir())
        asked = time.monotonic()
        (os.killpg if "group" in whom else os.kill)(started.pid, signal.SIGINT)
        out, err = started.communicate(timeout=20)
        assert time.monotonic() - asked < 5
    finally:
        started.kill()
    assert started.returncode == 130, err
    assert err == b"\nlabbench: interrupted.\n"
    assert out == b""
    assert wait_for(lambda: not any(map(alive, below)), 5)
    assert list(temporary.iterdir()) == []


# -- the whole run: minutes -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_whole_run_on_an_odd_picture(tmp_path):
    with Image.open(resources.PACKAGE / "vgg" / "assets" / "chelsea.png") as cat:
        turned = cat.convert("RGB").transpose(Image.Transpose.ROTATE_90)
        exif = turned.getexif()
        exif[0x0112] = 6
        turned.save(tmp_path / "猫.jpg", exif=exif, quality=95)
    code, out, err = process("run", "3-1", "--submission", RIGHT, "--image", tmp_path / "猫.jpg")
    said = out.decode()
    assert code == 0, err
    assert re.search(r"^ 45/45  softmax", said, re.MULTILINE)
    best = next(row for row in said.splitlines() if re.match(r"  0\.\d{4}  ", row))
    assert "281" in best
    assert "tabby" in best
    assert b"\x1b" not in out + err


@pytest.mark.slow
def test_the_hand_ins_own_main(tmp_path):
    code, out, err = process("run", "3-1", "--main", "--submission", RIGHT)
    assert (code, err) == (0, b"")
    assert re.search(rb"Classification result: id = 281, prob = 0\.49", out)


def test_the_lines_helper_aligns():
    assert list(cli_app.lines([("a", "1"), ("long", "2")])) == ["a     1", "long  2"]
    assert list(cli_app.lines([])) == []
