"""Scores, ceilings and what is final; scorecards survive JSON."""

from __future__ import annotations

import dataclasses
import math
import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labbench import catalogue, resources
from labbench.cli.score import exit_code
from labbench.errors import ExitCode
from labbench.report import json
from labbench.results import (
    CheckResult,
    Timing,
    Verdict,
    text,
)
from labbench.texts import Lang
from tests import books

P, W, I, X = Verdict.PASS, Verdict.WRONG, Verdict.INCONCLUSIVE, Verdict.INTERNAL  # noqa: E741


def card(*checks, **more):
    """A scorecard of (tier, verdict) pairs."""
    return books.bare(*(CheckResult(f"c{i}", tier, verdict) for i, (tier, verdict) in enumerate(checks)), **more)


@pytest.mark.parametrize(
    ("checks", "score", "ceiling"),
    [
        ([(60, P), (80, P), (100, P)], 100, 100),
        ([(60, P), (80, P), (100, W)], 80, 80),
        ([(60, P), (80, W), (100, P)], 60, 60),  # a tier does not count without those below
        ([(60, W), (80, P), (100, P)], 0, 0),
        ([(60, P), (60, W), (80, P), (100, P)], 0, 0),  # all checks of a tier, not most
        ([(60, P), (80, P), (100, I)], 80, 100),
        ([(60, P), (80, I), (100, P)], 60, 100),
        ([(60, P), (80, X), (100, W)], 60, 80),
        ([(60, I), (80, W), (100, P)], 0, 60),
        ([(60, I), (60, W), (80, P), (100, P)], 0, 0),  # what is undecided cannot save what is wrong
        ([(60, P), (80, Verdict.SKIPPED), (100, P)], 60, 60),
        ([(60, P), (80, P), (100, P), (None, W), (None, X)], 100, 100),  # notes cost nothing
        ([(60, P), (100, P)], 60, 60),  # a tier without a check is not reached, nor are those above
        ([(80, P), (100, P)], 0, 0),
        ([], 0, 0),
    ],
)
def test_score_and_ceiling(checks, score, ceiling):
    result = card(*checks)
    assert (result.score, result.ceiling, result.final) == (score, ceiling, score == ceiling)


def test_tiers_are_sorted_whatever_the_order_of_the_levels():
    result = card((60, P), (80, P), (100, W), levels=(100, 60, 80))
    assert [(t.tier, t.reached) for t in result.tiers] == [(60, True), (80, True), (100, False)]


@given(st.lists(st.tuples(st.sampled_from([60, 80, 100, None]), st.sampled_from(list(Verdict))), max_size=12))
def test_an_undecided_check_is_between_a_wrong_and_a_right_one(checks):
    def decided(verdict):
        return card(*((t, verdict if v.undecided else v) for t, v in checks))

    result = card(*checks)
    assert result.score == decided(Verdict.WRONG).score
    assert result.ceiling == decided(Verdict.PASS).score
    assert result.score <= result.ceiling
    assert all(t.reachable for t in result.tiers if t.reached)


FINAL_80 = card((60, P), (80, P), (100, W))
OPEN_60_100 = card((60, P), (80, I), (100, P))


@pytest.mark.parametrize(
    ("result", "fail_under", "code"),
    [
        (FINAL_80, None, ExitCode.DONE),
        (FINAL_80, 80, ExitCode.DONE),
        (FINAL_80, 81, ExitCode.BELOW),
        (FINAL_80, 0, ExitCode.DONE),
        (OPEN_60_100, None, ExitCode.NOT_FINAL),
        (OPEN_60_100, 60, ExitCode.DONE),  # it will not be less
        (OPEN_60_100, 61, ExitCode.NOT_FINAL),
        (OPEN_60_100, 100, ExitCode.NOT_FINAL),
        (card((60, W), (80, I)), 60, ExitCode.BELOW),  # it will not be more
    ],
)
def test_exit_codes(result, fail_under, code):
    assert exit_code(result, fail_under) is code


def test_exit_codes_are_the_documented_ones():
    documented = (resources.data_root() / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", documented, re.MULTILINE)] == list(ExitCode)


def test_ratio_of_times():
    assert Timing("conv1", 3.0, 1.5).ratio == 2
    assert math.isnan(Timing("conv1", 3.0, 0.0).ratio)


IDS = [check.id for check in catalogue.load().labs["3-1"].checks]
words = st.text(string.printable + "中文[red]{}😀", max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False)
results = st.builds(
    CheckResult,
    check=st.sampled_from([*IDS, "trunk.conv1_1"]),
    tier=st.sampled_from([60, 80, 100, None]),
    verdict=st.sampled_from(list(Verdict)),
    figures=st.dictionaries(st.sampled_from(["error", "tolerance", "class"]), numbers),
    why=st.none() | st.builds(lambda file: text("note.missing", file=file), words),
    seconds=st.integers(0, 10**9).map(lambda n: n / 10**6),
)
cards = st.builds(
    card,
    levels=st.just((60, 80, 100)),
    timings=st.lists(st.builds(Timing, words, numbers, numbers), max_size=3).map(tuple),
    notes=st.lists(st.builds(lambda used: text("note.compat", used=used), words), max_size=2).map(tuple),
    environment=st.dictionaries(words, words, max_size=3),
    seconds=st.integers(0, 10**6).map(lambda n: n / 1000),
)


@given(cards, st.lists(results, max_size=6), st.sampled_from(list(Lang)))
@settings(deadline=None)
def test_a_scorecard_survives_json(empty, checks, lang):
    # Notes come last in JSON, as in every scorecard that grading makes.
    ordered = tuple(sorted(checks, key=lambda c: c.tier is None))
    before = dataclasses.replace(empty, checks=ordered)
    assert json.decode(json.encode(before, catalogue.load().labs["3-1"], lang)) == before
