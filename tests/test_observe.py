"""Walking scenarios: observations, corrections, ends, retries."""

from __future__ import annotations

import numpy as np
import pytest

from labbench.observe import record
from labbench.results import Fault, Verdict
from labbench.worker.remote import Spec, attempt
from tests import rig as rigs
from tests.rig import layer, shapes_only

_STEPS = """
import os, time
import numpy as np
def start(): return np.zeros(3)
def up(x): return x + 1
def down(x): return x - 1
def boom(x): raise ValueError("boom")
def die(x): os._exit(0)
def spin(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return np.ones(1)
def none(): return None
def nan(): return np.array([1.0, np.nan, np.inf])
"""


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with rigs.opened(tmp_path_factory.mktemp("handins")) as rig:
        yield rig
        rig.assert_clean()


def chain(*names):
    """Function after function on the value before it, or on the correction."""

    def scenario(student, case):
        current = student.layers_2.start()
        for name in names:
            output = attempt(getattr(student.layers_2, name), current)
            right = yield name, output
            current = output if right is None else right

    return scenario


def values(seen):
    return {o.name: o.value for o in seen.observations}


def test_observations_in_their_order(rig):
    seen = rig.record(_STEPS, chain("up", "down"))
    assert [o.name for o in seen.observations] == ["up", "down"]
    np.testing.assert_array_equal(values(seen)["up"], np.ones(3))
    np.testing.assert_array_equal(values(seen)["down"], np.zeros(3))
    assert seen.ended is None
    assert (seen.scenario, seen.case) == ("scenario", "case")
    assert all(o.shape == (3,) and o.wall_ns > 0 and o.cpu_ns > 0 for o in seen.observations)


def test_shapes_only(rig):
    seen = rig.record(_STEPS, chain("up"), wanted=shapes_only)
    assert seen.observations[0].value is None
    assert seen.observations[0].shape == (3,)


def test_each_observation_has_its_own_spec(rig):
    wanted = {"up": Spec(shape=(4,)), "down": None}
    seen = rig.record(_STEPS, chain("up", "down"), wanted=wanted.get)
    assert values(seen)["up"].verdict is Verdict.SHAPE
    assert values(seen)["down"] is None


def test_the_walk_goes_on_from_the_correction(rig):
    def correct(seen):
        return np.full(3, 10.0) if seen.name == "up" else None

    seen = rig.record(_STEPS, chain("up", "down"), correct=correct)
    np.testing.assert_array_equal(values(seen)["up"], np.ones(3))  # what the hand-in said
    np.testing.assert_array_equal(values(seen)["down"], np.full(3, 9.0))


def test_the_walk_goes_on_after_a_corrected_fault(rig):
    seen = rig.record(_STEPS, chain("boom", "up"), correct=lambda o: np.ones(2) if o.name == "boom" else None)
    assert values(seen)["boom"].why.key == "fault.exception"
    np.testing.assert_array_equal(values(seen)["up"], np.full(2, 2.0))
    assert seen.ended is None


def test_what_depends_on_a_fault_carries_it(rig):
    seen = rig.record(_STEPS, chain("boom", "up", "down"))
    faults = list(values(seen).values())
    assert len(faults) == 3
    assert faults[0] is faults[1] is faults[2]


def test_after_its_death_every_request_gives_the_reason(rig):
    seen = rig.record(_STEPS, chain("up", "die", "up"), correct=lambda o: np.ones(2))
    first, second, third = (o.value for o in seen.observations)
    assert isinstance(first, np.ndarray)
    assert second.why.key == "fault.ended"
    assert third is second


def test_end_that_was_not_observed(rig):
    def scenario(student, case):
        yield "first", student.layers_2.start()
        student.layers_2.boom(1)
        yield "second", student.layers_2.start()

    seen = rig.record(_STEPS, scenario)
    assert [o.name for o in seen.observations] == ["first"]
    assert seen.ended.why.key == "fault.exception"


def test_end_for_want_of_an_observed_value_is_that_fault(rig):
    def scenario(student, case):
        fault = attempt(student.layers_2.boom, 1)
        yield "first", fault
        yield "second", student.layers_2.up(fault)

    seen = rig.record(_STEPS, scenario)
    assert len(seen.observations) == 1
    assert seen.ended is seen.observations[0].value


def test_none_and_nan_reach_the_judge_as_what_they_are(rig):
    def scenario(student, case):
        yield "none", student.layers_2.none()
        yield "nan", student.layers_2.nan()

    seen = values(rig.record(_STEPS, scenario))
    assert seen["none"].why.key == "fault.none"
    np.testing.assert_array_equal(seen["nan"], [1.0, np.nan, np.inf])


def test_cpu_time_goes_to_the_observation_it_led_to(rig):
    def scenario(student, case):
        yield "quick", student.layers_2.start()
        student.layers_2.spin(0.15)
        yield "slow", student.layers_2.spin(0.15)
        yield "last", student.layers_2.start()

    quick, slow, last = (o.cpu_ns / 1e9 for o in rig.record(_STEPS, scenario).observations)
    assert 0.3 <= slow < 0.4
    assert quick < 0.1
    assert last < 0.05


def test_what_stands_before_a_step_without_a_value_is_not_timed(rig):
    def scenario(student, case):
        student.layers_2.spin(0.15)
        yield "ready", None
        yield "last", student.layers_2.start()

    (last,) = rig.record(_STEPS, scenario).observations
    assert last.name == "last"
    assert last.cpu_ns / 1e9 < 0.05


def test_observations_are_told_as_they_come(rig):
    told = []
    seen = rig.record(_STEPS, chain("up", "boom"), on_observation=told.append)
    assert tuple(told) == seen.observations


class _Counting:
    def __init__(self, workers):
        self.workers, self.sessions = workers, 0

    def session(self, *args, **options):
        self.sessions += 1
        return self.workers.session(*args, **options)


@pytest.mark.parametrize(("retry", "sessions"), [(True, 2), (False, 1)])
def test_a_timeout_is_tried_once_more(rig, retry, sessions):
    def scenario(student, case):
        yield "slow", student.layers_2.spin(9)

    counting = _Counting(rig.workers)
    with rig.workspace(_STEPS) as workspace:
        setting = rigs.Setting(counting, workspace.code, rigs.LIMITS, retry)
        seen = record(setting, ("scenario", scenario), rigs.POOL)
    assert counting.sessions == sessions
    assert seen.timed_out
    assert isinstance(seen.ended, Fault)
    assert seen.ended.verdict is Verdict.TIMEOUT


def test_a_second_try_changes_nothing_that_came_in_time(rig):
    """A wrong answer is followed by the right one, for the walk to go on from: the hand-in may not give it then."""
    tries = []

    def scenario(student, case):
        tries.append(1)
        yield "first", student.layers_2.up(len(tries))
        yield "second", student.layers_2.spin(9 if len(tries) == 1 else 0.01)

    with rig.workspace(_STEPS) as workspace:
        seen = record(rigs.Setting(rig.workers, workspace.code, rigs.LIMITS), ("scenario", scenario), rigs.POOL)
    assert len(tries) == 2
    assert not seen.timed_out
    assert [o.name for o in seen.observations] == ["first", "second"]
    assert seen.observations[0].value == 2  # what the first try gave for 1


def test_other_faults_are_not_tried_again(rig):
    counting = _Counting(rig.workers)
    with rig.workspace(layer("os._exit(1)")) as workspace:
        setting = rigs.Setting(counting, workspace.code, rigs.LIMITS)
        assert not record(setting, ("scenario", rigs.scenarios.pool), rigs.POOL).timed_out
    assert counting.sessions == 1
