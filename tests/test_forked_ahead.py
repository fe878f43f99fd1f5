"""Sessions that are forked before they are asked for: as good as any other, and never left behind."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import signal
from pathlib import Path

import pytest

from labbench.catalogue import Limits
from labbench.errors import LabbenchError
from labbench.results import Fault, Level
from labbench.worker.process import ended
from labbench.worker.remote import fetch_plain, root
from labbench.worker.zygote import Workers
from tests import rig as rigs

SOURCE = """
import random
_count = 0

def count():
    global _count
    _count += 1
    return float(_count)

def drawn():
    return random.random()
"""


@pytest.fixture
def rig(tmp_path):
    with rigs.opened(tmp_path) as opened:
        yield opened


def present(rig):
    """The pids of the sessions there are, dead ones that nobody reaped included."""
    return {int(pid) for pid in rigs.children(rigs.zygote_pid(rig.workers))}


def asked(session):
    """What the hand-in counts in this session: 1 if it has been asked nothing yet."""
    return fetch_plain(root(session).layers_2.count())


def ahead(rig, code, limits=rigs.LIMITS):
    """The pid of the session that stands ready, after two alike and one answer."""
    for _ in range(2):
        with rig.workers.session(code, limits) as session:
            assert asked(session) == 1
    (pid,) = present(rig)
    return pid


def test_the_third_alike_was_there_before_it_was_asked_for(rig):
    with rig.workspace(SOURCE) as workspace:
        expected = ahead(rig, workspace.code)
        for _ in range(3):
            with rig.workers.session(workspace.code, rigs.LIMITS) as session:
                assert session.pid == expected
                assert [asked(session), asked(session)] == [1, 2]
                assert session.startup_ns > 0
            (expected,) = present(rig)


def test_one_alone_or_two_that_differ_are_not_followed_by_another(rig):
    other = Limits(cpu_seconds=2, memory_mib=256)
    with rig.workspace(SOURCE) as workspace:
        for limits in (rigs.LIMITS, other, rigs.LIMITS):
            with rig.workers.session(workspace.code, limits) as session:
                assert asked(session) == 1
            assert present(rig) == set()


@pytest.mark.parametrize("what", ["another hand-in", "another limit"])
def test_one_that_is_not_wanted_ends(rig, what):
    with rig.workspace(SOURCE) as workspace, rig.workspace(SOURCE) as second:
        unwanted = ahead(rig, workspace.code)
        code = second.code if what == "another hand-in" else workspace.code
        limits = rigs.LIMITS if what == "another hand-in" else Limits(cpu_seconds=2, memory_mib=256)
        with rig.workers.session(code, limits) as session:
            assert present(rig) == {session.pid} != {unwanted}
            assert asked(session) == 1


def test_one_that_somebody_killed_is_not_handed_out(rig):
    with rig.workspace(SOURCE) as workspace:
        os.kill(killed := ahead(rig, workspace.code), signal.SIGKILL)
        assert ended(killed)
        with rig.workers.session(workspace.code, rigs.LIMITS) as session:
            assert session.pid != killed
            assert asked(session) == 1


def test_all_draw_the_same_random_numbers(rig):
    with rig.workspace(SOURCE) as workspace:
        drawn = []
        for _ in range(4):
            with rig.workers.session(workspace.code, rigs.LIMITS) as session:
                drawn.append(fetch_plain(root(session).layers_2.drawn()))
    assert len(set(drawn)) == 1


def test_its_layers_are_on_before_it_is_handed_out(tmp_path):
    with Workers() as workers, contextlib.ExitStack() as stack:
        if workers.isolation.level is not Level.STRONG:
            pytest.skip("no filter of system calls here")
        rig = rigs.Rig(workers, tmp_path)
        code = stack.enter_context(rig.workspace(SOURCE)).code
        said = Path(f"/proc/{ahead(rig, code)}/status").read_text()
    assert re.search(r"^Seccomp:\s+2$", said, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s+1$", said, re.MULTILINE)


def test_a_layer_that_fails_ahead_is_an_error_when_it_is_asked_for(rig, monkeypatch):
    with rig.workspace(SOURCE) as workspace:
        ahead(rig, workspace.code)
        monkeypatch.setitem(rig.workers._zygote._ahead.answer, "failed", "seccomp: EPERM")
        for _ in range(2):
            with pytest.raises(LabbenchError, match="seccomp: EPERM"):
                rig.workers.session(workspace.code, rigs.LIMITS)


def test_many_sessions_leave_no_descriptor_and_no_process(tmp_path):
    before = rigs.descriptors()
    with rigs.opened(tmp_path) as rig, rig.workspace(SOURCE) as workspace:
        counts = set()
        for _ in range(6):
            with rig.workers.session(workspace.code, rigs.LIMITS) as session:
                assert asked(session) == 1
            counts.add(rigs.descriptors())
        assert max(counts) - min(counts) <= 3  # the one that stands ready
        pids = {*present(rig), rigs.zygote_pid(rig.workers), rigs.keeper_pid(rig.workers)}
    gc.collect()
    assert rigs.descriptors() == before
    assert not [pid for pid in pids if rigs.alive(pid)]


def test_after_the_zygote_was_killed_the_next_session_is_a_new_ones(rig):
    with rig.workspace(SOURCE) as workspace:
        lost = ahead(rig, workspace.code)
        before = rigs.descriptors() - 3
        with rig.workers.session(workspace.code, rigs.LIMITS) as session:
            assert session.pid == lost
            os.kill(rigs.zygote_pid(rig.workers), signal.SIGKILL)
            assert ended(session.pid)
            with pytest.raises(Fault):
                asked(session)
        with rig.workers.session(workspace.code, rigs.LIMITS) as session:
            assert asked(session) == 1
        gc.collect()
        assert rigs.descriptors() == before
