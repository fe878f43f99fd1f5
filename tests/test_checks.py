"""What checks say of observations: closeness, classification, and how much of the goldens is told."""

from __future__ import annotations

import json
import math
import sys
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from labbench.catalogue import ClassCheck, CloseCheck, Words
from labbench.checks import judge, result_id, skipped
from labbench.checks.classification import best, top_class
from labbench.checks.closeness import by_decade, relative_error
from labbench.checks.diagnosis import mistaken
from labbench.checks.disclosure import told
from labbench.results import Disclosure, Fault, Observation, Verdict, text
from labbench.texts import Lang, render

TITLE = Words("title", "标题")
FULL, HIDDEN = Disclosure.FULL, Disclosure.VERDICT


def close(norm="l2", tolerance=1e-4, observe=("y",), tier=60):
    return CloseCheck(
        id="c", title=TITLE, scenario="s", tier=tier, observe=observe, norm=norm, tolerance=tolerance
    )  # fmt: skip


def klass(tolerance=0.01):
    return ClassCheck(id="k", title=TITLE, scenario="s", tier=100, observe=("y",), tolerance=tolerance)


def verdict(value, *goldens, check=None, seen=FULL):
    goldens = [np.asarray(g) for g in goldens]
    return judge(check or close(), Observation("y", np.asarray(value), cpu_ns=1_500_000), goldens, seen)


# PyTorch's own norm loses the squares of values below 1e-154.
numbers = st.floats(-1e6, 1e6).map(lambda v: v if abs(v) > 1e-100 else 0.0)
finite = hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=5), elements=numbers)


@given(st.data(), st.sampled_from(["l2", "max"]))
def test_relative_error_is_that_of_torch(data, norm):
    reference = data.draw(finite)
    value = data.draw(hnp.arrays(np.float64, reference.shape, elements=numbers))
    order = 2 if norm == "l2" else math.inf
    size = torch.linalg.vector_norm(torch.from_numpy(reference.copy()), order).item()
    distance = torch.linalg.vector_norm(torch.from_numpy(value - reference), order).item()
    expected = min(distance / size, sys.float_info.max) if size else distance
    assert relative_error(value, reference, norm) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("norm", "error"), [("l2", math.sqrt(1 + 4) / math.sqrt(9 + 16)), ("max", 2 / 4)], ids=["l2", "max"]
)
def test_relative_error_by_hand(norm, error):
    assert relative_error(np.array([2.0, 6.0]), np.array([3.0, 4.0]), norm) == pytest.approx(error)


def test_the_tiniest_values_count():
    assert relative_error(np.zeros(2), np.full(2, 1e-263), "l2") == pytest.approx(1)


@pytest.mark.parametrize("norm", ["l2", "max"])
def test_the_tolerance_itself_passes_and_what_is_above_does_not(norm):
    golden = np.array([0.0, 4.0])
    check = close(norm, 0.25)
    assert verdict([1.0, 4.0], golden, check=check).verdict is Verdict.PASS  # error 0.25 exactly, in binary too
    above = verdict([np.nextafter(1.0, 2.0), 4.0], golden, check=check)
    assert above.verdict is Verdict.WRONG


def test_zeros_pass_for_nothing_but_zeros():
    assert verdict(np.zeros(5), np.full(5, 1e-9)).verdict is Verdict.WRONG  # an MSE of 1e-18
    assert verdict(np.zeros(5), np.zeros(5)).verdict is Verdict.PASS
    assert verdict(np.full(5, 1e-3), np.zeros(5)).verdict is Verdict.WRONG  # absolute, with nothing to relate to


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("check", [close(), close("max"), klass()], ids=["l2", "max", "class"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_one_value_that_is_not_finite_is_enough(bad, check, dtype):
    value = np.array([[0.1, 0.2, 0.7]], dtype)
    value[0, 0] = bad
    result = verdict(value, [[0.1, 0.2, 0.7]], check=check)
    assert result.verdict is Verdict.NONFINITE
    assert render(result.why, Lang.EN) == "1 of 3 values are NaN or infinite."


@pytest.mark.parametrize("shape", [(3,), (3, 1), (1, 1, 3), (1, 4), (0,), ()])
@pytest.mark.parametrize("check", [close(), klass()], ids=["close", "class"])
def test_shape_is_not_forgiven(shape, check):
    result = verdict(np.zeros(shape), np.zeros((1, 3)), check=check)
    assert result.verdict is Verdict.SHAPE
    assert f"shape {shape}, expected (1, 3)" in render(result.why, Lang.EN)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "int64", "uint8", "uint64", "bool"])
def test_any_number_type_is_compared_by_value(dtype):
    value = np.array([0, 1, 1, 0], dtype)
    assert verdict(value, [0.0, 1.0, 1.0, 0.0]).verdict is Verdict.PASS
    assert verdict(value, [0.0, 1.0, 1.0, 0.5]).verdict is Verdict.WRONG


def test_unsigned_values_do_not_wrap_around():
    assert verdict(np.array([0], np.uint8), [1.0]).figures["error"] == 1.0


def test_any_of_several_goldens_is_right():
    goldens = [np.array([1.0, 2.0]), np.array([3.0, 4.0])]
    assert verdict([1.0, 2.0], *goldens).verdict is verdict([3.0, 4.0], *goldens).verdict is Verdict.PASS
    mixed = verdict([1.0, 4.0], *goldens)
    assert mixed.verdict is Verdict.WRONG
    assert mixed.figures["error"] == pytest.approx(2 / 5)  # to the nearest of them


def test_values_that_overflow_are_wrong_and_fit_into_json():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for norm in ("l2", "max"):
            result = verdict([1.7e308, 1.0], [-1.7e308, 1.0], check=close(norm))
            assert result.verdict is Verdict.WRONG
            assert json.loads(json.dumps(dict(result.figures), allow_nan=False))["error"] > 0


def test_the_message_says_where_and_how_many():
    golden = np.ones((2, 3))
    value = golden.copy()
    value[1, 2], value[0, 1] = 1.5, 0.75
    result = verdict(value, golden)
    error = math.sqrt(0.5**2 + 0.25**2) / math.sqrt(6)
    assert render(result.why, Lang.EN) == (
        f"Relative error {error:.3g}, allowed 0.0001; 2 of 6 values are off, most at [1, 2]: got 1.5, expected 1."
    )
    mse = (0.5**2 + 0.25**2) / 6
    assert result.figures == {"error": pytest.approx(error), "mse": pytest.approx(mse), "tolerance": 1e-4}
    assert (result.check, result.tier, result.seconds) == ("c", 60, 0.0015)


def test_the_right_numbers_in_another_order_are_called_that():
    golden = np.random.default_rng(1).normal(size=(3, 4, 5))
    other = golden.transpose(2, 1, 0).reshape(3, 4, 5)
    why = verdict(other.astype(np.float32), golden).why
    assert (why.key, why.values["total"]) == ("check.wrong_order", 60)
    other[0, 0, 0] += 0.01
    assert verdict(other, golden).why.key == "check.wrong_at"
    assert verdict(other, golden, seen=HIDDEN).why.key == "check.wrong"


@pytest.mark.parametrize(("error", "decade"), [(0.0, 0.0), (3e-5, 1e-4), (1e-4, 1e-4), (1.01e-4, 1e-3), (7.0, 10.0)])
def test_hidden_goldens_give_the_decade_only(error, decade):
    assert by_decade(error) == pytest.approx(decade, rel=1e-12)


@given(st.floats(1e-300, 1e300))
def test_a_decade_is_the_next_power_of_ten(error):
    # An error that is a power of ten but for the last digit counts as one.
    assert error * (1 - 1e-12) <= by_decade(error) <= 10 * error * (1 + 1e-12)


def test_hidden_goldens_are_nowhere_in_a_result():
    golden = np.array([0.123456789, 0.7654321])
    for value in ([0.1, 0.8], [0.123456, 0.765432]):
        result = verdict(value, golden, seen=HIDDEN)
        said = repr(result) + (render(result.why, Lang.EN) if result.why else "")
        assert "0.12345" not in said
        assert "0.7654" not in said
        assert math.log10(result.figures["error"]).is_integer()


def test_top_class_takes_the_first_of_equals():
    assert top_class(np.array([[0.25, 0.5, 0.25]], np.float32)) == (1, 0.5)
    assert top_class(np.array([0.5, 0.5])) == (0, 0.5)


def test_best_classes_are_those_of_pytorch():
    values = np.random.default_rng(0).random((1, 1000))
    shares, numbers = torch.topk(torch.from_numpy(values[0]), 5)
    assert best(values) == tuple(zip(numbers.tolist(), shares.tolist(), strict=True))
    assert best(np.array([np.nan, 0.5, 0.25, 0.5]), 3) == ((1, 0.5), (3, 0.5), (2, 0.25))
    assert best(np.empty(0)) == ()


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        ([[0.1, 0.6, 0.3]], Verdict.PASS),
        ([[0.0, 0.625, 0.375]], Verdict.PASS),  # within 1/32; the others do not matter
        ([[0.0, 0.64, 0.36]], Verdict.WRONG),
        ([[0.6, 0.1, 0.3]], Verdict.WRONG),  # another class of the same probability
    ],
)
def test_class_and_probability(value, outcome):
    result = verdict(value, [[0.1, 0.6, 0.3]], check=klass(1 / 32))
    assert result.verdict is outcome
    assert result.figures["expected_class"] == 1
    hidden = verdict(value, [[0.1, 0.6, 0.3]], check=klass(1 / 32), seen=HIDDEN)
    assert hidden.verdict is outcome
    assert set(hidden.figures) == {"class", "tolerance"}
    assert "0.6" not in repr(hidden.why)


def test_the_tolerance_of_a_probability_itself_passes():
    assert verdict([0.75, 0.25], [0.5, 0.25], check=klass(0.25)).verdict is Verdict.PASS
    assert verdict([np.nextafter(0.75, 1), 0.2], [0.5, 0.25], check=klass(0.25)).verdict is Verdict.WRONG


def test_a_known_mistake_is_named_by_what_it_gives():
    known = {"half": np.full((2, 3), 0.5), "nan": np.full((2, 3), np.nan), "zero": np.zeros((2, 3)),
             "flat": np.full(6, 0.5)}  # fmt: skip
    check = close(tolerance=1e-3)
    assert mistaken(check, np.full((2, 3), 0.5004, np.float32), known) == "half"
    assert mistaken(check, np.full((2, 3), 0.51), known) is None
    assert mistaken(check, np.zeros((2, 3)), known) == "zero"
    assert mistaken(check, np.full(6, 0.5), known) == "flat"
    assert mistaken(check, np.full((2, 3), 0.5), {}) is None
    # Of two that are as near as the check can tell, the nearer.
    assert mistaken(check, np.full(6, 0.5), {"far": np.full(6, 0.5004), "near": np.full(6, 0.5001)}) == "near"


def test_a_fault_is_the_verdict():
    why = text("fault.exception", type="ValueError", file="a.py", line=3, message="secret 3.14", code="x = 3.14")
    shown = judge(close(), Observation("y", Fault(Verdict.ERROR, why)), [np.zeros(1)], FULL)
    assert (shown.verdict, shown.why) == (Verdict.ERROR, why)
    hidden = judge(close(), Observation("y", Fault(Verdict.ERROR, why)), [np.zeros(1)], HIDDEN)
    said = render(hidden.why, Lang.EN)
    assert "3.14" not in said
    assert said == "ValueError at a.py:3; what it says is hidden."


@pytest.mark.parametrize("lang", list(Lang))
@pytest.mark.parametrize("key", ["exception", "call", "memory", "blank", "process", "exit_said"])
def test_what_is_hidden_leaves_a_whole_sentence(key, lang):
    values = {"type": "Leak314", "file": "a.py", "line": 3, "message": "3.14", "code": "x = 3.14", "asked": "f.g"}
    said = render(told(Fault(Verdict.ERROR, text(f"fault.{key}", **values)), HIDDEN).why, lang)
    assert "3.14" not in said
    assert "314" not in said
    assert "…" not in said
    assert ("f.g" if key == "call" else "a.py:3") in said


def test_told_keeps_what_needs_no_hiding():
    fault = Fault(Verdict.TIMEOUT, text("fault.cpu", limit=20))
    assert told(fault, HIDDEN).why == fault.why
    assert told(fault, FULL) is fault


@pytest.mark.parametrize("value", [None, 3.0, "words"])
def test_what_was_not_fetched_as_an_array_never_passes(value):
    result = judge(close(), Observation("y", value), [np.zeros(1)], FULL)
    assert result.verdict is Verdict.INTERNAL


def test_results_of_many_observations_carry_their_names():
    many = close(observe=("y", "z"), tier=None)
    assert result_id(many, "z") == "c.z"
    assert result_id(close(), "y") == "c"
    left_out = skipped(many, "z", text("check.skipped", en="y", zh="y"))
    assert (left_out.check, left_out.tier, left_out.verdict) == ("c.z", None, Verdict.SKIPPED)


def test_seconds_spell_nothing_out_under_verdict():
    """A hand-in chooses how long it takes: digits of its time could carry what it was sent."""
    told = {
        seen: judge(close(), Observation("y", np.ones(3), cpu_ns=1_234_567_890), [np.ones(3)], seen).seconds
        for seen in (FULL, HIDDEN)
    }
    assert told == {FULL: 1.23456789, HIDDEN: 1.0}
