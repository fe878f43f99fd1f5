"""Every known mistake of lab 3-3 gets what its table says; each is observed once."""

from __future__ import annotations

import pytest

from labbench import scoring
from labbench.lab3_3 import LAB
from labbench.results import Profile, Verdict
from tests import known
from tests.test_lab3_3 import judged, observe, prepared

#: Mistakes that touch what is timed, and get that far: their duels take 20 s each.
TIMED = {"fast_conv_is_slow", "fast_pool_backward_all_maxima", "fast_parameters_missing"}
#: The others: every sixth in the fast tests, all in the slow ones.
UNTIMED = [
    pytest.param(mistake, id=mistake.name, marks=() if number % 6 == 0 else pytest.mark.slow)
    for number, mistake in enumerate(m for m in LAB.mistakes if m.name not in TIMED)
]


@pytest.fixture(scope="module")
def quick():
    return prepared(Profile.QUICK)


@pytest.mark.parametrize("mistake", UNTIMED)
def test_mistakes_score_what_their_table_says(quick, mistake, tmp_path):
    mistake.apply(LAB.reference, tmp_path / "stu_upload")
    card = judged(quick, tmp_path / "stu_upload")
    assert (card.score, card.final) == (mistake.scores["quick"], True)
    assert known.named(quick, card, mistake)


@pytest.mark.slow
@pytest.mark.parametrize("mistake", [m for m in LAB.mistakes if m.name in TIMED], ids=lambda m: m.name)
def test_mistakes_in_what_is_timed_score_what_their_table_says(quick, mistake, tmp_path):
    mistake.apply(LAB.reference, tmp_path / "stu_upload")
    card = scoring.scorecard(quick, observe(quick, tmp_path / "stu_upload"))
    assert (card.score, card.final) == (mistake.scores["quick"], True)


@pytest.mark.parametrize("mistake", LAB.mistakes, ids=lambda m: m.name)
def test_pack_keeps_what_naming_a_mistake_needs(quick, mistake):
    kept = {m.mistake: m for m in quick.pack.manifest.mistakes}
    if mistake.scores["quick"] >= 80:
        assert mistake.name not in kept
    else:
        entry = kept[mistake.name]
        assert entry.observation in quick.pack.goldens[entry.scenario, entry.case]
        assert entry.file is not None


@pytest.mark.slow
@pytest.mark.parametrize("mistake", LAB.mistakes[::8], ids=lambda m: m.name)  # a minute each
def test_mistakes_score_what_their_table_says_in_full(mistake, tmp_path):
    full = prepared(Profile.FULL)
    mistake.apply(LAB.reference, tmp_path / "stu_upload")
    card = scoring.scorecard(full, observe(full, tmp_path / "stu_upload"))
    assert (card.score, card.final) == (mistake.scores["full"], True)
    # Minutes that could change nothing are not spent.
    later = {c.check: c.verdict for c in card.checks}
    assert (later["course_conv.loops_output"] is Verdict.SKIPPED) == (mistake.scores["full"] == 0)
    assert (later["course_transfer.gradient_1"] is Verdict.SKIPPED) == (mistake.scores["full"] < 80)
