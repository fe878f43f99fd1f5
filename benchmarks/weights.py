"""Opening the weights file: the grader's map beside the students' loadmat."""

from __future__ import annotations

import contextlib

import scipy.io

from labbench.vgg import matfile
from labbench.vgg.weights import ensure_synthetic


@contextlib.contextmanager
def benchmarks():
    path = ensure_synthetic().path
    yield [("open the weights", lambda: matfile.open_weights(path), lambda: scipy.io.loadmat(path), "scipy loadmat")]
