"""A hostile session: a process that says anything at all at the other end of a real socket.

Whatever it says, a request ends, in time, in a Fault with one of a session's verdicts, or in a value that fits its spec
and consists of bytes that were sent; the grader holds no more descriptors and hardly more memory than before; and the
next honest session gives the right values.
"""

from __future__ import annotations

import collections
import contextlib
import json
import math
import os
import random
import resource
import struct
import time

import numpy as np
import pytest

from labbench.results import Fault, Verdict
from labbench.worker import session as session_module
from labbench.worker.inside import wire
from labbench.worker.remote import Spec, fetch, fetch_plain, root, shape_of
from tests import rig as rigs
from tests.rig import said

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="sessions are forks")

#: Answers each request but one honestly: to the one after `plan` it says what it was told to, and then does it.
PUPPET = """
import array, os, socket, stat, threading, time
import numpy as np
import labbench_inside.wire as wire

value = np.arange(6, dtype=np.float32).reshape(2, 3)
honest, planned = wire.pack, []
fd = next(n for n in range(3, 64) if os.path.exists(f"/proc/self/fd/{n}") and stat.S_ISSOCK(os.stat(n).st_mode))
link = socket.socket(fileno=os.dup(fd))

def identity():
    return value

def plan(reply, then):
    planned[:] = [bytes(reply), then, "announced"]

def later(reply):
    time.sleep(0.001)
    link.sendall(reply)

def pack(header, arrays=()):
    if len(planned) != 2:
        del planned[2:]
        return honest(header, arrays)
    reply, then = planned
    planned.clear()
    if then == "descriptors":
        fds = array.array("i", [0, 1, 2] * 5)
        link.sendmsg([reply], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
        return []
    if then == "late":
        threading.Thread(target=later, args=(reply,)).start()
        return [reply]
    if then == "honest too":
        return [reply, *honest(header, arrays)]
    link.sendall(reply * (2 if then == "twice" else 1))
    if then == "silence":
        while True: time.sleep(60)
    if then == "exit": os._exit(0)
    if then == "die": os.kill(os.getpid(), 9)
    if then == "close":
        os.closerange(3, 64)
        while True: time.sleep(60)
    if then == "deaf": link.shutdown(socket.SHUT_RD)
    if then == "dumb": link.shutdown(socket.SHUT_WR)
    return []

wire.pack = pack
"""
LIMIT = 4096
ASK = {
    "call": lambda m: m.identity(),
    "fetch": lambda m: fetch(m.value, Spec(limit=LIMIT)),
    "fetch of a shape": lambda m: fetch(m.value, Spec((2, 3), LIMIT)),
    "look": lambda m: shape_of(m.value),
    "plain": lambda m: fetch_plain(m.value),
}
#: The keys of an honest answer, more or less.
ANSWERS = {
    "call": ["handle"],
    "fetch": ["array", "arrays"],
    "fetch of a shape": ["array", "arrays"],
    "look": ["seen"],
    "plain": ["plain", "used"],
}
ENDS = ["exit", "die", "close", "dumb"]
THEN = ["twice", "late", "honest too", "descriptors", "deaf", *ENDS]
#: What a session can be charged with. Never PASS, of course; and never INTERNAL: its deeds are not our fault.
CHARGES = {Verdict.FORBIDDEN, Verdict.TYPE, Verdict.SHAPE, Verdict.OUTPUT, Verdict.ERROR, Verdict.NOT_IMPLEMENTED,
           Verdict.MEMORY, Verdict.TIMEOUT}  # fmt: skip
EVIL_TEXTS = ["", "\x1b[2J", "::error file=x::pass", "##[group]", "\ud800", "\u202e", "layers_2.py", "{score}", "PASS",
              "x" * 20_000, "\n" * 1000, "中" * 5000, "float32", "object", "ndarray", "NoneType"]  # fmt: skip
EVIL_NUMBERS = [0, 1, -1, 2, 3, 9, 1 << 31, 1 << 40, 1 << 63, -(1 << 63), 10**400, 0.5, 1e308, float("nan"),
                float("inf"), True]  # fmt: skip
KEYS = ["handle", "array", "arrays", "seen", "plain", "used", "fault", "score", "op", "drop"]
FAULT_KEYS = ["kind", "type", "message", "file", "line", "code", "owner", "missing", "nearest"]
KINDS = ["blank", "memory", "exit", "missing", "no_module", "exception", "pass"]


class Liar:
    """Hostile replies from a seed."""

    def __init__(self, seed):
        self.dice = random.Random(seed)

    def plain(self, depth=3):
        """Any value that JSON has."""
        kind = self.dice.randrange(7 if depth else 4)
        match kind:
            case 0 | 1:
                return self.dice.choice(EVIL_TEXTS)
            case 2 | 3:
                return self.dice.choice([*EVIL_NUMBERS, None])
            case 4 | 5:
                return [self.plain(depth - 1) for _ in range(self.dice.randrange(4))]
        return {self.dice.choice([*KEYS, *FAULT_KEYS]): self.plain(depth - 1) for _ in range(self.dice.randrange(3))}

    def shape(self):
        if self.dice.random() < 0.4:
            return [2, 3]
        return [self.dice.choice([2, 3, 0, 1, -1, 64, *EVIL_NUMBERS]) for _ in range(self.dice.randrange(10))]

    def announcement(self):
        return [self.dice.choice([*sorted(wire.DTYPES), "float32", "object", "U4", ">f4", None]), self.shape()]

    def field(self, key):
        """A value that is nearly one for this key."""
        if self.dice.random() < 0.2:
            return self.plain()
        match key:
            case "handle":
                return self.dice.choice(EVIL_NUMBERS)
            case "array":
                return True
            case "arrays":
                return [self.announcement() for _ in range(self.dice.choice([1, 1, 1, 1, 0, 2, 50]))]
            case "seen":
                return [self.dice.choice(["ndarray", *EVIL_TEXTS]), self.dice.choice(["float32", *EVIL_TEXTS]),
                        self.shape()]  # fmt: skip
            case "used":
                return self.dice.choice([[self.plain(1), self.plain(1)], ["np.float"] * 2000])
            case "fault":
                chosen = self.dice.sample(FAULT_KEYS, self.dice.randrange(len(FAULT_KEYS)))
                return {"kind": self.dice.choice(KINDS), **{k: self.plain(1) for k in chosen}}
        return self.plain()

    def frame(self, ask):
        """A frame in the right form, whose arrays may have too many or too few bytes."""
        others = [["seen"], ["fault"], self.dice.sample(KEYS, 4)]
        keys = ANSWERS[ask] if self.dice.random() < 0.6 else self.dice.choice(others)
        header = {key: self.field(key) for key in keys}
        body = json.dumps(header).encode()
        size = sum(np.dtype(d).itemsize * math.prod(s) for d, s in _announced(header))
        size = max(0, min(size, 2 * LIMIT) + self.dice.choice([0] * 30 + [1, -1, 64, -64]))
        return struct.pack("<I", len(body)) + body + self.dice.randbytes(size)

    def huge(self, _ask):
        """As much as a header may hold, and more."""
        pieces = [b"[" * 200_000, b'{"a":' * 100_000, b"[" + b"{}," * 300_000 + b"{}]", b"9" * 100_000,
                  b'{"handle":' + b"9" * 5000 + b"}", b'{"used":[' + b"0," * 400_000 + b"0]}",
                  b'{"fault":{"message":"' + b"\\ud800" * 100_000 + b'"}}',
                  b'{"arrays":[' + b'["bool",[1]],' * 60_000 + b'["bool",[1]]],"array":1}',
                  b'{"seen":["ndarray","float32",[' + b"1," * 400_000 + b"1]]}"]  # fmt: skip
        body = self.dice.choice(pieces)
        return struct.pack("<I", self.dice.choice([len(body), len(body), 1 << 31, 0])) + body

    def mutated(self, ask):
        """A frame with some bytes changed, its length more often than others."""
        data = bytearray(self.frame(ask))
        for _ in range(self.dice.choice([1, 1, 2, 8])):
            data[self.dice.randrange(self.dice.choice([4, len(data)]))] = self.dice.randrange(256)
        return bytes(data)

    def cut(self, ask):
        whole = self.frame(ask)
        return whole[: self.dice.randrange(len(whole))]

    def noise(self, _ask):
        return self.dice.randbytes(self.dice.randrange(200))

    def reply(self, ask):
        """What it says, and what it does then: what may be half a reply must not end in a wait each time."""
        kind = self.dice.choices(["frame", "mutated", "huge", "cut", "noise"], [84, 6, 2, 3, 5])[0]
        said = getattr(self, kind)(ask)
        if self.dice.random() < 0.003:
            return said, "silence"
        if kind == "frame" and self.dice.random() < 0.9:
            return said, ""
        return said, self.dice.choice(THEN if kind == "frame" else ENDS)


def _announced(header):
    try:
        return wire.announced(header)
    except wire.WireError:
        return []


def check_value(ask, got, sent):
    """A value fits its spec, and an array has no byte that was not sent."""
    match ask:
        case "look":
            assert type(got) is tuple
            assert all(type(n) is int and 0 <= n < 1 << 63 for n in got)
            assert len(got) <= wire.MAX_NDIM
        case "plain":
            texts = got if isinstance(got, list) else [got] if isinstance(got, str) else []
            assert type(got) in (float, str, list)
            assert all(type(t) is str and len(t) <= 300 and (t.isprintable() or not t) for t in texts)
        case "fetch" | "fetch of a shape":
            assert type(got) is np.ndarray
            assert got.dtype.name in wire.DTYPES
            assert got.dtype.isnative
            assert got.flags.c_contiguous
            assert got.nbytes <= LIMIT
            assert got.shape == (2, 3) or ask == "fetch"
            assert got.dtype == np.bool_ or None in sent or any(got.tobytes() in data for data in sent)


def answer(module, ask, data, then):
    """The value or the Fault that a request ends in."""
    try:
        module.plan(np.frombuffer(data, np.uint8), then)
        return ASK[ask](module)
    except Fault as fault:
        return fault


def storm(rig, seed, count):
    """Send `count` hostile replies; how many requests ended in which way."""
    liar, ends = Liar(seed), collections.Counter()
    while ends.total() < count:
        with contextlib.ExitStack() as stack:
            session = rig.session(stack, PUPPET)
            module, sent = root(session).layers_2, [np.arange(6, dtype=np.float32).tobytes()]
            while session.end is None and ends.total() < count:
                ask = liar.dice.choice(sorted(ASK))
                data, then = liar.reply(ask)
                # Twice, as it may be said; what follows too short an array may be the start of an honest answer.
                sent.append(data * 2 if then != "honest too" else None)
                started = time.monotonic()
                got = answer(module, ask, data, then)
                if isinstance(got, Fault):
                    assert got.verdict in CHARGES, (got, data[:300])
                    assert said(got).isprintable()
                    assert len(said(got)) < 1500
                    ends[got.verdict] += 1
                else:
                    check_value(ask, got, sent)
                    ends["value"] += 1
                assert time.monotonic() - started < 5, (ask, then, data[:300])
    return ends


@pytest.fixture
def rig(tmp_path):
    with rigs.opened(tmp_path) as rig:
        rig.assert_clean()
        before = rigs.descriptors()
        yield rig
        rig.assert_clean()
        assert rigs.descriptors() == before


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize(("seed", "count"), [(1, 150), pytest.param(2, 4000, marks=pytest.mark.slow)])
def test_a_storm_of_hostile_replies(rig, monkeypatch, seed, count):
    with monkeypatch.context() as patch:
        # A guard against waiting that is worth seconds here, not minutes: the true one is 3 × CPU + 5 s.
        true = session_module.timing.wall_ns
        patch.setattr(session_module.timing, "wall_ns", lambda: 20 * true())
        storm(rig, -seed, 150)
        before = peak_mib()
        ends = storm(rig, seed, count)
    assert peak_mib() - before < 48
    # All kinds were met, so that this is a test of more than the length prefix.
    assert ends["value"] > count / 20
    assert ends[Verdict.FORBIDDEN] > count / 10
    assert ends.keys() >= {Verdict.ERROR, Verdict.TYPE, Verdict.MEMORY, Verdict.NOT_IMPLEMENTED}
