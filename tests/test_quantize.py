"""`labbench weights quantize`: the file it writes, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from labbench.lab3_2 import calibration
from labbench.vgg import pictures
from tests.test_cli import one_line, run


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_bundled_pictures_give_the_file_that_is_shipped(here, capsys):
    code, out, _ = run(capsys, "weights", "quantize")
    assert (code, "from 5 pictures" in out) == (0, True)
    with np.load(here / "vgg19_quant_param_new.npz") as made, np.load(calibration.SYNTHETIC_FILE) as shipped:
        assert set(made) == set(shipped) == {"input", "filter"}
        for name in made:
            np.testing.assert_allclose(made[name], shipped[name], rtol=1e-4)


def test_other_pictures_give_other_inputs_and_the_same_filters(here, capsys):
    (here / "mine").mkdir()
    Image.open(pictures.picture("coffee").path).crop((0, 0, 60, 40)).save(here / "mine" / "a.jpg")
    assert run(capsys, "weights", "quantize", "--images", "mine", "--out", "q.npz")[0] == 0
    with np.load(here / "q.npz") as made, np.load(calibration.SYNTHETIC_FILE) as shipped:
        np.testing.assert_allclose(made["filter"], shipped["filter"], rtol=1e-6)
        assert not np.allclose(made["input"], shipped["input"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--out", "there.npz"), "there.npz is there already; use --force"),
        (("--out", "nowhere/q.npz"), "nowhere"),
        (("--out", "folder", "--force"), "folder"),
        (("--images", "nowhere"), "nowhere is no folder"),
        (("--images", "folder"), "There is no file in folder"),
        (("--images", "mixed"), "notes.txt"),
        (("--weights", "there.npz"), "there.npz"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(here, capsys, arguments, sentence):
    (here / "there.npz").write_bytes(b"mine")
    (here / "folder").mkdir()
    (here / "mixed").mkdir()
    (here / "mixed" / "notes.txt").write_text("no picture")
    before = {p: p.stat().st_mtime_ns for p in here.rglob("*")}
    assert sentence in one_line(run(capsys, "weights", "quantize", *arguments))
    assert {p: p.stat().st_mtime_ns for p in here.rglob("*")} == before
