"""The statistics of the duel and its verdicts, without any process."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labbench.checks.ratios import estimate
from labbench.checks.speedup import Match, Pair, below, clockless, duels, foul, measured, remarks, speedup, undecided
from labbench.results import Call, CheckResult, Verdict, text
from tests.dueller import check

TITLES = {"speedup": ("faster", "更快"), "other": ("other", "其他")}


def pairs(*ratios, control=1.0, base=0.1):
    """Pairs of these ratios, forward and backward alike."""
    return tuple(
        Pair(*({"forward": t, "backward": t} for t in (base, base / r, base / control))) for r in ratios
    )  # fmt: skip


def match(*restarts, **more):
    return Match("conv_duel", tuple(restarts), **more)


STEADY = (pairs(9, 10, 11), pairs(10, 10, 10), pairs(9.5, 10, 10.5))

# -- statistics -------------------------------------------------------------------------------------------------


def test_median_of_the_restarts_medians():
    logs = [[math.log(x) for x in restart] for restart in ((1, 2, 50), (4, 4, 4), (8, 9, 10))]
    assert estimate(logs).ratio == pytest.approx(4)


def test_the_same_numbers_give_the_same_interval():
    logs = [[0.1, 0.2, 0.3], [0.0, 0.1, 0.2]]
    assert estimate(logs) == estimate(logs)


@given(st.lists(st.lists(st.floats(-5, 5), min_size=1, max_size=6), min_size=1, max_size=5), st.floats(-3, 3))
@settings(max_examples=60, deadline=None)
def test_the_interval_holds_the_estimate_and_scales(logs, factor):
    one, other = estimate(logs), estimate([[x + factor for x in restart] for restart in logs])
    assert one.low <= one.ratio <= one.high
    assert math.exp(min(map(min, logs))) <= one.low * (1 + 1e-9)
    assert one.high <= math.exp(max(map(max, logs))) * (1 + 1e-9)
    for name in ("low", "ratio", "high"):
        assert math.log(getattr(other, name)) == pytest.approx(math.log(getattr(one, name)) + factor, abs=1e-6)


def test_a_restart_that_differs_widens_the_interval():
    """A bootstrap over all pairs as one would not see that they differ by restarts."""
    apart = estimate([[0.0] * 5, [0.5] * 5, [1.0] * 5])
    assert (apart.low, apart.high) == (pytest.approx(1), pytest.approx(math.e))


@pytest.mark.parametrize(("of_restarts", "of_pairs"), [(0.0, 0.05), (0.05, 0.05), (0.1, 0.02), (0.05, 0.0)])
@pytest.mark.parametrize("count", [3, 5])
def test_identical_code_is_found_identical(of_restarts, of_pairs, count):
    """A/A: in at least 97 % of simulated duels the widened interval contains 1, whatever the noise comes from."""
    generator = np.random.default_rng(7)

    def side():
        return generator.normal(0, of_restarts, (count, 1)) + generator.normal(0, of_pairs, (count, 5))

    trials = 150
    held = 0
    for _ in range(trials):
        base, cand, control = side(), side(), side()
        found = estimate((base - cand).tolist()).widened(estimate((base - control).tolist()))
        held += found.low <= 1 <= found.high
    assert held >= 0.97 * trials


def test_the_control_widens():
    narrow = measured(STEADY, ("forward",))
    wide = measured([pairs(9, 10, 11, control=1.2)] * 3, ("forward",))
    assert wide.low < narrow.low / 1.15
    assert wide.high > narrow.high * 1.15


# -- verdicts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("required", "restarts", "verdict"),
    [
        (5, STEADY, Verdict.PASS),
        (20, STEADY, Verdict.WRONG),
        (10, STEADY, Verdict.INCONCLUSIVE),
        (5, STEADY[:1], Verdict.INCONCLUSIVE),  # process starts differ: one is not enough to pass
        (20, STEADY[:1], Verdict.WRONG),
        (20, (pairs(10, 10),), Verdict.INCONCLUSIVE),  # two pairs show nothing
        (5, (pairs(10, 10), pairs(10, 10), pairs(10, 10)), Verdict.INCONCLUSIVE),
        (5, (), Verdict.INCONCLUSIVE),
        (5, (pairs(float(1 << 20), 10, 10), *STEADY), Verdict.INTERNAL),  # nothing takes less than 10 µs
    ],
)
def test_verdict(required, restarts, verdict):
    result = speedup(check(required=required), match(*restarts), TITLES)
    assert result.verdict is verdict
    assert (result.why is None) == (verdict is Verdict.PASS)


def test_straddling_asks_for_more():
    assert undecided(check(required=10), STEADY)
    assert not undecided(check(required=5), STEADY)
    assert not undecided(check(required=20), STEADY)


def test_what_is_far_below_needs_no_more():
    slow = (pairs(1, 1, 1.1),)
    assert below(check(), slow, 3)
    assert not below(check(), slow, 2)  # within what one restart can be off
    assert not below(check(), (pairs(1, 1),), 3)
    assert below(check(), slow * 2, 2)


@pytest.mark.parametrize(
    ("more", "verdict"),
    [
        ({"failures": (CheckResult("speedup", 100, Verdict.NONFINITE),)}, Verdict.NONFINITE),
        ({"failures": (CheckResult("other", 100, Verdict.WRONG),)}, Verdict.SKIPPED),
        ({"foul": text("duel.hidden", tree="1", seen="0.1")}, Verdict.FORBIDDEN),
        ({"broken": text("duel.broken")}, Verdict.INTERNAL),
    ],
)
def test_times_count_for_nothing_after(more, verdict):
    stained = match(*STEADY, **more)
    assert speedup(check(), stained, TITLES).verdict is verdict
    assert duels(stained) == ()


def test_a_duel_that_was_not_held():
    result = speedup(check(), None, TITLES)
    assert (result.verdict, result.why.key) == (Verdict.SKIPPED, "check.not_run")


def test_only_the_times_of_its_observations():
    uneven = [Pair({"a": 1.0, "b": 1.0}, {"a": 0.1, "b": 1.0}, {"a": 1.0, "b": 1.0})] * 3
    both = match(uneven, uneven, uneven)
    assert measured(both.restarts, ("a",)).ratio == pytest.approx(10)
    assert measured(both.restarts, ("a", "b")).ratio == pytest.approx(2 / 1.1)
    assert [d.observation for d in duels(both)] == ["a", "b", "a+b"]


def test_own_loops_are_beside_the_fast_version():
    own = ({"forward": 0.3, "backward": 0.3},) * 3
    assert [d.own_ratio for d in duels(match(*STEADY, own=own))] == [pytest.approx(30)] * 3
    assert [d.own_ratio for d in duels(match(*STEADY))] == [None] * 3


def test_a_ratio_too_good_is_for_a_person():
    said = remarks(match(*STEADY), [check(expected=1.1)])
    assert said == []
    fast = tuple(pairs(100, 100, 100) for _ in range(3))
    assert [t.key for t in remarks(match(*fast), [check(expected=4.0)])] == ["duel.review"]
    assert remarks(match(*fast), [check()]) == []


def test_without_a_cpu_clock_the_figures_are_indicative(monkeypatch):
    monkeypatch.setattr("labbench.timing.FOREIGN_CPU_CLOCK", False)
    assert [t.key for t in remarks(match(*STEADY), [check()])] == ["duel.wall_clock"]
    assert remarks(match(), [check()]) == []


def test_a_wait_and_a_missing_lock_are_told():
    said = remarks(match(*STEADY, waited=(0.1, 2.0), crowded=text("duel.lock_busy", seconds=300)), [check()])
    assert [t.key for t in said] == ["duel.lock_busy", "duel.waited"]


def test_clockless():
    assert clockless([pairs(1, base=4e-6)], ("forward",))
    assert not clockless([pairs(1, base=6e-6)], ("forward", "backward"))


# -- ledgers ----------------------------------------------------------------------------------------------------

MS = 1_000_000


@pytest.mark.parametrize(
    ("calls", "startup", "tree", "key"),
    [
        ([Call("f", 10 * MS, 11 * MS)], 100 * MS, 0.11, None),
        ([Call("f", 10 * MS, 11 * MS, 300_000)], 0, 0.0103, "duel.gap"),
        ([Call("f", 10 * MS, 11 * MS, 150_000)], 0, 0.01, None),  # under 2 %
        ([Call("f", MS // 10, MS, 90_000)], 0, 0.001, None),  # what a stop may cost
        ([Call("f", 10 * MS, 11 * MS)], 100 * MS, 0.17, "duel.hidden"),
        ([Call("f", 2000 * MS, 2000 * MS)], 0, 2.04, None),
        ([Call("burnt, untimed", 2000 * MS, 2000 * MS)], 0, 2.06, "duel.hidden"),  # that is room for no helper
        ([Call("f", 100 * MS, 100 * MS)], 0, 0.0, "duel.hidden"),  # who counts was killed
    ],
)
def test_foul(calls, startup, tree, key):
    found = foul(calls, startup, tree)
    assert (found.key if found else None) == key
