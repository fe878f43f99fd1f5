"""`labbench run 3-2`: pictures classified by the student's net, on the emulated device or by a vendor's library."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from PIL import Image
from rich.console import Console

from labbench import catalogue, inferring, labs, running
from labbench.cli import command_line
from labbench.cli.app import App, status
from labbench.errors import LabbenchError
from labbench.lab3_2 import LAB
from labbench.running import Assignment
from labbench.texts import Lang
from labbench.vgg import filelist, matfile, pictures, weights
from labbench.vgg.classes import class_names
from labbench.vgg.table import LAYERS
from tests.test_cli import one_line, run

#: Three passes on the first picture show nothing less than ten.
QUICK = dataclasses.replace(LAB, job=dataclasses.replace(LAB.job, forwards=3))

#: A hand-in whose net is small: nothing of the harness depends on its being VGG19.
TINY = """
import numpy as np
import pycnnl
from PIL import Image


class VGG19:
    def __init__(self):
        self.net = pycnnl.CnnlNet()

    def build_model(self, param_path='../../imagenet-vgg-verydeep-19.mat'):
        self.net.setInputShape(1, 3, 224, 224)
        self.net.createPoolingLayer('pool', [1, 3, 224, 224], 32, 32)
        self.net.createMlpLayer('fc', [1, 1, 1, 147], [1, 1, 147, 1000], [1, 1, 1, 1000])
        self.net.createSoftmaxLayer('softmax', [1, 1, 1000], 1)

    def load_model(self):
        random = np.random.RandomState(7)
        self.net.loadParams(1, random.randn(147 * 1000) * 0.1, random.randn(1000))

    def load_image(self, path):
        image = Image.open(path).resize((224, 224))
        self.net.setInputData(np.asarray(image, dtype=np.float64).reshape(-1) / 255)

    def forward(self):
        return self.net.forward()


if __name__ == '__main__':
    vgg = VGG19()
    vgg.build_model()
    vgg.load_model()
    vgg.load_image('../../chelsea.png')
    vgg.forward()
    print('sum = %.4f' % sum(vgg.net.getOutputData()))
"""


def tiny_torch(path):
    """Probabilities (1000,) of the same net in float64."""
    image = torch.tensor(np.array(pictures.square(pictures.open_rgb(path)), dtype=np.float64) / 255)
    random = np.random.RandomState(7)
    weight, bias = torch.tensor(random.randn(147, 1000) * 0.1), torch.tensor(random.randn(1000))
    pooled = F.max_pool2d(image.permute(2, 0, 1)[None], 32).permute(0, 2, 3, 1).reshape(1, -1)
    return torch.softmax(pooled @ weight + bias, 1)[0].numpy()


def vgg_torch(path, file):
    """Probabilities (1000,) of VGG19 in float64."""
    net = matfile.open_weights(file)
    pixels = pictures.square(pictures.open_rgb(path)).astype(np.float64) - net.mean
    x = torch.tensor(pixels.transpose(2, 0, 1)[None])
    for layer in LAYERS:
        match layer.kind:
            case "conv":
                weight, bias = (torch.tensor(a.astype(np.float64)) for a in net.conv(layer.name))
                x = F.conv2d(x, weight.permute(3, 2, 0, 1), bias.reshape(-1), padding=1)
            case "fc":
                weight, bias = (torch.tensor(a.astype(np.float64)) for a in net.fc(layer.name))
                x = x @ weight + bias
            case "relu":
                x = F.relu(x)
            case "pool":
                x = F.max_pool2d(x, 2)
            case "flatten":
                x = x.permute(0, 2, 3, 1).reshape(1, -1)
            case "softmax":
                x = torch.softmax(x, 1)
    return x[0].numpy()


def top5(text):
    """What a run printed: of each picture its five (class id, probability, name)."""
    lines = re.findall(r"^ *(\d\.\d{4}) +(\d+)  (.+)$", text, re.MULTILINE)
    rows = [(int(number), float(probability), name) for probability, number, name in lines]
    return [rows[i : i + 5] for i in range(0, len(rows), 5)]


def assert_same(printed, probabilities):
    """The five best in order; printed are four digits."""
    np.testing.assert_allclose([p for _, p, _ in printed], np.sort(probabilities)[::-1][:5], rtol=1e-3, atol=6e-5)
    np.testing.assert_allclose([p for _, p, _ in printed], [probabilities[n] for n, _, _ in printed], atol=6e-5)
    assert [name for _, _, name in printed] == [class_names()[n] for n, _, _ in printed]


def handed_in(folder, source=TINY):
    package = folder / "stu_upload"
    package.mkdir()
    (package / "vgg19_demo.py").write_text(source, encoding="utf-8")
    return package


@pytest.fixture(autouse=True)
def _installed(monkeypatch):
    """The lab, whatever this environment was installed from, and room for its tables."""
    monkeypatch.setenv("COLUMNS", "120")
    found = labs.installed()
    monkeypatch.setattr(labs, "installed", lambda: {**found, "3-2": lambda: QUICK})


@pytest.fixture
def compared(monkeypatch):
    """Two seconds for the reference of lab 3-1, at once; what was asked."""
    asked = []
    monkeypatch.setattr(inferring, "reference_seconds", lambda *args: asked.append(args) or 2.0)
    return asked


# -- the emulated device ----------------------------------------------------------------------------------------


def test_the_cat_when_nothing_is_named(capsys, tmp_path, compared):
    code, out, err = run(capsys, "run", "3-2", "--submission", handed_in(tmp_path), "--cpu-time", "30")
    assert code == 0, (out, err)
    assert out.startswith("Lab 3-2 on chelsea.png\nLibrary: pycnnl, on the emulated DLP of labbench\n")
    assert "loaded 1 of 1 layers: fc\n" in out
    cat = pictures.picture("chelsea").path
    (five,) = top5(out)
    assert_same(five, tiny_torch(cat))
    assert "Accuracy" not in out
    # The handout's columns, the emulation labelled, the model beside it, and the comparison.
    for words in (
        "图像分类耗时",
        "图像分类结果",
        "图像分类概率",
        "emulated here",
        "MLU370-X4, modelled",
        "CPU, your lab 3-1",
    ):
        assert words in out
    assert "is a model, not a measurement" in out
    assert "It leaves out" in " ".join(out.split())
    ((processor, image),) = compared
    assert (processor.lab.name, processor.submission) == ("3-1", processor.lab.reference)
    assert np.array_equal(image, pictures.square(pictures.open_rgb(cat)))


def test_speed_ups_are_those_of_the_modelled_card(tmp_path):
    work = {"operations": (2.4e12, 1.0), "parameter_bytes": (0.0, 307.2e9), "map_bytes": (0.0, 307.2e9)}
    run = labs.Timed("pycnnl", (0.5, 0.1, 0.3), work, 21.0, 210.0, (281, 0.5))
    handout, by_layer, by_block, comparison = LAB.job.tables(run)
    assert handout.rows == (("pycnnl", "0.3000", "281", "0.5000", "0.5000 / 0.2000"),)
    # 24 TFLOPS and 307.2 GB/s: 0.1 s of arithmetic, 2 s of traffic, 10 µs a layer. No net of VGG19's has two layers.
    assert by_layer.rows == (
        ("0", "2400.000", "0.000", "100.000", "0.000", "100.010"),
        ("1", "0.000", "614400.000", "0.000", "2000.000", "2000.010"),
        ("Σ", "2400.000", "614400.000", "100.000", "2000.000", "2100.020"),
    )
    assert by_block.rows == (("float32, ms", "2100.020"),)
    assert comparison.rows == (("2.1000 s", "21.000 s", "10.0×", "210.000 s", "100.0×"),)


@pytest.mark.parametrize("library", ["pycnml", "pycnnl"])
def test_layers_and_blocks_of_vgg19_sum_up(library):
    rng = np.random.default_rng(1)
    count = {"pycnml": 44, "pycnnl": 43}[library]
    work = {"operations": rng.uniform(0, 1e10, count).tolist(), "parameter_bytes": rng.uniform(0, 1e8, count).tolist(),
            "map_bytes": [0.0] * count}  # fmt: skip
    run = labs.Timed(library, (0.5,), work, 21.0, None, (281, 0.5))
    _, by_layer, by_block, _ = LAB.job.tables(run)
    assert [row[0] for row in by_layer.rows[:2]] == ["conv1_1", "relu1_1"]
    assert by_layer.rows[-2][0] == "softmax"
    took = [float(row[-1]) for row in by_layer.rows]
    blocks = [float(cell) for cell in by_block.rows[0][1:]]
    np.testing.assert_allclose([sum(took[:5]), sum(took[37:-1])], [blocks[0], blocks[5]], atol=0.01)
    np.testing.assert_allclose([sum(took[:-1]), sum(blocks[:-1])], [took[-1], blocks[-1]], atol=0.03)
    assert took[-1] == blocks[-1]


def test_a_list_is_read_from_its_own_folder_and_counted(capsys, tmp_path, compared):
    folder = tmp_path / "some where"
    folder.mkdir()
    orders = []
    for name in ("coffee", "rocket", "camera"):
        orders.append(np.argsort(-tiny_torch(pictures.picture(name).path)))
        Image.open(pictures.picture(name).path).save(folder / f"{name} 1.png")
    labels = [orders[0][0], orders[1][3], orders[2][-1]]
    lines = ["coffee 1.png %d", "rocket 1.png\t%d", str(folder / "camera 1.png") + " %d"]
    text = "\r\n\r\n".join(line % label for line, label in zip(lines, labels, strict=True))
    (folder / "list").write_bytes(b"\xef\xbb\xbf" + text.encode())
    submission = handed_in(tmp_path)
    code, out, _ = run(capsys, "run", "3-2", "--submission", submission, "--file-list", folder / "list")
    assert code == 0, out
    assert [row[0][0] for row in top5(out)] == [order[0] for order in orders]
    assert re.search(rf"1/3  coffee 1\.png  true class {labels[0]}, .*: right", out)
    assert re.search(rf"2/3  rocket 1\.png  true class {labels[1]}, .*: among the five", out)
    assert re.search(rf"3/3  camera 1\.png  true class {labels[2]}, .*: wrong", out)
    assert "Accuracy over 3 pictures: top-1 1 (33.3%), top-5 2 (66.7%)" in out
    # A picture without a class before the list is shown, not counted.
    more = ("--image", pictures.picture("astronaut").path, "--lang", "zh")
    _, out, _ = run(capsys, "run", "3-2", "--submission", submission, "--file-list", folder / "list", *more)
    assert_same(top5(out)[0], tiny_torch(pictures.picture("astronaut").path))
    assert "3 张图像的准确率：top-1 1（33.3%），top-5 2（66.7%）" in out
    assert "已加载 1/1 层：fc" in out
    assert "emulated" not in out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("cat.png\n", "line 1: expected a path and a class id, got 'cat.png'"),
        ("\ncat.png two\n", "line 2: expected a class id from 0 to 999 at the end, got 'two'"),
        ("cat.png 1000", "expected a class id from 0 to 999 at the end, got '1000'"),
        ("cat.png -1", "expected a class id from 0 to 999 at the end, got '-1'"),
        ("cat.png ２", "expected a class id from 0 to 999 at the end"),
        ("cat.png 1\nmissing.png 1", "missing.png"),
        ("list 1", "list"),
        (" \n\n", "is empty"),
        (b"\xff\xfe1", "is not text"),
        ("cat.png 1\n" * 1001, "has 1001 pictures"),
    ],
)
def test_bad_lists_are_refused_before_anything_runs(capsys, monkeypatch, tmp_path, content, said):
    Image.new("RGB", (8, 8)).save(tmp_path / "cat.png")
    (tmp_path / "list").write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.setattr(inferring, "infer", None)
    result = run(capsys, "run", "3-2", "--submission", LAB.reference, "--file-list", tmp_path / "list")
    assert said in one_line(result)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--file-list", "nowhere"), "The list nowhere cannot be read"),
        (("--image", "nowhere"), "nowhere"),
        (("--cpu-time", "0"), "seconds, above 0"),
        (("--cpu-time", "nan"), "seconds, above 0"),
        (("--content", "x"), "--image, --file-list, --cpu-time, --device"),
        (("--main", "--image", "x"), "--image does not go with labbench run 3-2 --main"),
        (("--device", "real"), "--device real needs the vendor's library pycnml / pycnnl"),
        (("--submission", "nowhere"), "nowhere"),
    ],
)
def test_bad_options_are_one_sentence(capsys, options, said):
    assert said in one_line(run(capsys, "run", "3-2", "--submission", LAB.reference, *options))


def test_other_labs_refuse_its_options(capsys):
    for option, value in (("--file-list", "x"), ("--cpu-time", "1"), ("--device", "emulated")):
        said = one_line(run(capsys, "run", "3-1", option, value))
        assert said.startswith(f"{option} does not go with labbench run 3-1")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("return self.net.forward()", "pass", "forward did not run the net"),
        ("random.randn(1000))", "random.randn(1000) * float('nan'))", "NaN"),
        ("path):\n", "path):\n        raise OSError('no such cat')\n", "no such cat"),
    ],
)
def test_what_breaks_off_says_why(capsys, tmp_path, compared, old, new, said):
    assert TINY.count(old) == 1
    code, out, _ = run(capsys, "run", "3-2", "--submission", handed_in(tmp_path, TINY.replace(old, new)))
    assert code == 1
    assert "Stopped: " in out
    assert said in out
    assert not compared


def test_names_of_layers_are_shown_harmless(capsys, tmp_path, compared):
    package = handed_in(tmp_path, TINY.replace("'fc'", "'\\x1b[2J[red]' + 'x' * 90"))
    _, out, _ = run(capsys, "run", "3-2", "--submission", package)
    assert "\x1b" not in out
    (name,) = re.findall(r"loaded 1 of 1 layers: (.*)", out)
    assert name.startswith("[2J[red]xxx")
    assert len(name) <= 40


def test_names_of_layers_are_no_markup_on_a_terminal():
    app = App(Lang.EN)
    app.console = Console(file=io.StringIO(), force_terminal=True, markup=False)
    with status(app) as show:
        show("loaded 1 of 1 layers: [/red]")
    assert "[/red]" in app.console.file.getvalue()


def test_main_finds_device_and_pictures(capsys, tmp_path):
    code, out, _ = run(capsys, "run", "3-2", "--main", "--submission", handed_in(tmp_path))
    assert (code, out) == (0, "sum = 1.0000\n")


def test_file_list_of_the_course_names_the_bundled_pictures():
    files = LAB.files(weights.ensure_synthetic().path)
    lines = files["file_list"].read_text(encoding="utf-8").splitlines()
    assert lines == [f"../../{p.path.name} {p.class_id}" for p in pictures.PICTURES]
    assert all(files[p.path.name] == p.path for p in pictures.PICTURES)


def test_the_job_is_an_inference(tmp_path):
    what = Assignment(LAB, catalogue.find(catalogue.load(), "3-2"), LAB.reference, tmp_path)
    with pytest.raises(LabbenchError, match="3-2"):
        what.job(labs.Classification)


# -- a real device ----------------------------------------------------------------------------------------------

#: A vendor's library, as SWIG makes one: a module and its extension, a driver that reads the device.
VENDOR = """
import _pycnnl
import os
import time


class CnnlNet:
    def __getattr__(self, name):
        return lambda *args: None

    def forward(self):
        time.sleep(0.05)

    def getOutputData(self):
        numbers = _pycnnl.read(os.environ["NEUWARE_HOME"])
        return tuple(numbers + [0.0] * (1000 - len(numbers)))
"""
DRIVER = """
def read(home):
    with open(home + "/card") as card:
        return [float(number) for number in card.read().split()]
"""


@pytest.fixture
def vendor(tmp_path, monkeypatch):
    """Installs the library; its "card" lies where no isolated session could read it."""
    site, home = tmp_path / "site", tmp_path / "neuware"
    site.mkdir()
    home.mkdir()
    (home / "card").write_text("0.125 0.0625 0.75 0.03125 0.015625 0.0078125")
    (site / "pycnnl.py").write_text(VENDOR, encoding="utf-8")
    (site / "_pycnnl.py").write_text(DRIVER, encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("NEUWARE_HOME", str(home))
    return site


def test_real_device_is_the_vendors(capsys, tmp_path, vendor, compared):
    submission = handed_in(tmp_path)
    code, out, err = run(capsys, "run", "3-2", "--submission", submission, "--device", "real", "--cpu-time", "30")
    assert code == 0, (out, err)
    assert f"Library: pycnnl, installed in {vendor}\n" in out
    assert "The isolation layers that would keep it from the card are off: namespaces, rlimits, landlock" in err
    assert [row[:2] for row in top5(out)[0]] == [(2, 0.75), (0, 0.125), (1, 0.0625), (3, 0.0312), (4, 0.0156)]
    took, first = (float(x) for x in re.search(r"pycnnl +│ +(\d\.\d+) +│.*│ +(\d\.\d+) /", out).groups())
    assert took >= 0.05
    assert first >= 0.05
    assert "on the card" in out
    assert "DLP, measured" in out
    assert "modelled" not in out
    assert "emulated" not in out


def test_real_device_serves_main_too(capsys, tmp_path, vendor):
    code, out, _ = run(capsys, "run", "3-2", "--submission", handed_in(tmp_path), "--device", "real", "--main")
    assert (code, out) == (0, "sum = 0.9922\n")


def test_real_device_is_no_way_to_the_graders_secrets(capsys, tmp_path, vendor, monkeypatch):
    """Weaker isolation, and said so; but the environment is still the session's own, and no descriptor is inherited."""
    monkeypatch.setenv("LABBENCH_SECRET", "in the environment")
    source = TINY + (
        "    import os, sys\n"
        "    print(dict(os.environ))\n"
        "    print([n for n in sys.modules if n.split('.')[0] == 'labbench'])\n"
        "    links = ['/proc/self/fd/' + n for n in os.listdir('/proc/self/fd')]\n"
        "    print([os.readlink(link) for link in links if os.path.exists(link)])\n"
    )
    with (tmp_path / "open").open("w") as kept:
        os.set_inheritable(kept.fileno(), True)
        code, out, err = run(
            capsys, "run", "3-2", "--submission", handed_in(tmp_path, source), "--device", "real", "--main"
        )
    assert code == 0
    _, environment, modules, descriptors = out.splitlines()
    assert "in the environment" not in environment
    assert "NEUWARE_HOME" in environment
    assert modules == "[]"
    assert str(tmp_path / "open") not in descriptors
    assert ".npy" not in descriptors
    assert "The isolation layers that would keep it from the card are off" in err


def test_a_vendors_library_that_ends_the_process_is_said_so(capsys, tmp_path, vendor, compared):
    """As the real ones do, in C, where a layer has no parameters."""
    ending = VENDOR.replace("time.sleep(0.05)", "print('ERROR: no parameters', flush=True); os._exit(1)")
    (vendor / "pycnnl.py").write_text(ending, encoding="utf-8")
    code, out, _ = run(capsys, "run", "3-2", "--submission", handed_in(tmp_path), "--device", "real")
    assert code == 1
    assert "ERROR: no parameters" in out
    assert "Traceback" not in out
    assert not compared


def test_emulated_device_goes_before_an_installed_library(capsys, tmp_path, vendor, compared):
    _, out, _ = run(capsys, "run", "3-2", "--submission", handed_in(tmp_path), "--device", "emulated")
    assert "on the emulated DLP" in out
    assert_same(top5(out)[0], tiny_torch(pictures.picture("chelsea").path))


def test_the_other_library_does_not_do(capsys, vendor):
    code, out, err = run(capsys, "run", "3-2", "--submission", LAB.reference, "--device", "real")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("labbench: --device real needs the vendor's library pycnml, which is not")


# -- VGG19 ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["pycnml", "pycnnl"])
def whole(request, tmp_path_factory):
    """The reference on the five bundled pictures: (library, stdout)."""
    file = tmp_path_factory.mktemp("list") / "list"
    file.write_text("".join(f"{p.path} {p.class_id}\n" for p in pictures.PICTURES), encoding="utf-8")
    found = labs.installed()
    submission = LAB.variants[request.param].reference
    weights_file = weights.ensure_synthetic().path
    arguments = ["run", "3-2", "--submission", submission, "--file-list", file, "--weights", weights_file]
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as out:
        patch.setenv("COLUMNS", "120")
        patch.setattr(labs, "installed", lambda: {**found, "3-2": lambda: QUICK})
        assert command_line.run([*map(str, arguments), "--lang", "en"]) == 0
    return request.param, out.getvalue()


@pytest.mark.slow
def test_the_reference_knows_the_bundled_pictures(whole):
    library, out = whole
    assert f"Library: {library}, on the emulated DLP" in out
    assert "Accuracy over 5 pictures: top-1 5 (100.0%), top-5 5 (100.0%)" in out
    assert [five[0][0] for five in top5(out)] == [p.class_id for p in pictures.PICTURES]
    assert top5(out)[0][0][2] == "tabby, tabby cat"
    layers = [layer.name for layer in LAYERS if layer.has_weights]
    assert re.findall(r"loaded \d+ of 19 layers: (\w+)", out) == layers
    seconds, ratio = re.search(r"│ (0\.00\d\d) s +│ \d\.\d{3} s +│ ([\d,.]+)× ", out).groups()
    assert 0.002 < float(seconds) < 0.006
    assert float(ratio.replace(",", "")) > 50


@pytest.mark.slow
def test_probabilities_are_those_of_pytorch(whole):
    library, out = whole
    file = weights.ensure_synthetic().path
    for index in (0, 4):
        probabilities = vgg_torch(pictures.PICTURES[index].path, file)
        if library == "pycnnl":
            assert_same(top5(out)[index], probabilities)
        else:  # int8: the class, and its probability by a tenth or so
            assert top5(out)[index][0][0] == int(np.argmax(probabilities))
            assert top5(out)[index][0][1] == pytest.approx(probabilities.max(), abs=0.08)


@pytest.mark.slow
def test_reference_seconds_are_those_of_the_layers():
    lab = labs.load("3-1")
    what = Assignment(lab, catalogue.find(catalogue.load(), "3-1"), lab.reference, weights.ensure_synthetic().path)
    assert 0.05 < running.reference_seconds(what, pictures.square(pictures.open_rgb(LAB.job.picture))) < 60


# -- lists ------------------------------------------------------------------------------------------------------


def test_what_a_list_may_look_like(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a b.png")
    (tmp_path / "list").write_text("  a b.png   7  \n\na b.png\t999\n", encoding="utf-8")
    path = tmp_path / "a b.png"
    assert filelist.read(tmp_path / "list") == (filelist.Labelled(path, 7), filelist.Labelled(path, 999))
