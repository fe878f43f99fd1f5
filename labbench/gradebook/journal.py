"""What has been graded, kept while it happens: an append-only file of JSON lines that a killed run leaves whole.

Each line is written at once and flushed to the disk. A line that was cut off by a kill is the last one; it is dropped,
and the next run goes on behind it. One run at a time may write (flock). The file is the owner's alone: it holds
the seeds of fresh packs, from which their answers can be derived again.

Lines are objects with a `kind`:

    seed    lab, seed                  what the lab's fresh pack is built from
    pieces  key, scenario, pieces      a part of a hand-in's grading, as soon as it is known
    again   key, scenarios             pieces of these no longer count (of none: of all), they are graded again
    card    key, card, alone           a whole scorecard; alone: nothing else was being graded
    failed  key, why                   there is no scorecard, through our fault
    run     started, seconds           how long a run took, at its end
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import threading
from typing import TYPE_CHECKING, Any, Self

import msgspec

from labbench.errors import LabbenchError, reason
from labbench.gradebook.lines import encode
from labbench.results import CheckResult, Scorecard, Text
from labbench.scoring import Pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

#: Raised whenever a reader of before would misread the file.
VERSION = 1


#: What other work on the machine may do to a hand-in: be so much that the wall clock runs out (the CPU clock, which
#: decides as a rule, does not mind), or take so much memory that the system kills somebody.
_FROM_OUTSIDE = frozenset({"fault.wall", "fault.killed", "fault.zygote_lost"})


def disturbed(card: Scorecard) -> bool:
    """Whether something outside the hand-in may have cut it short somewhere."""
    return any(map(from_outside, card.checks)) or any(note.key == "note.cut" for note in card.notes)


def from_outside(result: CheckResult) -> bool:
    """Whether something outside the hand-in may have decided it."""
    return result.why is not None and result.why.key in _FROM_OUTSIDE


class Journal:
    """A context manager; reads what is there, then appends.

    Attributes:
        seeds: What each lab's fresh pack is built from.
        failures: By key, why there is no scorecard.
        started: When the first run began, "" before it has ended.
        seconds: How long all runs took.
    """

    def __init__(self, path: Path, *, restart: bool = False) -> None:
        """Open it, or begin it anew; what is there goes when the first line is added, not before.

        Raises:
            LabbenchError: another run is writing it, it cannot be written, or it is none of ours.
        """
        self._path = path
        self._lock = threading.Lock()  # jobs tell of their checks from threads of their own
        self.seeds: dict[str, str] = {}
        # Where each lies, not what it is: there may be thousands.
        self._cards: dict[str, tuple[int, int]] = {}
        self._pieces: dict[str, list[tuple[str, int, int]]] = {}
        self._unsettled: set[str] = set()
        self.failures: dict[str, Text] = {}
        self.started, self.seconds = "", 0.0
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise LabbenchError("output.not_written", path=str(path), reason=reason(error)) from error
        self._file = os.fdopen(descriptor, "r+b")
        try:
            self._begin(restart=restart)
        except BaseException:
            self._file.close()
            raise

    def _begin(self, *, restart: bool) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LabbenchError("grade.locked", path=str(self._path)) from error
        good = 0
        for number, line in enumerate(() if restart else self._file, start=1):
            if not line.endswith(b"\n"):
                break  # cut off by a kill
            self._read(line, number, good)
            good += len(line)
        self._anew = good == 0
        if not self._anew:
            self._file.truncate(good)
            self._file.seek(good)

    def _read(self, line: bytes, number: int, at: int) -> None:
        try:
            entry = json.loads(line)
            match entry.pop("kind"):
                case "journal" if entry["version"] != VERSION:
                    raise ValueError(f"version {entry['version']}")
                case "seed":
                    self.seeds[entry["lab"]] = str(entry["seed"])
                case "pieces":
                    msgspec.convert(entry["pieces"], Pieces)
                    self._pieces.setdefault(entry["key"], []).append((str(entry["scenario"]), at, len(line)))
                case "again":
                    self._forget(entry["key"], entry["scenarios"])
                case "card":
                    card = msgspec.convert(entry["card"], Scorecard)
                    self._settle(entry["key"], card, (at, len(line)), alone=bool(entry["alone"]))
                case "failed":
                    self.failures[entry["key"]] = msgspec.convert(entry["why"], Text)
                case "run":
                    self.started = self.started or entry["started"]
                    self.seconds += float(entry["seconds"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, msgspec.ValidationError) as error:
            why = str(error)[:200]
            raise LabbenchError("grade.bad_journal", path=str(self._path), line=number, reason=why) from error

    def add(self, kind: str, **values: Any) -> tuple[int, int]:
        """Append one line, on the disk when this returns; returns where it begins and how long it is.

        Raises:
            LabbenchError: it cannot be written.
        """
        line = encode({"kind": kind, **values})
        try:
            with self._lock:
                if self._anew:
                    self._file.truncate(0)
                    self._file.seek(0)
                    self._file.write(encode({"kind": "journal", "version": VERSION}))
                    self._anew = False
                at = self._file.tell()
                self._file.write(line)
                self._file.flush()
                os.fsync(self._file.fileno())
            return at, len(line)
        except OSError as error:
            raise LabbenchError("output.not_written", path=str(self._path), reason=reason(error)) from error

    def seed(self, lab: str, seed: str) -> None:
        """Keep what a lab's fresh pack is built from."""
        self.add("seed", lab=lab, seed=seed)
        self.seeds[lab] = seed

    def pieces(self, key: str, pieces: Pieces) -> None:
        """Keep some of one scenario's pieces; from any thread."""
        (scenario,) = pieces.scenarios
        at, length = self.add("pieces", key=key, scenario=scenario, pieces=pieces)
        self._pieces.setdefault(key, []).append((scenario, at, length))

    def graded(self, key: str) -> Pieces:
        """What there is of a grading."""
        read = (self._at(at, length)["pieces"] for _, at, length in self._pieces.get(key, ()))
        return sum((msgspec.convert(pieces, Pieces) for pieces in read), Pieces())

    def again(self, key: str, scenarios: Iterable[str] = ()) -> None:
        """Let the pieces of these scenarios no longer count; of none named: all."""
        named = sorted(scenarios)
        self.add("again", key=key, scenarios=named)
        self._forget(key, named)

    def _forget(self, key: str, scenarios: Sequence[str]) -> None:
        kept = self._pieces.pop(key, [])
        if scenarios:
            self._pieces[key] = [piece for piece in kept if piece[0] not in scenarios]

    def card(self, key: str, card: Scorecard, *, alone: bool) -> None:
        """Keep a scorecard."""
        self._settle(key, card, self.add("card", key=key, card=card, alone=alone), alone=alone)

    def _settle(self, key: str, card: Scorecard, place: tuple[int, int], *, alone: bool) -> None:
        self._cards[key] = place
        self.failures.pop(key, None)
        self._unsettled.discard(key)
        if not card.final or (disturbed(card) and not alone):
            self._unsettled.add(key)
        else:
            self._pieces.pop(key, None)  # nobody goes on from them

    def settled(self, key: str) -> bool:
        """Whether there is a scorecard that another look would not change."""
        return key in self._cards and key not in self._unsettled

    def has(self, key: str) -> bool:
        """Whether there is a scorecard."""
        return key in self._cards

    def found(self, key: str) -> Scorecard | None:
        """The last scorecard of that key."""
        return msgspec.convert(self._at(*self._cards[key])["card"], Scorecard) if key in self._cards else None

    def _at(self, at: int, length: int) -> Any:
        return json.loads(os.pread(self._file.fileno(), length, at))

    def failed(self, key: str, why: Text) -> None:
        """Keep why there is none."""
        self.add("failed", key=key, why=why)
        self.failures[key] = why

    def ran(self, started: str, seconds: float) -> None:
        """Keep when a run began and how long it took."""
        self.add("run", started=started, seconds=round(seconds, 3))
        self.started = self.started or started
        self.seconds += seconds

    def close(self) -> None:
        """Let another run have it."""
        with contextlib.suppress(OSError):
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
