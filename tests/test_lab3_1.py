"""Lab 3-1 end to end: reference 100, template 0, known mistakes what their table says; each observed once."""

from __future__ import annotations

import dataclasses
import functools

import pytest

from labbench import grading, handin, resources, scoring
from labbench.lab3_1 import LAB
from labbench.report import json
from labbench.results import Profile, Verdict
from labbench.texts import Lang
from tests import known
from tests.conftest import ROOT

#: Six seconds each: the fast tests see every tenth, the slow ones the others.
EVERY_THIRD_FAST = [
    pytest.param(mistake, id=mistake.name, marks=() if number % 10 == 0 else pytest.mark.slow)
    for number, mistake in enumerate(LAB.mistakes)
]


def observe(task, folder):
    with handin.opened(folder, task.spec.files) as snapshot:
        return grading.observe_handin(task, snapshot)


@pytest.fixture(scope="module")
def reference(quick):
    return observe(quick, LAB.reference)


def test_reference_scores_100(quick, reference):
    card = scoring.scorecard(quick, reference)
    assert (card.score, card.ceiling, card.final) == (100, 100, True)
    assert {c.verdict for c in card.checks} == {Verdict.PASS}  # the notes, too
    assert [t.group for t in card.timings] == ["conv1", "conv2", "conv3", "conv4", "conv5", "fc"]
    assert all(t.student > 0 and t.reference > 0 for t in card.timings)


def test_every_check_of_the_catalogue_has_its_result(quick, reference):
    results = {c.check for c in scoring.scorecard(quick, reference).checks}
    expected = {
        check.id if len(check.observe) == 1 else f"{check.id}.{name}"
        for check in quick.spec.checks
        for name in check.observe
        if quick.spec.scenarios[check.scenario].profile is Profile.QUICK
    }
    assert results == expected


def test_template_scores_0(quick):
    card = scoring.scorecard(quick, observe(quick, resources.template("lab3_1")))
    assert (card.score, card.ceiling) == (0, 0)
    scored = {c.check: c.verdict for c in card.checks if c.tier is not None}
    assert scored["conv"] == scored["pool"] == scored["image"] == Verdict.NOT_IMPLEMENTED
    assert set(scored.values()) == {Verdict.NOT_IMPLEMENTED, Verdict.SKIPPED}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "score"), [("lab3_1_right", 100), ("lab3_1_mistake", 80)])
def test_examples(quick, name, score):
    assert scoring.scorecard(quick, observe(quick, ROOT / "examples" / name)).score == score


@pytest.mark.parametrize("mistake", EVERY_THIRD_FAST)
def test_mistakes_score_what_their_table_says(quick, mistake, tmp_path):
    mistake.apply(LAB.reference, tmp_path / "stu_upload")
    untimed = dataclasses.replace(quick, lab=dataclasses.replace(quick.lab, timed=()))
    card = scoring.scorecard(quick, observe(untimed, tmp_path / "stu_upload"))
    assert card.score == mistake.scores["quick"]
    assert card.final
    assert known.named(quick, card, mistake)


@pytest.mark.parametrize("mistake", LAB.mistakes, ids=lambda m: m.name)
def test_pack_keeps_what_naming_a_mistake_needs(quick, mistake):
    kept = {m.mistake: m for m in quick.pack.manifest.mistakes}
    if mistake.scores["quick"] == 100:
        assert mistake.name not in kept
    else:
        entry = kept[mistake.name]
        assert entry.observation in quick.pack.goldens[entry.scenario, entry.case]
        assert (entry.file is None) == (entry.verdict == Verdict.ERROR)  # nothing to compare with


def test_every_wrong_layer_is_named(quick, tmp_path):
    """Two layers are broken in the reference; the walk goes on from the right value after each."""
    edit = functools.partial(dataclasses.replace, LAB.mistakes[0], file="vgg_cpu.py")
    old = "        self.update_layer_list = "
    new = "        self.layers['relu2_1'] = self.layers['relu4_3'] = MaxPoolingLayer(1, 1)\n" + old
    edit(old=old, new=new).apply(LAB.reference, tmp_path / "stu_upload")
    card = scoring.scorecard(quick, observe(quick, tmp_path / "stu_upload"))
    wrong = [c.check for c in card.checks if c.verdict is not Verdict.PASS]
    assert wrong == ["trunk.relu2_1", "trunk.relu4_3"]
    assert card.score == 60


@pytest.mark.slow
def test_two_runs_give_one_scorecard_but_for_times(quick, reference):
    again = observe(quick, LAB.reference)

    def timeless(observed):
        card = scoring.scorecard(quick, observed)
        checks = tuple(dataclasses.replace(c, seconds=0.0) for c in card.checks)
        return dataclasses.replace(card, checks=checks, timings=(), seconds=0.0)

    assert timeless(reference) == timeless(again)


def test_scorecard_survives_json(quick, reference):
    card = scoring.scorecard(quick, reference)
    assert json.decode(json.encode(card, quick.spec, Lang.ZH)) == dataclasses.replace(
        card, checks=tuple(dataclasses.replace(c, seconds=round(c.seconds, 6)) for c in card.checks)
    )


@pytest.mark.slow
def test_reference_scores_100_in_full(full):
    card = scoring.scorecard(full, observe(full, LAB.reference))
    assert card.score == 100
    classified = next(c for c in card.checks if c.check == "full_class")
    assert classified.figures["class"] == 281  # tabby cat
    assert classified.figures["probability"] == pytest.approx(0.4933, abs=0.005)


@pytest.mark.slow
@pytest.mark.parametrize("mistake", LAB.mistakes, ids=lambda m: m.name)
def test_mistakes_score_what_their_table_says_in_full(full, mistake, tmp_path):
    mistake.apply(LAB.reference, tmp_path / "stu_upload")
    untimed = dataclasses.replace(full, lab=dataclasses.replace(full.lab, timed=()))
    assert scoring.scorecard(full, observe(untimed, tmp_path / "stu_upload")).score == mistake.scores["full"]
