"""`labbench grade` with real jobs: killed anywhere and gone on with, it ends as if nobody had touched it."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from labbench import resources
from tests import rig as rigs
from tests.test_cli import alive, descendants, start, wait_for

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="looks for processes in /proc")

ROOT = resources.PACKAGE.parent
#: Named, so that nobody waits for a fresh one.
PACK = resources.practice_pack("lab3_1")
#: A hand-in may do as it likes with what it is given; none of it may cost another anything.
HOSTILE = {
    "exits": "import os; os._exit(0)",
    "crashes": "import ctypes; ctypes.string_at(0)",
    "floods": "while True: print('x' * 100000)",
    "eats": "x = [bytearray(1 << 24) for _ in range(10000)]",
    "forks": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "kills": "import os, signal; os.kill(os.getppid(), signal.SIGKILL)",
    "hangs": "while True: pass",
    "fills": "f = open('big', 'wb')\nwhile True: f.write(bytes(1 << 24))",
}


def hand_in(folder, source, mark):
    """A copy that differs from others by a comment."""
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__", "*.md"))
    (file,) = folder.rglob("layers_1.py")
    file.chmod(0o644)
    file.write_text(file.read_text(encoding="utf-8") + f"# {mark}\n", encoding="utf-8")
    return file


class Class:
    """A folder of hand-ins, and gradebooks of it."""

    def __init__(self, path):
        self.path, self.folder, self.temporary = path, path / "in", path / "tmp"
        self.folder.mkdir()
        self.temporary.mkdir()
        self.environment = {"TMPDIR": str(self.temporary)}

    def command(self, out, *more):
        return ["grade", self.folder, "--lab", "3-1", "--pack", PACK, "--out", self.path / out, "--jobs", "2", *more]

    def grade(self, out, *more):
        started = start(*self.command(out, *more), environment=self.environment, stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE)  # fmt: skip
        said, err = started.communicate(timeout=1500)
        assert started.returncode in (0, 4), err
        assert not rigs.inside(self.temporary)
        return started.returncode, said.decode()

    def killed(self, out, after, whom=lambda pid: [pid]):
        """kill -9 after so many seconds; nothing of the run is left running."""
        started = start(*self.command(out), environment=self.environment, stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE, start_new_session=True)  # fmt: skip
        try:
            time.sleep(after)
            below = descendants(started.pid)
            for pid in whom(started.pid):
                os.kill(pid, signal.SIGKILL)
            started.kill()
            started.communicate(timeout=30)
        finally:
            started.kill()
        assert wait_for(lambda: not any(map(alive, below)), 30)

    def book(self, out):
        """What the gradebook says, without times."""
        read = json.loads((self.path / out / "gradebook.json").read_text(encoding="utf-8"))
        return {row["student"]["id"]: self.row(row, self.path / out) for row in read["rows"]}

    def row(self, row, out):
        card = row["scorecard"] and json.loads((out / row["scorecard"]).read_text(encoding="utf-8"))
        checks = card and {c["id"]: (c["verdict"], c["why"] and c["why"]["key"]) for c in card["checks"]}
        return row["state"], row["grade"], row["handin"], row["others"], row["why"], checks

    def journal(self, out):
        return [json.loads(line) for line in (self.path / out / "journal.jsonl").read_bytes().splitlines()]


def places(journal):
    """Every part that was graded, as often as it was."""
    return Counter(
        (entry["key"], part["scenario"], part["case"])
        for entry in journal
        if entry["kind"] == "pieces"
        for part in entry["pieces"]["parts"]
    )


def survive(pupils, rounds, dice):
    """Killed again and again at random moments; the undisturbed run is the oracle."""
    began = time.monotonic()
    code, _ = pupils.grade("calm")
    length = time.monotonic() - began
    calm = pupils.book("calm")
    for _ in range(rounds):
        pupils.killed("stormy", dice.uniform(0, length))
    assert pupils.grade("stormy")[0] == code
    assert pupils.book("stormy") == calm
    assert set(places(pupils.journal("stormy")).values()) == {1}  # nothing that was finished was done again
    assert not [p for p in pupils.temporary.iterdir() if not p.name.startswith(".labbench-")]


@pytest.fixture
def pupils(tmp_path):
    return Class(tmp_path)


def test_a_class_killed_and_gone_on_with_ends_as_if_nobody_had_touched_it(pupils):
    for mark in ("ann", "bob"):
        hand_in(pupils.folder / mark, resources.template("lab3_1"), mark)
    (pupils.folder / "dan.zip").write_bytes(b"no archive")
    survive(pupils, 1, random.Random(7))


@pytest.mark.slow
def test_a_class_of_all_kinds_killed_and_gone_on_with(pupils):
    hand_in(pupils.folder / "ann", ROOT / "examples" / "lab3_1_right", "ann")
    hand_in(pupils.folder / "bob", ROOT / "examples" / "lab3_1_mistake", "bob")
    for mark in ("exits", "crashes", "kills"):
        file = hand_in(pupils.folder / mark, resources.template("lab3_1"), mark)
        file.write_text(HOSTILE[mark] + "\n")
    survive(pupils, 6, random.Random(8))


@pytest.mark.slow
@pytest.mark.parametrize("whom", ["gradebook.job", "zygote.py"])
def test_a_kill_from_outside_costs_a_hand_in_nothing(pupils, whom):
    """As by a system that has too little memory, in the midst of the longest part."""
    for mark in ("ann", "bob"):
        hand_in(pupils.folder / mark, ROOT / "examples" / "lab3_1_right", mark)
    code, _ = pupils.grade("calm")
    journal = pupils.path / "stormy" / "journal.jsonl"
    run = start(*pupils.command("stormy"), environment=pupils.environment)
    last = b'"softmax", "case": "batch"'  # before it
    try:
        assert wait_for(lambda: journal.exists() and journal.read_bytes().count(last) == 2, 120)
        time.sleep(2)
        for pid in descendants(run.pid):
            with contextlib.suppress(OSError):
                if whom in Path(f"/proc/{pid}/cmdline").read_text():
                    os.kill(pid, signal.SIGKILL)
        assert run.wait(600) == code
    finally:
        run.kill()
    assert pupils.book("stormy") == pupils.book("calm")
    assert set(places(pupils.journal("stormy")).values()) <= {1, 2}  # and nothing else was done again
    assert wait_for(lambda: not rigs.inside(pupils.temporary))


@pytest.mark.slow
def test_hostile_hand_ins_cost_only_themselves(pupils):
    hand_in(pupils.folder / "right", ROOT / "examples" / "lab3_1_right", "right")
    for mark, code in HOSTILE.items():
        hand_in(pupils.folder / mark, resources.template("lab3_1"), mark).write_text(code + "\n")
    code, said = pupils.grade("out")
    book = pupils.book("out")
    assert {who: row[:2] for who, row in book.items()} == {
        "right": ("final", 100),
        **dict.fromkeys(HOSTILE, ("final", 0)),
    }, said
    assert code == 0
