"""The grader that gets attacked: a process of its own, so that what hits it hits nobody else.

Run as `python -m labbench.redteam.victim FD PACK CANARY`; answers JSON lines on the socket FD:

{"op": "ready"}                                 -> what an attacker may know of this process
{"op": "grade", handin, scenarios, disclosure}  -> what the grader saw

It holds the secrets that attacks are after: a canary in its arguments, its environment (`LABBENCH_CANARY`), its
memory and an open file, each given by the referee. A second, honest session waits beside the attack's: the sibling.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import io
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from labbench import handin
from labbench.errors import LabbenchError
from labbench.observe import Ended, Record, observe
from labbench.redteam import stage
from labbench.report import json as json_report
from labbench.report import terminal
from labbench.results import Disclosure, Fault, Observation, Verdict
from labbench.scoring import Observed, judged, results, scorecard
from labbench.texts import Lang, render
from labbench.worker.remote import Spec, fetch, root
from labbench.worker.workspace import Workspace
from labbench.worker.zygote import Workers

if TYPE_CHECKING:
    from collections.abc import Callable

    from labbench.results import CheckResult
    from labbench.scoring import Part
    from labbench.task import Task
    from labbench.worker.session import Session

#: Signals that do nothing to a grader but being noticed; an attack sends these, a real one would not.
NOTICED = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGIO, signal.SIGHUP)
_HONEST = Path(__file__).parent / "mount"
_WIDTH = 110
#: The sibling is asked again and again, on a busy machine too: that its time is up must not look like harm.
_PATIENT = msgspec.structs.replace(stage.LIMITS, cpu_seconds=600)


class Victim:
    """A grader at work."""

    def __init__(self, pack: Path, secrets: dict[str, str], workers: Workers) -> None:
        self._pack, self._secrets = pack, secrets
        self._workers = workers
        self._sibling: Session | None = None
        self._signals: list[int] = []
        self._memory = ctypes.create_string_buffer(secrets["memory"].encode())
        self._file = os.open(secrets["file"], os.O_RDONLY)
        for number in NOTICED:
            signal.signal(number, lambda got, _: self._signals.append(got))

    def ready(self) -> dict[str, Any]:
        """Start what is not running, and tell what an attacker may know."""
        if not self._sibling_answers():
            self._open_sibling()
        assert self._sibling is not None  # noqa: S101 - just opened
        return {
            "grader": os.getpid(),
            "sibling": self._sibling.pid,
            "canary_fd": self._file,
            "canary_address": ctypes.addressof(self._memory),
            "canary_length": len(self._memory),
        }

    def _open_sibling(self) -> None:
        if self._sibling is not None:
            self._sibling.close()
        folder = Path(self._secrets["honest"])
        with handin.opened(folder, ("layers_1.py", "layers_2.py")) as snapshot:
            self._workspace = Workspace(snapshot.package, {})
        self._sibling = self._workers.session(self._workspace.code, _PATIENT)
        kept = np.frombuffer(self._secrets["sibling"].encode(), np.uint8)
        self._layer = root(self._sibling).layers_2.ConvolutionalLayer(3, 3, 4, 1, 1)
        self._layer.load_param(kept, kept)

    def _sibling_answers(self) -> bool:
        if self._sibling is None:
            return False
        try:
            kept = fetch(self._layer.weight, Spec())
        except Fault:
            return False
        return kept.tobytes() == self._secrets["sibling"].encode()

    def grade(self, request: dict[str, Any]) -> dict[str, Any]:
        """Grade a hand-in on the scenarios named, with what the referee judges by."""
        self._signals.clear()
        task = stage.task(self._pack, Disclosure(request["disclosure"]))
        sheet = _Sheet(task)
        assert task.lab.service is not None  # noqa: S101 - the stage has a device
        try:
            with handin.opened(Path(request["handin"]), task.spec.files) as snapshot:
                with Workspace(snapshot.package, {}, task.lab.clients) as workspace:
                    for scenario in request["scenarios"]:
                        device = task.lab.service()
                        with self._workers.session(workspace.code, stage.LIMITS, service=device) as session:
                            sheet.walk(session, scenario)
                observed = Observed(snapshot.digest, snapshot.remarks, sheet.parts(), (), self._workers.isolation, 0.0)
            answer = sheet.report(observed)
        except LabbenchError as error:
            answer = _refusal(error)
        return {**answer, "sibling": self._sibling_answers(), "signals": sorted(set(self._signals))}

    def close(self) -> None:
        """End the sibling."""
        if self._sibling is not None:
            self._sibling.close()
            self._workspace.__exit__()


class _Sheet:
    """What one hand-in showed."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self.records: list[Record] = []
        self._clocks: list[dict[str, Any]] = []

    def walk(self, session: Session, scenario: str) -> None:
        (case,) = self._task.pack.cases[scenario]
        goldens = self._task.pack.goldens[scenario, case.name]
        seen: list[Observation] = []
        ended: Fault | None = None
        wanted: Callable[[str], Spec] = lambda name: Spec(shape=goldens[name][0].shape)  # noqa: E731
        for step in observe(session, self._task.lab.scenarios[scenario], case, wanted):
            if isinstance(step, Ended):
                ended = step.fault
            else:
                seen.append(step)
        closed = session.close()
        self.records.append(Record(scenario, case.name, tuple(seen), ended, closed))
        ledger = session.ledger
        self._clocks += [
            {
                "scenario": scenario,
                "seen": o.cpu_ns,
                "gap": max((c.gap_ns for c in ledger), default=0),
                "stray": int(closed.cpu_seconds * 1e9) - sum(c.cpu_ns + c.gap_ns for c in ledger),
            }
            for o in seen
        ]

    def parts(self) -> tuple[Part, ...]:
        """What the records come to."""
        return tuple(judged(self._task, seen) for seen in self.records)

    def report(self, observed: Observed) -> dict[str, Any]:
        """What the referee asks for; values only of what did not pass."""
        card = scorecard(self._task, observed)
        found = [c for c in results(self._task, self.parts()) if c.verdict is not Verdict.SKIPPED]
        values = [(r.scenario, o.value) for r in self.records for o in r.observations]
        grid = terminal.scorecard(card, self._task.spec, self._task.lab.tables(card), Lang.EN)
        return {
            "checks": [[c.check, c.verdict.value] for c in found],
            "score": card.score,
            "ceiling": card.ceiling,
            "values": [[s, base64.b64encode(v.tobytes()).decode()] for s, v in values if isinstance(v, np.ndarray)],
            "said": [*_said(found), *(r.exit.output for r in self.records)],
            "json": json_report.encode(card, self._task.spec, Lang.EN).decode(),
            "terminal": _printed(grid),
            "clocks": self._clocks,
        }


def _refusal(error: LabbenchError) -> dict[str, Any]:
    """What is reported in place of a scorecard."""
    said = [render(error.text, lang) for lang in Lang]
    empty: dict[str, Any] = {name: [] for name in ("checks", "values", "clocks")}
    blank = json.dumps({"score": 0, "ceiling": 0})
    refused = {"key": error.text.key, "values": dict(error.text.values)}
    return {**empty, "score": 0, "ceiling": 0, "said": said, "json": blank, "terminal": said[0], "refused": refused}


def _said(found: list[CheckResult]) -> list[str]:
    return [render(c.why, Lang.EN) for c in found if c.why is not None]


def _printed(grid: Any) -> str:
    from rich.console import Console

    console = Console(file=io.StringIO(), width=_WIDTH, highlight=False, emoji=False, markup=False)
    console.print(grid)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def main() -> None:
    """Serve the referee until it hangs up."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    with channel.makefile("rw", encoding="utf-8") as lines, contextlib.ExitStack() as stack:
        told = json.loads(lines.readline())
        # None ahead: whoever watches takes each process beyond a session's own for the attack's.
        workers = stack.enter_context(Workers(told.pop("isolation"), ahead=False))
        victim = Victim(Path(sys.argv[2]), told, workers)
        for line in lines:
            request = json.loads(line)
            answer = victim.ready() if request["op"] == "ready" else victim.grade(request)
            lines.write(msgspec.json.encode(answer).decode() + "\n")
            lines.flush()
        with contextlib.suppress(OSError):
            victim.close()


if __name__ == "__main__":
    main()
