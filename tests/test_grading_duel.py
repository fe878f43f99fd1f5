"""Duels as part of a grading: when they are held, and where their numbers go."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from labbench import grading, task
from labbench.catalogue import CloseCheck, ScenarioSpec
from labbench.errors import ExitCode, LabbenchError
from labbench.report import json
from labbench.results import Verdict
from labbench.texts import Lang
from tests.dueller import LIMITS, SOURCE, TITLE, check, conv_duel, draw, edited
from tests.rig import graded


@pytest.fixture
def timed(quick, tmp_path):
    """A lab with nothing but a timed convolution."""
    package = tmp_path / "reference" / "stu_upload"
    package.mkdir(parents=True)
    (package / "layers_2.py").write_text(SOURCE)
    lab = dataclasses.replace(
        quick.lab, reference=package, scenarios={"conv_duel": conv_duel}, draws={"conv_duel": draw}, timed=()
    )
    spec = msgspec.structs.replace(
        quick.spec,
        files=("layers_2.py",),
        tiers={100: TITLE},
        scenarios={"conv_duel": ScenarioSpec(limits=LIMITS)},
        checks=(check("forward", ("forward",)), check()),
    )
    pack = dataclasses.replace(quick.pack, cases={}, goldens={})
    return dataclasses.replace(quick, lab=lab, spec=spec, pack=pack)


def handin(tmp_path, source=SOURCE):
    folder = tmp_path / "handed-in" / "stu_upload"
    folder.mkdir(parents=True)
    (folder / "layers_2.py").write_text(source)
    return folder


def test_a_duel_decides_a_tier_and_its_numbers_are_in_the_scorecard(timed, tmp_path):
    told = []
    card = graded(timed, handin(tmp_path), grading.Course(told.append))
    assert [c.verdict for c in card.checks] == [Verdict.PASS, Verdict.PASS], card.checks
    assert (card.score, card.final) == (100, True)
    assert [d.observation for d in card.duels] == ["forward", "backward", "forward+backward"]
    assert [t.scenario for t in told] == ["conv_duel"]
    assert json.decode(json.encode(card, timed.spec, Lang.EN)).duels == card.duels


def test_what_is_wrong_says_so_and_its_sibling_points_at_it(timed, tmp_path):
    wrong = edited(("return self.fast_back(top) if self.type", "return -self.fast_back(top) if self.type"))
    card = graded(timed, handin(tmp_path, wrong))
    forward, both = card.checks
    assert (forward.verdict, both.verdict) == (Verdict.SKIPPED, Verdict.WRONG)
    assert both.why.key == "check.wrong_at"
    assert forward.why.values["en"] == TITLE.en
    assert card.duels == ()


def test_no_duel_after_a_failed_check(timed, quick, tmp_path, monkeypatch):
    """Neither in a tier below nor in its own."""
    monkeypatch.setattr(grading, "duel", lambda _: pytest.fail("a duel was held"))
    conv = next(c for c in quick.spec.checks if c.id == "conv")
    spec = msgspec.structs.replace(
        timed.spec,
        scenarios={**timed.spec.scenarios, "conv": ScenarioSpec(limits=LIMITS)},
        checks=(msgspec.structs.replace(conv, tier=100), *timed.spec.checks),
    )
    assert isinstance(conv, CloseCheck)
    lab = dataclasses.replace(timed.lab, scenarios={**quick.lab.scenarios, **timed.lab.scenarios})
    pack = dataclasses.replace(
        timed.pack,
        cases={"conv": tuple(c for c in quick.pack.cases["conv"] if c.name == "box")},
        goldens=quick.pack.goldens,
    )
    card = graded(dataclasses.replace(timed, lab=lab, spec=spec, pack=pack), handin(tmp_path))
    assert [c.verdict for c in card.checks] == [Verdict.ERROR, Verdict.SKIPPED, Verdict.SKIPPED]
    assert {c.why.key for c in card.checks[1:]} == {"check.not_run"}
    assert (card.score, card.final) == (0, True)


def test_a_timed_check_needs_fresh_cases(timed):
    task._check_draws(timed.spec, timed.lab)
    with pytest.raises(LabbenchError) as caught:
        task._check_draws(timed.spec, dataclasses.replace(timed.lab, draws={}))
    assert caught.value.exit_code is ExitCode.INTERNAL


def test_a_pack_needs_no_goldens_for_it(timed):
    task._check_complete(timed.spec, timed.pack, timed.profile)
