"""kill -9, SIGTERM and Ctrl-C at random moments: nothing is left, and the next run is as if nothing had been."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from labbench import packs
from labbench.files import write_atomically
from labbench.results import Fault, Verdict
from tests import rig as rigs
from tests.rig import POOLED, layer
from tests.test_cli import RIGHT, alive, descendants, process, start, wait_for

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="looks for processes in /proc")

#: Every run is killed at a moment between its start and this many times its own length.
BEYOND = 1.05


# -- the session and the zygote, while a scenario is walked -------------------------------------------------------


def walk(student, case):
    made = student.layers_2.MaxPoolingLayer(2, 2)
    for i in range(6):
        yield f"output {i}", made.forward(case.arrays["input"])


def victims(rig):
    """The pids of keeper, zygote and sessions at this moment."""
    keeper = rig.workers._zygote and rigs.keeper_pid(rig.workers)
    zygotes = rigs.children(keeper) if keeper else []
    return {
        "keeper": [keeper] if keeper else [],
        "zygote": zygotes,
        "session": [pid for zygote in zygotes for pid in rigs.children(zygote)],
    }


@pytest.mark.parametrize(
    ("whom", "rounds"),
    [("session", 30), *(pytest.param(whom, 8, marks=pytest.mark.slow) for whom in ("zygote", "keeper")),
     *(pytest.param(whom, 60, marks=pytest.mark.slow) for whom in ("session", "zygote", "keeper"))],
)  # fmt: skip
def test_a_killed_session_or_zygote_costs_one_walk(tmp_path, whom, rounds):
    dice = random.Random(f"{whom} {rounds}")
    source = layer("time.sleep(0.01)")
    with rigs.opened(tmp_path) as rig:
        rig.assert_clean()
        before, ended = rigs.descriptors(), 0
        for _ in range(rounds):
            # The zygote is there, so that the moment lies in the walk and not in its start.
            rig.assert_clean()

            def kill():
                for pid in victims(rig)[whom]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGKILL)

            timer = threading.Timer(dice.uniform(0, 0.04), kill)
            timer.start()
            seen = rig.record(source, walk)
            timer.join()
            values = [o.value for o in seen.observations]
            faults = [v for v in [*values, seen.ended] if isinstance(v, Fault)]
            assert all(v.verdict in (Verdict.MEMORY, Verdict.FORBIDDEN) for v in faults), faults
            assert all((v == POOLED).all() for v in values if isinstance(v, np.ndarray))
            assert len(values) == 6 or seen.ended is not None
            ended += bool(faults)
        assert ended > rounds / 5
        rig.assert_clean()
        assert rigs.descriptors() == before


# -- the grader, whatever it does ------------------------------------------------------------------------------------


class Place:
    """Where a command runs: folders of its own for temporary files, results and the cache."""

    def __init__(self, folder):
        self.temporary, self.results, self.cache = folder / "tmp", folder / "results", folder / "cache"
        for made in (self.temporary, self.results, self.cache):
            made.mkdir()
        self.environment = {"TMPDIR": str(self.temporary)}

    def run(self, *arguments):
        """Undisturbed; the seconds it took."""
        began = time.monotonic()
        code, _, err = process(*arguments, environment=self.environment)
        assert code in (0, 4), err
        return time.monotonic() - began

    def disturbed(self, sign, after, *arguments, started_up=False):
        """Send a signal after so many seconds; (exit code, stderr). No process of the run is left.

        A signal between opening something and keeping it leaves that to the garbage collector, which is no mistake.
        """
        started = start(
            *arguments, environment=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True, warnings=("error", "ignore::ResourceWarning"),
        )  # fmt: skip
        try:
            assert not started_up or wait_for(lambda: descendants(started.pid))
            time.sleep(after)
            below = descendants(started.pid)
            started.send_signal(sign)
            _, err = started.communicate(timeout=30)
        finally:
            started.kill()
        assert wait_for(lambda: not any(map(alive, below)) and not rigs.inside(self.temporary), 10)
        return started.returncode, err

    def left(self):
        """Temporary files anywhere, and results that are no whole ones."""
        files = [*self.temporary.iterdir(), *(p for p in self.results.iterdir() if p.name.startswith("."))]
        return [*files, *self.cache.rglob("*.part"), *self.cache.rglob(".labbench-*")]


def verdicts(file):
    """What a scorecard says, without times."""
    card = json.loads(file.read_text(encoding="utf-8"))
    return card["score"], card["ceiling"], {c["id"]: c["verdict"] for c in card["checks"]}


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.fixture
def stubs(tmp_path):
    """A hand-in that is graded in a second or two."""
    assert process("init", "3-1", cwd=tmp_path)[0] == 0
    return tmp_path / "lab3-1"


def scoring(place, submission):
    output = place.results / "card.json"
    return output, ["score", "--lab", "3-1", "--submission", submission, "--format", "json", "--output", output]


def shared_memory():
    return sorted(os.listdir("/dev/shm")) if os.path.isdir("/dev/shm") else []


def survive(place, output, command, dice, rounds, same):
    """kill -9 again and again; then the next run leaves nothing and gives the same."""
    memory = shared_memory()
    length = place.run(*command)
    before = same(output)
    for _ in range(rounds):
        output.unlink() if output.is_file() else shutil.rmtree(output, ignore_errors=True)
        code, _ = place.disturbed(signal.SIGKILL, dice.uniform(0, BEYOND * length), *command)
        assert code in (-signal.SIGKILL, 0, 4)
        if output.exists():
            assert same(output) == before
    output.unlink() if output.is_file() else shutil.rmtree(output, ignore_errors=True)
    place.run(*command)
    assert same(output) == before
    assert place.left() == []
    assert shared_memory() == memory


def test_scoring_survives_kill_9(place, stubs):
    output, command = scoring(place, stubs)
    survive(place, output, command, random.Random(9), 3, verdicts)


@pytest.mark.parametrize(("sign", "expected"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_that_can_be_caught_leaves_nothing_at_all(place, stubs, sign, expected):
    _, command = scoring(place, stubs)
    length, dice = place.run(*command), random.Random(int(sign))
    for _ in range(3):
        # Before the interpreter has loaded labbench, nobody can catch it, and there is nothing to leave.
        code, err = place.disturbed(sign, dice.uniform(0, 0.8 * length), *command, started_up=True)
        assert code in (expected, 0, 4), err
        # Of the interruption itself; a ResourceWarning of what it cut short is no error but in tests.
        assert not any(name in err for name in (b"KeyboardInterrupt", b"Terminated"))
        assert place.left() == []


# -- files that are written again and again ------------------------------------------------------------------------

_WRITER = """
import sys
from pathlib import Path
import numpy as np
from labbench import packs
from labbench.files import write_atomically
from labbench.packs import writing

source, results = Path(sys.argv[1]), Path(sys.argv[2])
manifest = packs.read(source).manifest
arrays = {name: np.load(source / name) for name in manifest.files}
print("ready", flush=True)
while True:
    write_atomically(results / "card", b"whole" * 4_000_000)
    writing.write(results / "pack", manifest, arrays, replace=True)
"""


@pytest.mark.parametrize("rounds", [3, pytest.param(15, marks=pytest.mark.slow)])
def test_results_and_packs_are_whole_whenever_their_writer_is_killed(place, quick, rounds):
    source, dice = quick.pack.path, random.Random(rounds)
    shutil.copytree(source, place.results / "pack")
    for _ in range(rounds):
        command = [sys.executable, "-c", _WRITER, str(source), str(place.results)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(dice.uniform(0, 1))
            writer.kill()
        assert packs.read(place.results / "pack").identity == quick.pack.identity
        card = place.results / "card"
        assert not card.exists() or card.read_bytes() == b"whole" * 4_000_000
    write_atomically(place.results / "card", b"last")
    assert place.left() == []


# -- the same, with real work: minutes -------------------------------------------------------------------------------


@pytest.mark.slow
def test_scoring_right_work_survives_kill_9(place):
    output, command = scoring(place, RIGHT)
    survive(place, output, command, random.Random(1), 3, verdicts)


@pytest.mark.slow
@pytest.mark.parametrize("whom", ["zygote", "session"])
def test_what_is_killed_in_a_grading_costs_its_own_checks(place, whom):
    output, command = scoring(place, RIGHT)
    length, dice = place.run(*command), random.Random(whom)
    score, _, right = verdicts(output)
    assert score > 0
    started = start(*command, environment=place.environment, stderr=subprocess.PIPE)
    time.sleep(dice.uniform(0.3, 0.7) * length)
    below = descendants(started.pid)  # keeper, zygote, session
    assert wait_for(lambda: len(descendants(started.pid)) >= 3)
    below = descendants(started.pid)
    os.kill(below[1 if whom == "zygote" else 2], signal.SIGKILL)
    _, err = started.communicate(timeout=120)
    assert started.returncode == 0, err
    _, _, seen = verdicts(output)
    assert seen.keys() == right.keys()
    lost = [check for check in seen if seen[check] != right[check]]
    assert 0 < len(lost) < len(seen)
    assert {seen[check] for check in lost} <= {"memory", "forbidden", "skipped"}
    assert place.left() == []


@pytest.mark.slow
def test_building_weights_survives_kill_9(place):
    place.environment["LABBENCH_CACHE"] = str(place.cache)
    command = ["weights", "build"]
    length, dice = place.run(*command), random.Random(3)
    whole = {p.relative_to(place.cache): p.stat().st_size for p in place.cache.rglob("*.mat")}
    assert whole
    for _ in range(4):
        shutil.rmtree(place.cache)
        code, _ = place.disturbed(signal.SIGKILL, dice.uniform(0.2, 1) * length, *command)
        assert code in (-signal.SIGKILL, 0)
        place.run(*command)
        assert {p.relative_to(place.cache): p.stat().st_size for p in place.cache.rglob("*.mat")} == whole
        assert place.left() == []


@pytest.mark.slow
def test_building_a_pack_survives_kill_9(place, stubs):
    output = place.results / "pack"
    dice = random.Random(4)
    for after in (dice.uniform(0.5, 5), dice.uniform(5, 20)):
        code, _ = place.disturbed(
            signal.SIGKILL, after, "goldens", "build", "--lab", "3-1", "--seed", "s", "--out", output
        )
        assert code == -signal.SIGKILL
        assert not output.exists()
    _, command = scoring(place, stubs)
    place.run(*command)
    assert place.left() == []


@pytest.mark.slow
def test_a_run_survives_kill_9(place):
    command = ["run", "3-1", "--submission", RIGHT]
    dice = random.Random(5)
    for _ in range(2):
        code, _ = place.disturbed(signal.SIGKILL, dice.uniform(0.5, 12), *command)
        assert code == -signal.SIGKILL
    assert place.disturbed(signal.SIGTERM, dice.uniform(1, 10), *command)[0] == 143
    assert place.left() == []
