"""Lab 3-2 end to end, by both libraries: reference 100, template 0, known mistakes what their table says."""

from __future__ import annotations

import dataclasses
import shutil
import tracemalloc

import numpy as np
import pytest

from labbench import lab3_2, resources
from labbench.lab3_2 import LAB, calibration, roofline, structure, tables
from labbench.labs import Mistake
from labbench.results import Profile, Verdict
from labbench.task import prepare
from labbench.vgg import matfile
from labbench.vgg.table import LAYERS, TRUNK
from tests import known
from tests.conftest import ROOT
from tests.rig import graded

#: Mistakes that the fast tests see, too.
FAST = {"cnml_quantisation_swapped", "cnml_no_softmax", "cnnl_input_nchw"}
MISTAKES = [
    pytest.param(library, mistake, id=mistake.name, marks=() if mistake.name in FAST else pytest.mark.slow)
    for library, variant in LAB.variants.items()
    for mistake in variant.mistakes
]


def once(prepared):
    """The task with one forward pass a picture: ten show nothing more but times."""
    passes = {
        scenario: tuple(dataclasses.replace(c, params={**c.params, "forwards": 1}) for c in cases)
        for scenario, cases in prepared.pack.cases.items()
    }
    return dataclasses.replace(prepared, pack=dataclasses.replace(prepared.pack, cases=passes))


@pytest.fixture(scope="module")
def quick():
    return once(prepare("3-2", Profile.QUICK))


def wrong(card):
    return {c.check for c in card.checks if c.verdict not in (Verdict.PASS, Verdict.SKIPPED)}


@pytest.mark.parametrize("library", LAB.variants)
def test_reference_scores_100_by_the_library_it_uses(quick, library):
    card = graded(quick, LAB.variants[library].reference)
    assert (card.score, card.final, card.variant) == (100, True, library)
    assert {c.verdict for c in card.checks} == {Verdict.PASS}
    assert {c.check.partition(".")[0].rpartition("_")[2] for c in card.checks} == {library}
    classified = next(c for c in card.checks if c.check == f"class_{library}")
    assert classified.figures["class"] == 281  # tabby cat
    assert len(card.measures["forward_seconds"]) == 1
    assert card.measures["forward_seconds"][0] > 0.1
    first = tables.of_score(card)[0]
    assert [c.zh for c in first.columns[1:4]] == ["图像分类耗时", "图像分类结果", "图像分类概率"]
    assert first.rows[0][2] == "281"


def test_template_scores_0(quick):
    card = graded(quick, resources.template("lab3_2"))
    assert (card.score, card.ceiling) == (0, 0)
    assert {c.verdict for c in card.checks} == {Verdict.NOT_IMPLEMENTED, Verdict.SKIPPED}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "score"), [("lab3_2_right", 100), ("lab3_2_mistake", 0)])
def test_examples(quick, name, score):
    assert graded(quick, ROOT / "examples" / name).score == score


@pytest.mark.parametrize(("library", "mistake"), MISTAKES)
def test_mistakes_score_what_their_table_says(quick, library, mistake, tmp_path):
    mistake.apply(LAB.variants[library].reference, tmp_path / "stu_upload")
    card = graded(quick, tmp_path / "stu_upload")
    assert (card.score, card.final, card.variant) == (mistake.scores["quick"], True, library)
    assert known.named(quick, card, mistake)


@pytest.mark.parametrize(("library", "mistake"), [(p.values[0], p.values[1]) for p in MISTAKES])
def test_pack_keeps_what_naming_a_mistake_needs(quick, library, mistake):
    entry = {m.mistake: m for m in quick.pack.manifest.mistakes}[mistake.name]
    assert entry.scenario == library
    assert entry.observation in quick.pack.goldens[entry.scenario, entry.case]


def test_a_wrong_transpose_names_the_layer(quick, tmp_path):
    edit = Mistake(
        "one", "vgg19_demo.py",
        "weight = weight.transpose(3, 2, 0, 1)",
        "weight = weight.transpose(3, 2, 1, 0) if name == 'conv4_3' else weight.transpose(3, 2, 0, 1)",
        {}, {},
    )  # fmt: skip
    edit.apply(LAB.reference, tmp_path / "stu_upload")
    assert {c for c in wrong(graded(quick, tmp_path / "stu_upload")) if c.startswith(("net", "parameters"))} == {
        "parameters_pycnml.filter_conv4_3"
    }


def test_a_hand_in_without_a_net_is_told_so(quick, tmp_path):
    (tmp_path / "vgg19_demo.py").write_text(
        "class VGG19:\n    def build_model(self, param_path=''):\n        pass\n", encoding="utf-8"
    )
    card = graded(quick, tmp_path)
    assert card.score == 0
    assert card.checks[0].why.key == "dlp.no_net"


@pytest.mark.parametrize(
    ("source", "library"),
    [
        ("import pycnnl\nnet = pycnnl.CnnlNet()  # no CnmlNet(16), no import pycnml\n", "pycnnl"),
        ("from pycnnl import *\n", "pycnnl"),
        ("import numpy as np, pycnnl\n", "pycnnl"),
        ("# import pycnml\nimport pycnnl as dlp\n", "pycnnl"),
        ('"""Last year it was\nimport pycnml\n"""\nimport pycnnl\n', "pycnnl"),
        ("try:\n    import pycnnl\nexcept ImportError:\n    import pycnml\n", "pycnnl"),
        ("import pycnnl\nprint 'of Python 2'\n", "pycnnl"),
        ("import pycnml\n", "pycnml"),
        ("import numpy\n", "pycnml"),  # of one that uses none, the first tells what is missing
    ],
)
def test_which_library_a_hand_in_uses(tmp_path, source, library):
    (tmp_path / "vgg19_demo.py").write_text(source)
    assert LAB.choice(tmp_path) == library


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param("x = " + "-" * 100_000 + "1\n", id="nested for the parser"),
        pytest.param("x" + ".a" * 100_000 + "\n", id="nested for the tree"),
        pytest.param("x = [" + "0," * 20_000_000 + "]\n", id="long"),
    ],
)
def test_a_source_that_is_too_much_for_a_parser_is_no_trouble_to_the_grader(tmp_path, rest):
    (tmp_path / "vgg19_demo.py").write_text("import pycnnl\n" + rest)
    tracemalloc.start()
    try:
        assert LAB.choice(tmp_path) == "pycnnl"
        assert tracemalloc.get_traced_memory()[1] < 256 << 20
    finally:
        tracemalloc.stop()


def test_of_many_files_a_bounded_part_is_parsed(tmp_path, monkeypatch):
    parsed = []
    monkeypatch.setattr(lab3_2, "_imported", lambda piece: parsed.append(len(piece)) or [])
    for number in range(20):
        (tmp_path / f"net_{number}.py").write_text("x = 1\n" * 10_000)
    LAB.choice(tmp_path)
    assert len(parsed) == 2 * (1 + 20)  # by each of two libraries, the main file first
    assert sum(parsed) < 1 << 19


def test_the_main_file_says_which_library_not_an_old_one_beside_it(tmp_path):
    (tmp_path / "old_vgg.py").write_text("import pycnml\n")
    (tmp_path / "vgg19_demo.py").write_text("import pycnnl\n")
    assert LAB.choice(tmp_path) == "pycnnl"
    (tmp_path / "vgg19_demo.py").write_text("from net import VGG19\n")
    assert LAB.choice(tmp_path) == "pycnml"


def test_build_model_may_lack_the_quantisation_file(quick, tmp_path):
    """As in the later generations' signature, with its own path inside."""
    folder = tmp_path / "stu_upload"
    shutil.copytree(LAB.reference, folder)
    file = folder / "vgg19_demo.py"
    source = file.read_text(encoding="utf-8")
    old = "        quant_param_path='../../vgg19_quant_param_new.npz',\n"
    assert old in source
    source = source.replace(old, "").replace("np.load(quant_param_path)", "np.load('../vgg19_quant_param_new.npz')")
    file.write_text(source, encoding="utf-8")
    assert graded(quick, folder).score == 100


# -- the numbers ------------------------------------------------------------------------------------------------


def test_float32_probabilities_against_pytorch(quick):
    import torch
    import torch.nn.functional as F  # noqa: N812 - its usual name

    net = matfile.open_weights(quick.weights)
    pixels = quick.pack.cases["pycnnl"][0].images["image"].astype(np.float64) - net.mean
    x = torch.tensor(pixels.transpose(2, 0, 1)[None])
    for name in TRUNK:
        if name.startswith("conv"):
            weight, bias = (torch.tensor(np.array(a, dtype=np.float64)) for a in net.conv(name))
            x = F.conv2d(x, weight.permute(3, 2, 0, 1), bias, padding=1)
        else:
            x = F.relu(x) if name.startswith("relu") else F.max_pool2d(x, 2)
    x = x.permute(0, 2, 3, 1).reshape(1, -1)
    for name in ("fc6", "fc7", "fc8"):
        weight, bias = (torch.tensor(np.array(a, dtype=np.float64)) for a in net.fc(name))
        x = x @ weight + bias
        x = F.relu(x) if name != "fc8" else F.softmax(x, dim=1)
    expected = x.numpy().ravel()
    goldens = quick.pack.goldens
    exact, coarse = (goldens[library, "picture"]["softmax"][0] for library in ("pycnnl", "pycnml"))
    assert np.linalg.norm(exact - expected) <= 1e-4 * np.linalg.norm(expected)
    assert np.linalg.norm(coarse - expected) <= 0.12 * np.linalg.norm(expected)


@pytest.mark.slow
def test_quantisation_parameters_are_those_of_the_largest_values(quick):
    """position = ⌈log2(absmax / 127)⌉, scale = 127 · 2^position / absmax, of each filter; shipped as made."""
    with np.load(calibration.SYNTHETIC_FILE) as file:
        shipped = {name: file[name] for name in ("input", "filter")}
    net = matfile.open_weights(quick.weights)
    for i, row in enumerate(r for r in LAYERS if r.has_weights):
        largest = float(np.abs(net.tensors[row.name][0]).max())
        position = np.ceil(np.log2(largest / 127))
        expected = [position, 127 * 2**position / largest]
        np.testing.assert_allclose(shipped["filter"][2 * i : 2 * i + 2], expected, rtol=1e-6)
    made = calibration.quantise(quick.weights, calibration.bundled())
    for name, values in shipped.items():
        np.testing.assert_allclose(made[name], values, rtol=1e-4)


def test_modelled_time_is_a_roofline(quick):
    """By hand for fc6 on the MLU270: 103 MB of int8 through 102 GB/s take longer than 205 M operations."""
    card = roofline.CARDS["pycnml"]
    operations, parameters, maps = 2.0 * 25088 * 4096, 25088.0 * 4096, 2.0 * (25088 + 4096)
    found = roofline.seconds(card, np.array([operations]), np.array([parameters]), np.array([maps]))
    assert found[0] == pytest.approx((parameters + maps) / 102e9 + card.launch)
    # And for a convolution, whose arithmetic takes longer.
    found = roofline.seconds(card, np.array([3.7e12]), np.array([1.0]), np.array([1.0]))
    assert found[0] == pytest.approx(3.7e12 / 128e12 + card.launch)


def test_names_of_what_is_observed_are_those_of_the_catalogue(quick):
    for library, names in structure.NAMES.items():
        net = next(c for c in quick.spec.checks if c.id == f"net_{library}")
        assert list(net.observe) == [f"layer_{name}" for name in names]
