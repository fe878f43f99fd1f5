"""What `labbench grade` adds to the hand-ins' own time: `python -m benchmarks.gradebook [HOW MANY]`.

Generated hand-ins are read, graded by a stand-in that answers at once, kept and written, so that all that is left is
overhead; and real jobs of the shortest kind show what a process of its own costs beyond the grading in it.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from labbench import catalogue, handin, resources
from labbench.checks import result_id
from labbench.gradebook import discovery, output, processes, reading, running
from labbench.gradebook.executors import Local
from labbench.gradebook.job import Event, Order, encode
from labbench.gradebook.journal import Journal
from labbench.gradebook.processes import Processes
from labbench.results import (
    CheckResult,
    Disclosure,
    Isolation,
    Level,
    PackId,
    Profile,
    Scorecard,
    Verdict,
)
from labbench.texts import Lang

SPEC = catalogue.load().labs["3-1"]
RIGHT = resources.PACKAGE.parent / "examples" / "lab3_1_right" / "stu_upload"
REAL = 5


class Packs:
    """Goldens that nobody looks at."""

    def digest(self, _lab):
        return "pack"

    def path(self, lab, _progress=None):
        return Path(lab)


def generate(folder, count):
    for number in range(count):
        (folder / f"s{number:05}").mkdir(parents=True)
        for file in RIGHT.glob("*.py"):
            own = f"\ndef of_{number}(x):\n    return x * {number} + {number % 7}\n"
            (folder / f"s{number:05}" / file.name).write_text(file.read_text(encoding="utf-8") + own, encoding="utf-8")


def card():
    checks = (
        CheckResult(result_id(c, o), c.tier, Verdict.PASS, {"error": 1e-7}) for c in SPEC.checks for o in c.observe
    )
    pack = PackId("fresh", "", Disclosure.VERDICT, "")
    return Scorecard("3-1", Profile.QUICK, "", tuple(checks), tuple(SPEC.tiers), Isolation(Level.STRONG, ()), pack)


def stand_in(root):
    """Jobs that give everyone the same scorecard at once."""
    (root / "answer").write_bytes(encode(Event(card=card())))
    command = ["cat", str(root / "answer")]
    return lambda: subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)


class Report:
    def __init__(self, count):
        self.count, self.mark = count, time.perf_counter()

    def __call__(self, what):
        now = time.perf_counter()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        took = now - self.mark
        print(f"{what:<28}{took:8.1f} s {took / self.count * 1e3:8.1f} ms a hand-in {peak:8.0f} MiB at most")
        self.mark = time.perf_counter()


def whole(root, count):
    generate(root / "in", count)
    found = discovery.find(root / "in")
    stubs = {"3-1": resources.template("lab3_1")}
    task = reading.Class(root / "in", found, (), {"3-1": SPEC}, Profile.QUICK, Level.STRONG, 60.0, stubs)
    (root / "out").mkdir()
    genuine, processes._start = processes._start, stand_in(root)  # noqa: SLF001 - the only thing that is not real
    report = Report(count)
    try:
        with Journal(root / "out" / output.JOURNAL) as journal, Local(2) as executor:
            book = running.grade(task, journal, Packs(), executor)
            report("read, grade, compare")
            running.grade(task, journal, Packs(), executor)
            report("again, nothing to do")
    finally:
        processes._start = genuine  # noqa: SLF001
    output.write(book, {"3-1": SPEC}, root / "out", Lang.EN)
    report("write the pages")


def real():
    """Seconds of a job beyond those of the grading in it."""
    stubs = resources.template("lab3_1")
    with handin.opened(stubs, SPEC.files) as snapshot:
        order = Order("3-1", Profile.QUICK, str(resources.practice_pack("lab3_1")), str(stubs), snapshot.digest)
    for _ in range(REAL):
        began = time.perf_counter()
        with Processes() as jobs:
            event = jobs.run(order, 300.0, lambda _: None)
        yield time.perf_counter() - began - event.card.seconds


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as folder:
        whole(Path(folder), count)
    print(f"a job beyond its grading: {statistics.median(real()):.2f} s (median of {REAL})")


if __name__ == "__main__":
    main()
