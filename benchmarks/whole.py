"""A whole quick score of the reference of lab 3-1, with the sandbox on and off."""

from __future__ import annotations

import contextlib
import functools
from unittest import mock

from benchmarks.sessions import LAYERS
from labbench import grading, task
from labbench.lab3_1 import LAB
from labbench.results import Profile
from labbench.worker.zygote import Workers
from tests.rig import graded


@contextlib.contextmanager
def benchmarks():
    lab = task.prepare("3-1", Profile.QUICK)

    def score():
        assert graded(lab, LAB.reference).score == 100

    def unguarded():
        with mock.patch.object(grading, "Workers", functools.partial(Workers, {"off": LAYERS})):
            score()

    yield [("whole quick score, lab 3-1", score, unguarded, "sandbox off", 3)]
