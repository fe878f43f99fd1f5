"""`labbench run 3-3`: the student's code makes a picture, whatever happens on the way."""

from __future__ import annotations

import re
import shutil
import signal
import time

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from PIL import Image

from labbench import catalogue, labs, painting, running
from labbench.album import Album
from labbench.errors import LabbenchError
from labbench.lab3_3 import LAB
from labbench.lab3_3.drawing import uniform
from labbench.results import Observation
from labbench.running import Assignment
from labbench.vgg import matfile, pictures, weights
from labbench.vgg.table import LAYERS
from tests.test_cli import on_terminal, one_line, run, start

RIGHT = LAB.reference
TRANSFER = "exp_3_3_style_transfer.py"
TINY = ("--size", "32x32")


def edited(folder, old, new, name=TRANSFER):
    """The reference with one edit, its main file under a name of its own."""
    package = folder / "stu_upload"
    shutil.copytree(RIGHT, package, ignore=shutil.ignore_patterns("__pycache__"))
    source = (package / TRANSFER).read_text(encoding="utf-8")
    assert source.count(old) == 1
    (package / TRANSFER).unlink()
    (package / name).write_text(source.replace(old, new), encoding="utf-8")
    return package


def made(folder):
    return sorted(file.name for file in folder.iterdir())


def pixels(file):
    with Image.open(file) as picture:
        return np.asarray(picture)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


# -- what is right ----------------------------------------------------------------------------------------------


def torch_transfer(case, file):
    """The course's loop in PyTorch, float64: content and style loss of each step, and the images after them."""
    net = matfile.open_weights(file)
    filters = {}
    for layer in LAYERS[: [layer.name for layer in LAYERS].index("relu5_1")]:
        if layer.name.startswith("conv"):
            weight, bias = (torch.tensor(a.astype(np.float64)) for a in net.conv(layer.name))
            filters[layer.name] = weight.permute(3, 2, 0, 1).contiguous(), bias.reshape(-1)

    def image(name):
        pixels = case.images[name].astype(np.float64) - net.mean
        return torch.tensor(pixels.transpose(2, 0, 1)[None])

    def features(x, names):
        found = {}
        for layer in LAYERS:
            if layer.name.startswith("conv"):
                x = F.conv2d(x, *filters[layer.name], padding=1)
            else:
                x = F.relu(x) if layer.name.startswith("relu") else F.max_pool2d(x, 2)
            found[layer.name] = x
            if layer.name == "relu5_1":
                return [found[name] for name in names]
        return None

    def gram(x):
        rows = x.flatten(2)[0]
        return rows @ rows.T

    styles = [f"relu{block}_1" for block in range(1, 6)]
    with torch.no_grad():
        (content,) = features(image("content"), ["relu4_2"])
        style = features(image("style"), styles)
    noise = torch.tensor(uniform(case, "noise", *image("content").shape).astype(np.float64) * 40 - 20)
    x = (0.5 * noise + 0.5 * image("content")).requires_grad_()
    adam = torch.optim.Adam([x], lr=1.0, eps=1e-8)
    losses, images = [], [x.detach().clone()]
    for _ in range(case.params["steps"]):
        adam.zero_grad()
        got, *seen = features(x, ["relu4_2", *styles])
        content_loss = F.mse_loss(got, content) / 2
        each = [((gram(s) - gram(t)) ** 2).sum() / (4 * s.numel() ** 2) for s, t in zip(seen, style, strict=True)]
        style_loss = 500 * torch.stack(each).mean()
        (content_loss + style_loss).backward()
        adam.step()
        losses.append((content_loss.item(), style_loss.item()))
        images.append(x.detach().clone())
    return losses, [i[0].permute(1, 2, 0).numpy() + net.mean for i in images]


@pytest.mark.slow
def test_losses_and_pictures_are_those_of_pytorch():
    file = weights.ensure_synthetic().path
    height, width = 32, 48
    content, style = (pictures.resized(pictures.open_rgb(p), height, width) for p in (LAB.job.content, LAB.job.style))
    case = LAB.job.case(content, style, 3)
    what = Assignment(LAB, catalogue.find(catalogue.load(), "3-3"), RIGHT, file)
    steps = []
    ending = painting.paint(what, case, steps.append)
    assert ending.fault is None
    losses, images = torch_transfer(case, file)
    assert [s.number for s in steps] == [0, 1, 2, 3]
    assert np.array([(s.content, s.style) for s in steps[1:]]) == pytest.approx(np.array(losses), rel=1e-3)
    for step, image in zip(steps, images, strict=True):
        assert (step.picture.shape, step.picture.dtype) == ((height, width, 3), np.uint8)
        # Rounding to whole grey levels; where a gradient is next to nothing, Adam makes a step of its sign.
        assert np.mean(np.abs(step.picture - np.clip(image, 0, 255)) <= 0.51) > 0.97


def test_the_hand_in_decides_not_the_reference(here, tmp_path, capsys):
    """Without a step of Adam's nothing moves."""
    lazy = edited(tmp_path, "return input - self.lr", "return input - 0 * self.lr")
    code, _, _ = run(capsys, "run", "3-3", "--submission", lazy, *TINY, "--steps", 2)
    assert code == 0
    first, last = (pixels(here / "labbench-3-3" / f"step-000{n}.png") for n in (0, 2))
    assert (first == last).all()


def test_a_run_tells_and_leaves_what_it_did(here, capsys):
    code, out, err = run(capsys, "run", "3-3", "--submission", RIGHT, *TINY, "--steps", 2)
    assert code == 0
    assert err.startswith("Using the synthetic weights")
    assert err.count("\n") == 1
    assert "chelsea.png in the style of coffee.png, 2 steps at 32×32" in out
    lines = re.findall(r"^ +(\d)/2 +(\S+) +(\S+) +(\S+) +[\d.]+ s +\d+:\d\d$", out, re.MULTILINE)
    assert [line[0] for line in lines] == ["1", "2"]
    for _, content, style, total in lines:
        assert float(content) + float(style) == pytest.approx(float(total), rel=1e-3)
    assert out.index("all steps will take about") < out.index("1/2")
    folder = here / "labbench-3-3"
    assert made(folder) == ["losses.png", "step-0000.png", "step-0001.png", "step-0002.png", "table.png"]
    assert pixels(folder / "step-0002.png").shape == (32, 32, 3)


def test_it_speaks_chinese(here, capsys):
    code, out, _ = run(capsys, "run", "3-3", "--submission", RIGHT, *TINY, "--steps", 1, "--lang", "zh")
    assert code == 0
    assert "实验 3-3：内容 chelsea.png，风格 coffee.png，1 步，尺寸 32×32" in out
    assert "步数、内容损失、风格损失、总损失" in out
    assert "损失曲线：labbench-3-3/losses.png" in out


def test_pictures_of_ones_own(here, capsys):
    Image.new("RGB", (90, 300), "red").save("tall.png")
    Image.new("L", (5, 4), 128).save("grey.png")
    own = ("--content", "tall.png", "--style", "grey.png", "--out", "o")
    code, out, _ = run(capsys, "run", "3-3", "--submission", RIGHT, *own, "--steps", 1)
    assert code == 0
    assert "tall.png in the style of grey.png, 1 steps at 128×32" in out
    assert (
        (pixels(here / "o" / "table.png") == (255, 0, 0)).all(axis=2)
    ).sum() == 128 * 32  # the content, at the size of the computation


@pytest.mark.slow
def test_the_default_ends_in_minutes(here, capsys):
    before = time.monotonic()
    code, _, _ = run(capsys, "run", "3-3", "--submission", RIGHT)
    assert code == 0
    assert time.monotonic() - before < 240
    assert len([name for name in made(here / "labbench-3-3") if name.startswith("step-")]) == 11


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((451, 300), (96, 128)),  # width × height, as Pillow has it; height × width, as arrays do
        ((300, 451), (128, 96)),
        ((320, 320), (128, 128)),
        ((5000, 10), (32, 128)),
        ((1, 1), (128, 128)),
        ((1920, 1080), (64, 128)),
    ],
)
def test_the_default_size_has_the_contents_proportions(size, expected):
    assert pictures.proportional(Image.new("RGB", size)) == expected


# -- time left --------------------------------------------------------------------------------------------------


def test_time_left_is_estimated_before_the_first_step_and_from_the_pace_afterwards():
    case = LAB.job.case(*(np.zeros((2, 2, 3), np.uint8) for _ in range(2)), 4)
    told = []
    progress = painting._Progress(case, LAB.job, np.zeros(3), told.append)
    image = np.zeros((1, 3, 2, 2), np.float32)
    second = 10**9
    progress.take(Observation("style_image", image, 0, 99 * second))
    progress.take(Observation("content_features", None, 0, 2 * second, (1, 512, 1, 1)))
    progress.take(Observation("picture_0", image))
    progress.take(Observation("content_loss_1", np.asarray(0.5), 0, 3 * second))
    progress.take(Observation("style_loss_1", np.asarray(7.0), 0, second))
    progress.take(Observation("picture_1", image, 0, 4 * second))
    progress.take(Observation("content_loss_2", np.asarray(0.25), 0, 2 * second))
    progress.take(Observation("picture_2", image, 0, 2 * second))
    assert told[0].remaining == pytest.approx(4 * 2 * LAB.job.passes)
    assert [(t.number, t.seconds, t.remaining) for t in told[1:]] == [(1, 8, 24), (2, 4, 12)]
    assert [(t.content, t.style) for t in told] == [(0, 0), (0.5, 7), (0.25, 7)]


def test_pictures_are_clipped_and_get_their_mean_back():
    image = np.array([-200.0, 0.4, 1e9]).reshape(1, 3, 1, 1)
    assert painting.visible(image, np.array([100.0, 100.0, 100.0])).tolist() == [[[0, 100, 255]]]


# -- what goes wrong --------------------------------------------------------------------------------------------

UPDATE = "        self.step += 1\n"
FAULTS = {
    "raises": (UPDATE + "        if self.step == 2:\n            raise RuntimeError('tired')\n", "tired"),
    "nan": (UPDATE + "        if self.step == 2:\n            grad = grad * np.nan\n", "3072 of 3072 values are NaN"),
    "shape": (UPDATE + "        if self.step == 2:\n            return input[0]\n", "(3, 32, 32)"),
    "dies": (UPDATE + "        if self.step == 2:\n            import os; os._exit(0)\n", ""),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_keeps_what_there_is(here, tmp_path, capsys, name):
    new, said = FAULTS[name]
    code, out, _ = run(capsys, "run", "3-3", "--submission", edited(tmp_path, UPDATE, new), *TINY, "--steps", 3)
    assert code == 1
    assert "Stopped after step 1 of 3: " in out
    assert said in out
    assert made(here / "labbench-3-3") == ["losses.png", "step-0000.png", "step-0001.png", "table.png"]
    assert "The picture after step 1 of 3 is labbench-3-3/step-0001.png." in out


def test_a_fault_at_a_size_that_cannot_be_halved_five_times_names_one_that_can(here, tmp_path, capsys):
    tired = ("run", "3-3", "--submission", edited(tmp_path, UPDATE, FAULTS["raises"][0]), "--steps", 2)
    out = run(capsys, *tired, "--size", "32x48")[1]
    assert "try --size 32x64." in " ".join(out.split())
    assert "--size" not in run(capsys, *tired, *TINY)[1]


def test_a_fault_before_the_first_picture_leaves_no_folder(here, tmp_path, capsys):
    broken = edited(tmp_path, "self.layers = {}", "raise ValueError('no layers')")
    code, out, _ = run(capsys, "run", "3-3", "--submission", broken, *TINY, "--steps", 3)
    assert code == 1
    assert re.search(r"^Stopped: .*no layers", out, re.MULTILINE)
    assert "No picture was made." in out
    assert made(here) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_keeps_what_there_is(here, number, code):
    """In the middle of step 2, of 5000, of which not each is kept."""
    started = start("run", "3-3", "--submission", RIGHT, *TINY, "--steps", 5000, stdout=-1, stderr=-1)
    out = b""
    while b" 2/5000 " not in out:
        line = started.stdout.readline()
        assert line, started.stderr.read()
        out += line
    started.send_signal(number)
    rest, err = started.communicate(timeout=60)
    assert started.returncode == code
    last = re.search(rb"The picture after step (\d+) of 5000 is (\S+)\.\n", rest)
    assert int(last[1]) in (2, 3)
    assert made(here / "labbench-3-3") == ["losses.png", "step-0000.png", last[2].decode()[-13:], "table.png"]
    assert b"Traceback" not in err
    assert err.strip().count(b"\n") == 0


def test_on_a_terminal_it_says_what_is_being_done(here):
    said, code = on_terminal("run", "3-3", "--submission", RIGHT, *TINY, "--steps", 2, columns=100)
    assert code == 0
    assert "loading the weights" in said
    assert re.search(r"step 2 of 2 … \d+:\d\d left", said)


RUN = ("run", "3-3", "--submission", RIGHT)
BAD = {
    (*RUN, "--steps", "0"): "--steps: got 0, expected 1–10000.",
    (*RUN, "--steps", "many"): "--steps: got many, expected 1–10000.",
    (*RUN, "--size", "96"): "--size: got 96, expected HxW, 32–1024.",
    (*RUN, "--size", "31x64"): "--size: got 31x64, expected HxW, 32–1024.",
    (*RUN, "--size", "64x100000"): "--size: got 64x100000, expected",
    (*RUN, "--size", "-64x64"): "--size: got -64x64, expected",
    (*RUN, "--content", "nowhere"): "There is no picture at nowhere.",
    (*RUN, "--style", "notes.txt"): "notes.txt is not a picture in a known format",
    (*RUN, "--out", "notes.txt"): "--out notes.txt is not a folder that can be written to.",
    (*RUN, "--out", "notes.txt/x"): "There is no folder",
    (*RUN, "--out", "no/such"): "There is no folder",
    (*RUN, "--out", "theirs"): "theirs/step-0003.png is there already and was not made by labbench;",
    (*RUN, "--image", "x.png"): "--image does not go with labbench run 3-3, which takes: --content, --style,",
    (*RUN, "--main", "--steps", "3"): "--steps does not go with labbench run 3-3 --main, which takes: --submission",
    ("run", "3-3", "--submission", "nowhere"): "There is nothing at nowhere;",
    ("run", "3-1", "--submission", RIGHT, "--content", "x.png"): "--content does not go with labbench run 3-1,",
    ("run", "3-1", "--submission", RIGHT, "--size", "64x64"): "--size does not go with labbench run 3-1,",
}


@pytest.mark.parametrize("line", BAD, ids=lambda line: " ".join(map(str, line)).replace(str(RIGHT), "R"))
def test_bad_input_is_one_line_exit_code_2_and_no_file(here, capsys, line):
    (here / "notes.txt").write_text("nothing")
    (here / "theirs").mkdir()
    Image.new("RGB", (8, 8)).save(here / "theirs" / "step-0003.png")
    before = {p: p.stat().st_mtime_ns for p in here.rglob("*")}
    result = run(capsys, *line)
    if "Lab 3-3: " in result[1]:  # what is only known once the hand-in is opened
        result = result[0], "", result[2]
    assert BAD[line] in one_line(result)
    code, _, err = run(capsys, *line, "--lang", "zh")
    assert code == 2
    assert re.search(r"[一-鿿]", err)
    assert {p: p.stat().st_mtime_ns for p in here.rglob("*")} == before


# -- the folder -------------------------------------------------------------------------------------------------

GREY = np.full((8, 8, 3), 128, np.uint8)


def test_an_earlier_run_gives_way_and_other_files_stay(here):
    earlier = Album(here / "o", 20)
    for number in range(21):
        earlier.add(number, GREY, (1.0, 2.0))
    assert made(here / "o") == [f"step-{n:04}.png" for n in range(0, 21, 2)]
    (here / "o" / "notes.txt").write_text("mine")
    (here / "o" / "step-by-step.png").write_text("mine, too")
    Album(here / "o", 1)
    assert len(made(here / "o")) == 13  # nothing goes before something comes
    Album(here / "o", 1).add(0, GREY, (0.0, 0.0))
    assert made(here / "o") == ["notes.txt", "step-0000.png", "step-by-step.png"]


def test_what_another_program_made_is_not_replaced(here):
    Image.new("RGB", (8, 8)).save("table.png")
    with pytest.raises(LabbenchError, match="was not made by labbench"):
        Album(here, 1)
    assert pixels(here / "table.png").shape == (8, 8, 3)


def test_a_folder_that_vanishes_is_told(here):
    album = Album(here / "o", 1)
    album.add(0, GREY, (0.0, 0.0))
    shutil.rmtree(here / "o")
    with pytest.raises(LabbenchError, match="cannot be written"):
        album.add(1, GREY, (0.0, 0.0))


# -- --main -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [TRANSFER, "style_transfer.py"])
def test_main_runs_the_main_file_by_either_name_with_the_courses_pictures(tmp_path, capsys, name):
    block = "if __name__ == '__main__':\n"
    new = (
        block
        + "    print([Image.open('../../' + n).size for n in ('weinisi.jpg', 'style.jpg')])\n    raise SystemExit\n"
    )
    code, out, _ = run(capsys, "run", "3-3", "--submission", edited(tmp_path, block, new, name), "--main")
    assert "[(451, 300), (420, 280)]" in out
    assert code in (0, 1)  # leaving early is told as a fault


def test_what_main_prints_is_told_when_it_prints_it(tmp_path):
    """A transfer's main block runs for hours."""
    block = "if __name__ == '__main__':\n"
    package = edited(tmp_path, block, block + "    print('first'); time.sleep(1); print('second'); 1 / 0\n")
    file = weights.ensure_synthetic().path
    told = []
    running.run_file(Assignment(LAB, catalogue.find(catalogue.load(), "3-3"), package, file), told.append)
    assert told[:2] == [b"first\n", b"second\n"]


def test_a_lab_without_a_job_says_so():
    import dataclasses

    idle = dataclasses.replace(LAB, job=None)
    what = Assignment(idle, catalogue.find(catalogue.load(), "3-3"), RIGHT, RIGHT)
    with pytest.raises(LabbenchError, match="has nothing to run"):
        what.job(labs.Transfer)
    with pytest.raises(LabbenchError, match="has nothing to run"):
        Assignment(LAB, what.spec, RIGHT, RIGHT).job(labs.Classification)
