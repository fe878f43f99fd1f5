"""What `labbench grade` adds to the hand-ins' own time: `python -m benchmarks.gradebook [HOW MANY]`.

Generated hand-ins, a tenth of them and then all, are read, graded by a stand-in that answers at once, kept and written,
so that all that is left is overhead; it and the memory should not grow with the class. A real hand-in that is right is
graded by a real job, which shows its own time, and what a process of its own costs beyond.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from labbench import catalogue, handin, resources
from labbench.catalogue import SpeedupCheck
from labbench.checks import result_id
from labbench.gradebook import discovery, output, processes, reading, running
from labbench.gradebook.executors import Local
from labbench.gradebook.job import Event, Order
from labbench.gradebook.journal import Journal
from labbench.gradebook.lines import encode
from labbench.gradebook.processes import Processes
from labbench.results import CheckResult, Disclosure, Isolation, Level, PackId, Profile, Scorecard, Verdict
from labbench.scoring import Part, Pieces
from labbench.texts import Lang

SPEC = catalogue.load().labs["3-3"]
RIGHT = resources.PACKAGE.parent / "examples" / "lab3_3_right" / "stu_upload"
REAL = 3


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


def parts():
    """A hand-in that is right, as a job tells of it."""
    faster = {"ratio": 30.0, "low": 25.0, "high": 36.0, "required": 3.0, "restarts": 3.0, "pairs": 5.0,
              "baseline_seconds": 0.3, "candidate_seconds": 0.01}  # fmt: skip
    for scenario in SPEC.scenarios_of(Profile.QUICK):
        results = tuple(
            CheckResult(result_id(check, seen), check.tier, Verdict.PASS, figures, seconds=0.01)
            for check in SPEC.checks
            if check.scenario == scenario
            for figures in (faster if isinstance(check, SpeedupCheck) else {"error": 1.234e-7, "tolerance": 1e-4},)
            for seen in check.observe
        )
        yield Part(scenario, "case", results, {r.check: r.seconds for r in results})


def stand_in(root):
    """Jobs that say the same of everyone at once."""
    said = tuple(parts())
    checks = tuple(result for part in said for result in part.results)
    pack = PackId("fresh", "", Disclosure.VERDICT, "")
    card = Scorecard("3-3", Profile.QUICK, "", checks, tuple(SPEC.tiers), Isolation(Level.STRONG, ()), pack)
    events = [*(Event(pieces=Pieces(parts=(part,))) for part in said), Event(card=card)]
    (root / "answer").write_bytes(b"".join(map(encode, events)))
    command = ["cat", str(root / "answer")]
    return lambda: subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)


@dataclass(frozen=True)
class Phase:
    """A part of grading a class: milliseconds for each hand-in, and the most MiB that this process took until then."""

    what: str
    each: float
    peak: float


def whole(root, count):
    """Each phase, as it comes."""
    generate(root / "in", count)
    found = discovery.find(root / "in")
    stubs = {"3-3": resources.template("lab3_3")}
    task = reading.Class(root / "in", found, (), {"3-3": SPEC}, Profile.QUICK, Level.STRONG, 60.0, stubs)
    (root / "out").mkdir()
    mark = time.perf_counter()

    def phase(what):
        nonlocal mark
        took, mark = time.perf_counter() - mark, time.perf_counter()
        return Phase(what, took / count * 1e3, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)

    genuine, processes._start = processes._start, stand_in(root)  # noqa: SLF001 - the only thing that is not real
    try:
        with Journal(root / "out" / output.JOURNAL) as journal, Local(2) as executor:
            running.grade(task, journal, Packs(), executor)
            yield phase("read, grade, keep, compare")
            book = running.grade(task, journal, Packs(), executor)
            yield phase("again: read, compare")
            output.write(book, {"3-3": SPEC}, root / "out", Lang.EN)
            yield phase("write the pages")
    finally:
        processes._start = genuine  # noqa: SLF001


def real():
    """Seconds of the hand-in's grading and of its job beyond, some times."""
    with handin.opened(RIGHT, SPEC.files) as snapshot:
        order = Order("3-3", Profile.QUICK, str(resources.practice_pack("lab3_3")), str(RIGHT), snapshot.digest)
    for _ in range(REAL):
        began = time.perf_counter()
        with Processes() as jobs:
            event = jobs.run(order, 300.0, lambda _: None)
        yield event.card.seconds, time.perf_counter() - began - event.card.seconds


def main():
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    sizes = most // 10, most
    phases = []
    for count in sizes:
        with tempfile.TemporaryDirectory() as folder:
            phases.append(list(whole(Path(folder), count)))
    table = Table("overhead of a class", *(f"{n} hand-ins, ms each (MiB at most)" for n in sizes), "ratio")
    for few, many in zip(*phases, strict=True):
        sides = (f"{side.each:.1f} ({side.peak:.0f})" for side in (few, many))
        table.add_row(few.what, *sides, f"{many.each / few.each:.2f} ({many.peak / few.peak:.2f})")
    Console(width=140).print(table)
    own, job = map(statistics.median, zip(*real(), strict=True))
    first, _, last = phases[-1]
    added = (first.each + last.each) / 1e3 + job
    print(f"A right hand-in of 3-3: {own:.1f} s of its own; its job {job:.2f} s beyond (medians of {REAL});")
    print(f"with what a class of {most} adds to each, {added:.2f} s of overhead: {added / own:.1%} of its own time.")


if __name__ == "__main__":
    main()
