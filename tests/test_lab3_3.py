"""Lab 3-3 end to end: reference 100, template 0, what real hand-ins force, the loop of the transfer against PyTorch."""

from __future__ import annotations

import dataclasses
import shutil

import msgspec
import numpy as np
import pytest

from labbench import grading, handin, resources, scoring, task
from labbench.catalogue import SpeedupCheck
from labbench.lab3_3 import LAB, tables, transfer
from labbench.lab3_3.drawing import uniform
from labbench.results import Level, Profile, Verdict
from labbench.vgg import matfile
from labbench.vgg.table import TRUNK
from tests.conftest import ROOT


def prepared(profile):
    return task.prepare("3-3", profile)


def observe(prepared, folder):
    with handin.opened(folder, prepared.spec.files) as snapshot:
        return grading.observe_handin(prepared, snapshot)


@pytest.fixture(scope="module")
def quick():
    return prepared(Profile.QUICK)


@pytest.fixture(scope="module")
def reference(quick):
    return observe(quick, LAB.reference)


def edited(tmp_path, file, *edits):
    """The reference with some edits, each (old, new)."""
    folder = tmp_path / "stu_upload"
    shutil.copytree(LAB.reference, folder)
    source = (folder / file).read_text(encoding="utf-8")
    for old, new in edits:
        assert old in source
        source = source.replace(old, new)
    (folder / file).write_text(source, encoding="utf-8")
    return folder


def without_duels(task):
    """The task without what is timed."""
    untimed = tuple(c for c in task.spec.checks if not isinstance(c, SpeedupCheck))
    return dataclasses.replace(task, spec=msgspec.structs.replace(task.spec, checks=untimed))


def judged(task, folder):
    """The scorecard of a hand-in but for its speed-ups, where its fast layers are not the point."""
    untimed = without_duels(task)
    return scoring.scorecard(untimed, observe(untimed, folder))


def verdicts(card):
    return {c.check: c.verdict for c in card.checks}


def test_reference_scores_100(quick, reference):
    card = scoring.scorecard(quick, reference)
    assert (card.score, card.final) == (100, True)
    assert {c.verdict for c in card.checks} == {Verdict.PASS}  # the notes, too


def test_every_check_of_the_catalogue_has_its_result(quick, reference):
    expected = {
        check.id if len(check.observe) == 1 or isinstance(check, SpeedupCheck) else f"{check.id}.{name}"
        for check in quick.spec.checks
        for name in check.observe
        if quick.spec.scenarios[check.scenario].profile is Profile.QUICK
    }
    assert {c.check for c in scoring.scorecard(quick, reference).checks} == expected


def test_template_scores_0(quick):
    card = scoring.scorecard(quick, observe(quick, resources.template("lab3_3")))
    assert (card.score, card.ceiling) == (0, 0)
    scored = {c.check: c.verdict for c in card.checks if c.tier is not None}
    assert set(scored.values()) == {Verdict.NOT_IMPLEMENTED, Verdict.SKIPPED}
    # Nothing passes that a later blank would lean on.
    assert scored["conv.output"] is scored["style.loss"] is scored["adam.image_1"] is Verdict.NOT_IMPLEMENTED
    # A blank in build_model stands above all that it kept from running.
    transferred = {c.id for c in quick.spec.checks if c.scenario == "transfer"}
    first, *later = (v for c, v in scored.items() if c.partition(".")[0] in transferred)
    assert (first, set(later)) == (Verdict.NOT_IMPLEMENTED, {Verdict.SKIPPED})
    # What was not reached names what kept it: on the same case, not the first of that name in the lab.
    causes = {c.check: c.why.values["en"] for c in card.checks if c.why.key == "check.skipped"}
    assert causes["pool.bottom_diff"] == "max pooling forward and backward, loops (output)"
    assert causes["pool_odd_fast.bottom_diff"] == "pooling of an odd size, fast: (1, 4, 9, 13) (output)"


@pytest.mark.slow
@pytest.mark.parametrize(("name", "score"), [("lab3_3_right", 100), ("lab3_3_mistake", 60)])
def test_examples(quick, name, score):
    card = scoring.scorecard(quick, observe(quick, ROOT / "examples" / name))
    assert (card.score, card.final) == (score, True)


def test_the_handouts_three_tables(quick, reference):
    card = scoring.scorecard(quick, reference)
    layers, losses, speedups = tables.of_score(card)
    assert [c.zh for c in layers.columns[1:]] == ["前向传播时间", "反向传播时间", "卷积层损失值", "池化层损失值"]
    assert [c.zh for c in losses.columns] == ["内容损失值(前向/反向)", "风格损失值(前向/反向)"]
    assert [c.zh for c in speedups.columns[1:3]] == ["前向传播加速比", "反向传播加速比"]
    results = {c.check: c for c in card.checks}
    assert f"{results['conv.output'].seconds:.4f} s" == layers.rows[0][1]
    assert f"{results['style.diff'].figures['error']:.6%}" in losses.rows[0][1]
    ratios = {(d.scenario, d.observation): d.ratio for d in card.duels}
    assert speedups.rows[2][3].startswith(f"{ratios['pool_duel', 'forward+backward']:.3g}×")


def test_the_courses_own_measure_stands_beside_ours(quick, reference):
    """MSE × 100 of outputs that are ‖x − ref‖₂ off is that, squared and averaged."""
    found = next(c for c in scoring.scorecard(quick, reference).checks if c.check == "conv.output")
    golden = quick.pack.goldens["conv", "box"]["output"][0]
    expected = (found.figures["error"] * np.linalg.norm(golden)) ** 2 / golden.size
    assert found.figures["mse"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("level", Level)
def test_speed_ups_are_indicative_where_helpers_can_hide(quick, reference, level):
    there = dataclasses.replace(reference, isolation=dataclasses.replace(reference.isolation, level=level))
    notes = {note.key for note in scoring.scorecard(quick, there).notes}
    assert ("duel.helpers" in notes) == (level is not Level.STRONG)


@pytest.mark.slow
def test_a_class_without_the_type_argument_is_served(quick, tmp_path):
    """Its only version is asked for as the loops and as the fast one."""
    folder = edited(
        tmp_path,
        "layers_2.py",
        ("padding, stride, type=0):", "padding, stride):\n        type = 1"),
        (
            "def __init__(self, kernel_size, stride, type=0):",
            "def __init__(self, kernel_size, stride):\n        type = 1",
        ),
    )
    transfer = folder / "exp_3_3_style_transfer.py"
    source = transfer.read_text()
    transfer.write_text(source.replace("1, 1, 1)", "1, 1)").replace("(2, 2, 1)", "(2, 2)"))
    card = scoring.scorecard(quick, observe(quick, folder))
    assert card.score == 100


def test_a_constructor_that_fails_for_another_reason_is_not_tried_without_type(quick, tmp_path):
    folder = edited(
        tmp_path,
        "layers_2.py",
        (
            "        self.stride = stride\n        self.weight_shape",
            "        self.stride = stride + None\n        self.weight_shape",
        ),
    )
    found = {c.check: c for c in judged(quick, folder).checks}["conv.output"]
    assert found.verdict is Verdict.ERROR
    assert found.why.values["line"] > 0  # the hand-in's line, not the call


def test_type_may_have_another_name_and_default(quick, tmp_path):
    """Real hand-ins renamed it, and made the fast version the default."""
    folder = edited(
        tmp_path,
        "layers_2.py",
        ("padding, stride, type=0):", "padding, stride, speedup=1):\n        type = speedup"),
    )
    assert judged(quick, folder).score == 100


def test_the_training_file_may_be_called_style_transfer(quick, tmp_path):
    folder = tmp_path / "stu_upload"
    shutil.copytree(LAB.reference, folder)
    (folder / "exp_3_3_style_transfer.py").rename(folder / "style_transfer.py")
    observed = observe(without_duels(quick), folder)
    assert observed.remarks == ()
    card = scoring.scorecard(without_duels(quick), observed)
    assert card.score == 100


def test_without_the_training_file_its_proper_name_is_missed(quick, tmp_path):
    folder = tmp_path / "stu_upload"
    shutil.copytree(LAB.reference, folder)
    (folder / "exp_3_3_style_transfer.py").unlink()
    observed = observe(quick, folder)
    assert [str(r.values["file"]) for r in observed.remarks] == ["exp_3_3_style_transfer.py"]
    card = scoring.scorecard(quick, observed)
    assert card.score == 60
    found = next(c for c in card.checks if c.check == "adam.image_1")
    assert (found.why.key, found.why.values["name"]) == ("fault.no_module", "exp_3_3_style_transfer")


def test_hand_ins_that_write_into_their_inputs(quick, tmp_path):
    """Arrays arrive writable and private; each backward has a forward of its own, whose memory it may use up."""
    shape = "        samples, channels, rows, columns = top_diff.shape\n        bottom_diff = np.zeros({}.shape, dtype"
    folder = edited(
        tmp_path,
        "layers_2.py",
        (shape.format("self.input"), f"        input, self.input = self.input, None\n{shape.format('input')}"),
        (
            "diff = top_diff[n, o, h, w]",
            "diff = top_diff[n, o, h, w]\n                        top_diff[n, o, h, w] = 0",
        ),
        ("window = self.input[n", "window = input[n"),
    )
    assert judged(quick, folder).score == 100


@pytest.mark.parametrize("axes", ["(1, 2, 3)", "(1, 2, 3), keepdims=True"])
def test_a_loss_for_each_sample_is_an_array_of_one(quick, tmp_path, axes):
    folder = edited(
        tmp_path,
        "layers_3.py",
        ("np.sum((input_layer - content_layer) ** 2)", f"np.sum((input_layer - content_layer) ** 2, axis={axes})"),
    )
    seen = verdicts(judged(quick, folder))
    assert seen["content.loss"] is seen["losses.content_loss_2"] is Verdict.PASS
    assert seen["content_batch.loss"] is not Verdict.PASS  # two samples, two losses: a note


def test_a_wrong_style_gradient_is_no_wrong_net(quick, tmp_path):
    """The walk goes on from the right gradient, so what VGG19 does with it is judged by itself."""
    mistake = next(m for m in LAB.mistakes if m.name == "style_gradient_sign")
    mistake.apply(LAB.reference, tmp_path / "stu_upload")
    seen = verdicts(scoring.scorecard(quick, observe(quick, tmp_path / "stu_upload")))
    assert {v for c, v in seen.items() if c.startswith("feature_gradients.diff_relu") and "4_2" not in c} == {
        Verdict.WRONG
    }
    assert {v for c, v in seen.items() if c.startswith("image_gradients")} == {Verdict.PASS}
    assert seen["steps.gradient_1"] is Verdict.PASS
    assert seen["steps.gradient_2"] is Verdict.WRONG  # from the reference's picture, with the hand-in's own gradients


def test_a_wrong_adam_is_no_wrong_gradient(quick, tmp_path):
    """The second step's gradient starts from the reference's picture, the loss curve from the hand-in's own."""
    mistake = next(m for m in LAB.mistakes if m.name == "adam_ascent")
    mistake.apply(LAB.reference, tmp_path / "stu_upload")
    seen = verdicts(judged(quick, tmp_path / "stu_upload"))
    assert seen["steps.gradient_2"] is Verdict.PASS
    assert seen["losses.content_loss_1"] is Verdict.PASS
    assert seen["losses.content_loss_2"] is Verdict.WRONG


def test_a_relu_that_rounds_to_the_other_side_of_zero_is_right_work(quick, tmp_path):
    """One value of relu5_1, 5e-4 in the practice pack, as if rounding had made it negative: 0.028 in a gradient."""
    gate = "self.input > (6e-4 if self.input.shape[1:] == (512, 2, 2) else 0)"
    card = judged(quick, edited(tmp_path, "layers_1.py", ("self.input > 0", gate)))
    found = next(c for c in card.checks if c.check == "image_gradients.image_diff_relu5_1")
    assert 0.02 < found.figures["error"] < 0.04
    assert card.score == 100


def test_a_picture_saved_wrongly_is_a_note(quick, tmp_path):
    old = "np.clip(np.rint(pixels), 0, 255).astype(np.uint8)"
    folder = edited(tmp_path, "exp_3_3_style_transfer.py", (old, "np.rint(pixels).astype(int).astype(np.uint8)"))
    card = judged(quick, folder)
    assert card.score == 100
    assert {c for c, v in verdicts(card).items() if v is not Verdict.PASS} == {"save_image"}


def test_state_kept_from_the_first_step_is_seen_in_the_second(quick, tmp_path):
    folder = edited(
        tmp_path,
        "layers_1.py",
        (
            "        self.input = input\n",
            "        self.input = getattr(self, 'input', input) if input.size < 9000 else input\n",
        ),
    )
    seen = verdicts(scoring.scorecard(quick, observe(quick, folder)))
    wrong = {c for c, v in seen.items() if v is not Verdict.PASS}
    assert "steps.gradient_2" in wrong


def torch_features(weights, image):
    """The activations of VGG19's trunk, by name, with gradients."""
    import torch
    import torch.nn.functional as F  # noqa: N812 - its usual name

    net = matfile.open_weights(weights)
    current, features = image, {}
    for name in TRUNK:
        if name.startswith("conv"):
            weight, bias = (torch.tensor(np.array(a, dtype=np.float64)) for a in net.conv(name))
            current = F.conv2d(current, weight.permute(3, 2, 0, 1), bias, padding=1)
        else:
            current = F.relu(current) if name.startswith("relu") else F.max_pool2d(current, 2)
        features[name] = current
    return features


def torch_losses(features, targets):
    """Content and style loss by layer, as the handout has them, for one sample."""
    losses = {}
    for name, x in features.items():
        y = targets[name].detach()
        if name == "relu4_2":
            losses[name] = ((x - y) ** 2).sum() / (2 * x.numel())
        else:
            grams = [t[0].flatten(1) @ t[0].flatten(1).T for t in (x, y)]
            losses[name] = ((grams[0] - grams[1]) ** 2).sum() / (4 * x.numel() ** 2)
    return losses


def test_the_transfer_against_pytorch(quick):
    """Features, losses, their gradients down to the image, and two steps with Adam: autograd in float64."""
    import torch

    case = quick.pack.cases["transfer"][0]
    golden = {n: g[0].astype(np.float64) for n, g in quick.pack.goldens["transfer", "transfer"].items()}

    def close(name, expected):
        expected = np.asarray(expected.detach() if isinstance(expected, torch.Tensor) else expected)
        assert golden[name].shape == expected.shape
        assert np.linalg.norm(golden[name] - expected) <= 1e-6 * np.linalg.norm(expected), name

    def pick(features):
        return {name: features[name] for name in transfer.LOSS_LAYERS}

    images = {}
    for name in ("content", "style"):
        pixels = case.images[name].astype(np.float64) - matfile.open_weights(quick.weights).mean
        close(f"{name}_image", pixels.transpose(2, 0, 1)[None])
        images[name] = torch.tensor(pixels.transpose(2, 0, 1)[None])
    content, style = (pick(torch_features(quick.weights, images[n])) for n in ("content", "style"))
    targets = {**style, "relu4_2": content["relu4_2"]}
    factors = {n: case.params["alpha"] if n == "relu4_2" else case.params["beta"] / 5 for n in transfer.LOSS_LAYERS}
    noise = uniform(dataclasses.replace(case, params={**case.params, "dtype": "float64"}), "noise", 1, 3, 32, 32)
    picture = (0.5 * (40 * torch.tensor(noise) - 20) + 0.5 * images["content"]).requires_grad_()
    adam = torch.optim.Adam([picture], lr=1.0)
    for step in (1, 2):
        features = pick(torch_features(quick.weights, picture))
        losses = torch_losses(features, targets)
        close(f"content_loss_{step}", factors["relu4_2"] * losses["relu4_2"])
        close(f"style_loss_{step}", sum(factors[n] * losses[n] for n in transfer.STYLE_LAYERS))
        if step == 1:
            for name in transfer.LOSS_LAYERS:
                close(name, features[name])
                diff, image_diff = torch.autograd.grad(losses[name], [features[name], picture], retain_graph=True)
                close(f"diff_{name}", diff)
                close(f"image_diff_{name}", image_diff)
        adam.zero_grad()
        sum(factors[n] * losses[n] for n in losses).backward()
        close(f"gradient_{step}", picture.grad)
        adam.step()
        if step == 1:
            close("picture_2", picture)


@pytest.mark.slow
def test_reference_scores_100_in_full():
    full = prepared(Profile.FULL)
    card = scoring.scorecard(full, observe(full, LAB.reference))
    assert (card.score, card.final) == (100, True)
    assert {c.verdict for c in card.checks} == {Verdict.PASS}
    course = {c.check: c for c in card.checks}
    assert course["course_conv.loops_output"].seconds > 5 * course["course_conv_fast.fast_output"].seconds
