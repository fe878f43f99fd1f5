"""The timed duel with real sessions: honest work passes, and no cheat of a single process does."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from labbench.checks.speedup import duels, speedup
from labbench.duel import Plan
from labbench.results import Verdict
from labbench.texts import Lang, render
from tests.dueller import SOURCE, Ring, check, draw, edited
from tests.rig import BEYOND_THE_CORE

#: Enough to pass or fail, and no more.
SHORT = Plan(restarts=2, longer=2, pairs=3)
#: As much work as shows beyond the allowance of processes beside a session's own, on fast machines too.
MUCH = Plan(restarts=2, longer=2, pairs=12)
TITLES = {"speedup": ("faster", "更快"), "forward": ("forward", "前向")}

FORWARD = "return self.fast(x) if self.type else self.loops(x)"
BACKWARD = "return self.fast_back(top) if self.type else self.loops_back(top)"
#: A fast version that is none. A forward pass by loops and a fast backward come to less than 2 × as well, so a cheat
#: with either passes (3 ×) if and only if it works.
SLOW = ((FORWARD, "return self.loops(x)"), (BACKWARD, "return self.loops_back(top)"))
IMPORT = "import numpy as np\n"
LOOPS_IN = "    def loops(self, x):\n        self.x = x\n"


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    return Ring(tmp_path_factory.mktemp("duels"))


def verdict(match, asked=None):
    result = speedup(asked or check(), match, TITLES)
    if result.why is not None:
        assert render(result.why, Lang.ZH)
        assert render(result.why, Lang.EN)
    return result


# -- honest work ------------------------------------------------------------------------------------------------


def test_a_fast_version_passes(ring):
    match = ring.fight(SOURCE, plan=SHORT)
    if verdict(match).verdict is Verdict.INCONCLUSIVE:  # a busy machine decides nothing: once more, as `grade` does
        match = ring.fight(SOURCE, plan=SHORT)
    result = verdict(match)
    assert result.verdict is Verdict.PASS, result
    forward, backward, both = duels(match)
    assert (forward.observation, backward.observation, both.observation) == ("forward", "backward", "forward+backward")
    assert both.design == "2×3"
    assert both.low <= both.ratio <= both.high
    assert both.ratio > 3
    # The times are of one round: the loops' beside the fast one's.
    assert both.baseline_seconds / both.candidate_seconds == pytest.approx(both.ratio, rel=0.5)
    assert both.own_ratio is None or both.own_ratio > 2  # a busy machine has no time for what is only shown


def test_loops_are_not_faster_than_loops(ring):
    match = ring.fight(edited(*SLOW))
    assert verdict(match).verdict is Verdict.WRONG
    (*_, both) = duels(match)
    assert 3 <= both.restarts <= 5  # the longer plan, on a busy machine
    assert both.low < 1.1
    assert both.high > 0.9


def test_a_version_slower_than_the_loops_ends_the_duel_at_once(ring):
    twice = "t = time.process_time() + 0.05\n        while time.process_time() < t: pass\n        return self.loops(x)"
    match = ring.fight(edited((FORWARD, twice)))
    assert verdict(match).verdict is Verdict.WRONG
    assert [len(pairs) for pairs in match.restarts] == [3]


def test_a_requirement_near_the_truth_is_measured_longer_and_stays_undecided(ring):
    plan = Plan(restarts=2, longer=3, pairs=3)
    match = ring.fight(edited(*SLOW), check(required=1.001), plan=plan)
    result = verdict(match, check(required=1.001))
    # In truth 1: below or not to be told, never above.
    assert result.verdict in (Verdict.INCONCLUSIVE, Verdict.WRONG)
    assert len(match.restarts) == 3 or result.verdict is Verdict.WRONG


def test_short_rounds_are_played_on_several_inputs(ring):
    """The baseline has to take no longer than that; so the inputs are counted as they are drawn."""
    drawn = []

    def counting(generator):
        drawn.append(draw(generator))
        return drawn[-1]

    match = ring.fight(SOURCE, plan=dataclasses.replace(SHORT, restarts=1, longer=1), draw=counting)
    pairs = sum(map(len, match.restarts))
    own = 1 + len(match.own)
    assert len(drawn) - 1 - own in {pairs * k for k in (1, 2, 3, 4)}
    inputs = [case.arrays["input"] for case in drawn]
    assert len({x.tobytes() for x in inputs}) == len(drawn)


def test_each_check_counts_its_own_observations(ring):
    forward, both = check("forward", ("forward",)), check()
    match = ring.fight(edited(SLOW[1]), forward, both, plan=SHORT)
    assert verdict(match, forward).verdict is Verdict.PASS
    # A busy machine may leave it open; it must not pass.
    assert verdict(match, both).verdict in {Verdict.WRONG, Verdict.INCONCLUSIVE}


def test_a_baseline_that_fails_is_our_fault(ring):
    match = ring.fight(SOURCE, reference=edited((LOOPS_IN, LOOPS_IN + "        raise ValueError\n")), plan=SHORT)
    assert verdict(match).verdict is Verdict.INTERNAL


# -- cheats: (edits on the source, verdicts) -------------------------------------------------------------------

_PATCHED = "for n in dir(time):\n    if callable(getattr(time, n)):\n        setattr(time, n, lambda *a: 0.0)\n"
_REMEMBER = """
    memory = {}

    def remembered(self, key, work):
        if key not in self.memory:
            self.memory[key] = work()
        return self.memory[key]

    def loops(self, x):
        self.x = x
"""
_THREADS = """
        def half(o):
            part = type(self)(self.k, self.cin, self.cout)
            part.weight = self.weight
            return part.loops(x)
        results = []
        threads = [threading.Thread(target=lambda: results.append(half(0))) for _ in range(1)]
        [t.start() for t in threads]; [t.join() for t in threads]
        self.x = x
        return results[0]
"""
_LATER = """
        y = np.zeros((x.shape[0], self.cout, x.shape[2] - self.k + 1, x.shape[3] - self.k + 1))
        def fill():
            y[...] = self.loops(x)
        threading.Thread(target=fill, daemon=True).start()
        self.x = x
        return y
"""
_LAZY = """
        self.x = x
        class Later:
            dtype, shape, ndim = np.dtype(float), (1,), 1
            def __array__(this, *a, **k): return self.loops(x)
        return Later()
"""
_DISK = """
        self.x = x
        for folder in ("/dev/shm", "/tmp", "/var/tmp", "."):
            name = f"{folder}/cache-{hash(x.tobytes())}.npy"
            try:
                return np.load(name)
            except Exception:
                pass
        y = self.loops(x)
        for folder in ("/dev/shm", "/tmp", "/var/tmp", "."):
            try:
                np.save(f"{folder}/cache-{hash(x.tobytes())}.npy", y)
            except Exception:
                pass
        return y
"""
_EQUAL = """
        self.x = x
        class Yes(np.ndarray):
            def __eq__(self, other): return True
            def __sub__(self, other): return np.zeros(self.shape)
        return np.zeros((1, self.cout, x.shape[2] - self.k + 1, x.shape[3] - self.k + 1)).view(Yes)
"""
_SPIN = "threading.Thread(target=lambda: [None for _ in iter(int, 1)], daemon=True).start()\n"

#: On a machine that is busy enough a short plan cannot tell; in no case does it pass.
SLOWER = {Verdict.WRONG, Verdict.INCONCLUSIVE}
CHEATS = {
    "clocks patched": ((*SLOW, (IMPORT, IMPORT + _PATCHED)), SLOWER),
    "cache by content": (
        (
            (FORWARD, "self.x = x; return self.remembered(x.tobytes(), lambda: self.loops(x))"),
            (LOOPS_IN, _REMEMBER),
        ),
        SLOWER,
    ),
    "cache by shape": (
        (
            (FORWARD, "self.x = x; return self.remembered(x.shape, lambda: self.loops(x))"),
            (LOOPS_IN, _REMEMBER),
        ),
        {Verdict.WRONG},
    ),
    "cache on disk": (((FORWARD, _DISK.strip()),), SLOWER),
    "lazy result": (((FORWARD, _LAZY.strip()),), {Verdict.TYPE, Verdict.SHAPE}),
    "result filled later": (((FORWARD, _LATER.strip()),), {Verdict.WRONG}),
    "thread": (((FORWARD, "if not self.type: return self.loops(x)" + _THREADS),), SLOWER),
    "thread that spins while others are timed": ((*SLOW, (IMPORT, IMPORT + _SPIN)), SLOWER),
    "own loops slowed down": (
        (*SLOW, (LOOPS_IN, LOOPS_IN + "        if not self.type: time.sleep(0.1)\n")),
        SLOWER,
    ),
    "half precision": (
        ((FORWARD, "return self.fast(x.astype(np.float16).astype(float))"),),
        {Verdict.WRONG},
    ),
    "work skipped": (((FORWARD, "y = self.fast(x); y[:, -1] = y[:, 0]; return y"),), {Verdict.WRONG}),
    "right once, then replayed": (
        ((FORWARD, "return self.remembered(0, lambda: self.fast(x))"), (LOOPS_IN, _REMEMBER)),
        {Verdict.WRONG},
    ),
    "NaN": (((FORWARD, "return self.fast(x) * np.nan"),), {Verdict.NONFINITE}),
    "an array that is equal to everything": (((FORWARD, _EQUAL.strip()),), {Verdict.WRONG, Verdict.TYPE}),
    "exit": (((FORWARD, "os._exit(0)"),), {Verdict.ERROR}),
    "hang": (((FORWARD, "while True: pass"),), {Verdict.TIMEOUT}),
    "huge output": (((FORWARD, "return np.zeros((1 << 14, 1 << 10))"),), {Verdict.SHAPE, Verdict.MEMORY}),
    "sleep": (((FORWARD, "time.sleep(0.7); return self.fast(x)"),), {Verdict.WRONG}),
}
#: Nobody's score hangs on these: the full set runs with the slow tests.
QUICK = ("cache by content", "result filled later", "right once, then replayed", "NaN", "exit", "half precision")


def cheat(ring, name, **more):
    edits, allowed = CHEATS[name]
    result = verdict(ring.fight(edited(*edits), plan=SHORT, **more))
    assert result.verdict in allowed, result
    return result


@pytest.mark.parametrize("name", QUICK)
def test_a_cheat_gets_nothing(ring, name):
    cheat(ring, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in CHEATS if n not in QUICK])
def test_another_cheat_gets_nothing(ring, name):
    cheat(ring, name)


def test_changing_the_inputs_changes_nothing(ring):
    spoilt = "y = self.fast(x.copy()); x[...] = 0; self.weight = self.weight.copy(); return y"
    match = ring.fight(edited((FORWARD, spoilt)), plan=SHORT)
    assert verdict(match).verdict is Verdict.PASS


# -- helpers: other processes, where no filter stops them -------------------------------------------------------

_HELPER = """
import pickle, struct

def _serve(ask, tell):
    while True:
        head = os.read(ask, 8)
        if len(head) < 8:
            os._exit(0)
        size, data = struct.unpack("<q", head)[0], b""
        while len(data) < size:
            data += os.read(ask, size - len(data))
        which, k, weight, x, top = pickle.loads(data)
        layer = Convolution(k, weight.shape[0], weight.shape[3])
        layer.weight, layer.x = weight, x
        answer = pickle.dumps(layer.loops(x) if which else layer.loops_back(top))
        os.write(tell, struct.pack("<q", len(answer)))
        while answer:
            answer = answer[os.write(tell, answer):]

_ask, _tell = os.pipe(), os.pipe()
if os.fork() == 0:
    %s
    os.close(_ask[1])
    try:
        _serve(_ask[0], _tell[1])
    finally:
        os._exit(0)
os.close(_ask[0]), os.close(_tell[1])

def helped(*question):
    data = pickle.dumps(question)
    data = struct.pack("<q", len(data)) + data
    while data:
        data = data[os.write(_ask[1], data):]
    size, answer = struct.unpack("<q", os.read(_tell[0], 8))[0], b""
    while len(answer) < size:
        answer += os.read(_tell[0], size - len(answer))
    return pickle.loads(answer)
"""
_BY_HELPER = (
    (FORWARD, "self.x = x; return helped(True, self.k, self.weight, x, None)"),
    (BACKWARD, "return helped(False, self.k, self.weight, self.x, top)"),
)


@pytest.mark.parametrize("how", ["pass", "os.setsid()\n    if os.fork(): os._exit(0)"])
def test_work_in_another_process_is_found_in_the_ledger_of_the_tree(ring, how):
    source = edited(*_BY_HELPER) + _HELPER % how
    match = ring.fight(source, plan=MUCH, isolation={"off": BEYOND_THE_CORE})
    result = verdict(match)
    assert result.verdict is Verdict.FORBIDDEN, result
    assert result.why.key == "duel.hidden"
    assert duels(match) == ()


_BURN = """
        end = time.process_time() + 4 * type * ("burnt" not in globals())  # the helper's own is of type 0
        globals()["burnt"] = True
        while time.process_time() < end: pass
        self.k, self.cin"""


@pytest.mark.slow
def test_seconds_burnt_where_nobody_times_hide_no_helper(ring):
    """Constructing is untimed: what is burnt there makes the whole session's work as large as one likes."""
    source = edited(*_BY_HELPER, ("\n        self.k, self.cin", _BURN)) + _HELPER % "pass"
    match = ring.fight(source, plan=MUCH, isolation={"off": BEYOND_THE_CORE})
    assert verdict(match).verdict is Verdict.FORBIDDEN, verdict(match)


def test_work_while_it_should_stand_still_is_found(ring):
    """A child keeps waking the session, in which a thread goes on."""
    waker = "_me = os.getpid()\nif os.fork() == 0:\n    while True:\n        os.kill(_me, signal.SIGCONT)\n" + _SPIN
    match = ring.fight(edited((IMPORT, IMPORT + waker)), plan=SHORT, isolation={"off": BEYOND_THE_CORE})
    assert verdict(match).verdict in (Verdict.FORBIDDEN, Verdict.WRONG)


def test_no_other_process_where_the_filter_stops_them(ring):
    from labbench.results import Level
    from labbench.worker.zygote import probe

    if probe().level is not Level.STRONG:
        pytest.skip("no filter of system calls here")
    match = ring.fight(edited(*_BY_HELPER) + _HELPER % "pass", plan=SHORT)
    assert verdict(match).verdict is Verdict.ERROR


def test_fresh_cases_are_dense():
    case = draw(np.random.default_rng(1))
    assert all(np.count_nonzero(a) == a.size for a in case.arrays.values())


def test_a_hand_in_cannot_sit_the_duel_out(ring):
    """Undecided is for machines that are too busy; who waits until the plan is over has run out of time."""
    match = ring.fight(edited((FORWARD, "time.sleep(20); return self.fast(x)")), plan=Plan(seconds=18))
    assert verdict(match).verdict is Verdict.TIMEOUT
