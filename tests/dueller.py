"""A tiny lab with a timed convolution, and hand-ins for it: right ones, and source edits that cheat."""

from __future__ import annotations

import contextlib

from labbench.catalogue import Limits, SpeedupCheck, Words
from labbench.duel import Contest, Plan, duel
from labbench.labs import Case
from labbench.results import Disclosure
from labbench.worker.workspace import Workspace
from labbench.worker.zygote import Workers

#: Loops (type 0) and a fast version (type 1) of one convolution and its backward pass.
SOURCE = """
import ctypes, os, signal, sys, threading, time
import numpy as np

class Convolution:
    def __init__(self, kernel, channels_in, channels_out, type=0):
        self.k, self.cin, self.cout, self.type = kernel, channels_in, channels_out, type

    def load_param(self, weight):
        self.weight = weight

    def forward(self, x):
        return self.fast(x) if self.type else self.loops(x)

    def loops(self, x):
        self.x = x
        n, _, h, w = x.shape
        k = self.k
        y = np.zeros((n, self.cout, h - k + 1, w - k + 1))
        for i in range(n):
            for o in range(self.cout):
                for r in range(h - k + 1):
                    for c in range(w - k + 1):
                        y[i, o, r, c] = np.sum(x[i, :, r:r + k, c:c + k] * self.weight[:, :, :, o])
        return y

    def fast(self, x):
        self.x = x
        windows = np.lib.stride_tricks.sliding_window_view(x, (self.k, self.k), axis=(2, 3))
        return np.tensordot(windows, self.weight, axes=((1, 4, 5), (0, 1, 2))).transpose(0, 3, 1, 2)

    def backward(self, top):
        return self.fast_back(top) if self.type else self.loops_back(top)

    def loops_back(self, top):
        k = self.k
        dx = np.zeros(self.x.shape)
        for i in range(top.shape[0]):
            for o in range(self.cout):
                for r in range(top.shape[2]):
                    for c in range(top.shape[3]):
                        dx[i, :, r:r + k, c:c + k] += top[i, o, r, c] * self.weight[:, :, :, o]
        return dx

    def fast_back(self, top):
        dx = np.zeros(self.x.shape)
        for r in range(self.k):
            for c in range(self.k):
                part = np.tensordot(top, self.weight[:, r, c, :], axes=((1,), (1,))).transpose(0, 3, 1, 2)
                dx[:, :, r:r + top.shape[2], c:c + top.shape[3]] += part
        return dx
"""

#: Small enough for tests, large enough to outweigh the cost of a message.
CHANNELS, HEIGHT, WIDTH, KERNEL = 12, 10, 14, 3
LIMITS = Limits(cpu_seconds=10, memory_mib=512, output_mib=1)
TITLE = Words(en="faster", zh="更快")


def edited(*edits):
    """The source with each (old, new) made; every old stands there once."""
    source = SOURCE
    for old, new in edits:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source


def draw(generator):
    return Case(
        "fresh",
        {"kernel": KERNEL, "channels": CHANNELS},
        {
            "weight": generator.standard_normal((CHANNELS, KERNEL, KERNEL, CHANNELS)),
            "input": generator.standard_normal((1, CHANNELS, HEIGHT, WIDTH)),
            "top": generator.standard_normal((1, CHANNELS, HEIGHT - KERNEL + 1, WIDTH - KERNEL + 1)),
        },
    )


def conv_duel(student, case):
    channels = case.params["channels"]
    layer = student.layers_2.Convolution(case.params["kernel"], channels, channels, case.params["type"])
    yield "ready", None
    layer.load_param(case.arrays["weight"])
    yield "forward", layer.forward(case.arrays["input"])
    yield "backward", layer.backward(case.arrays["top"])


def check(name="speedup", observe=("forward", "backward"), required=3.0, tier=100, **more):
    return SpeedupCheck(
        id=name, title=TITLE, scenario="conv_duel", tier=tier, observe=observe, norm="l2", tolerance=1e-4,
        required=required, **more,
    )  # fmt: skip


class Ring:
    """Where duels take place: folders for both sides."""

    def __init__(self, folder):
        self.folder = folder
        self._count = 0

    def _package(self, source):
        self._count += 1
        package = self.folder / str(self._count) / "stu_upload"
        package.mkdir(parents=True)
        (package / "layers_2.py").write_text(source, encoding="utf-8")
        return package

    def fight(self, source, *checks, plan=Plan(), reference=SOURCE, isolation=None, draw=draw, **more):  # noqa: B008
        with contextlib.ExitStack() as stack:
            ours, theirs = (stack.enter_context(Workspace(self._package(s), {})).code for s in (reference, source))
            contest = Contest(
                scenario="conv_duel",
                walk=conv_duel,
                draw=draw,
                checks=checks or (check(),),
                reference=ours,
                candidate=theirs,
                limits=LIMITS,
                disclosure=Disclosure.FULL,
                workers=lambda: Workers(isolation),
                **more,
            )
            return duel(contest, plan)
