"""What has been graded, kept while it happens: an append-only file of JSON lines that a killed run leaves whole.

Each line is written at once and flushed to the disk. A line that was cut off by a kill is the last one; it is dropped,
and the next run goes on behind it. One run at a time may write (flock). The file is the owner's alone: it holds
the seeds of fresh packs, from which their answers can be derived again.

Lines are objects with a `kind`:

    seed    lab, seed                  what the lab's fresh pack is built from
    check   key, check, verdict        one check of a hand-in, as soon as it is known
    card    key, card                  a whole scorecard
    failed  key, why, ours             there is no scorecard; ours: through our fault
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

from labbench.errors import LabbenchError
from labbench.results import Scorecard, Text

if TYPE_CHECKING:
    from pathlib import Path

#: Raised whenever a reader of before would misread the file.
VERSION = 1


class Journal:
    """A context manager; reads what is there, then appends."""

    def __init__(self, path: Path, *, restart: bool = False) -> None:
        """Open it, or begin it anew.

        Raises:
            LabbenchError: another run is writing it, it cannot be written, or it is none of ours.
        """
        self._path = path
        self._lock = threading.Lock()  # jobs tell of their checks from threads of their own
        self.seeds: dict[str, str] = {}
        self._cards: dict[str, tuple[int, int]] = {}  # where each lies, not what it is: there may be thousands
        self.failures: dict[str, tuple[Text, bool]] = {}
        self.started, self.seconds = "", 0.0
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise LabbenchError("output.not_written", path=str(path), reason=error.strerror or str(error)) from error
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
        if restart:
            self._file.truncate(0)
        good = 0
        for number, line in enumerate(self._file, start=1):
            if not line.endswith(b"\n"):
                break  # cut off by a kill
            self._read(line, number, good)
            good += len(line)
        self._file.truncate(good)
        self._file.seek(good)
        if good == 0:
            self.add("journal", version=VERSION)

    def _read(self, line: bytes, number: int, at: int) -> None:
        try:
            entry = json.loads(line)
            match entry.pop("kind"):
                case "journal" if entry["version"] != VERSION:
                    raise ValueError(f"version {entry['version']}")
                case "seed":
                    self.seeds[entry["lab"]] = str(entry["seed"])
                case "card":
                    msgspec.convert(entry["card"], Scorecard)
                    self._cards[entry["key"]] = (at, len(line))
                    self.failures.pop(entry["key"], None)
                case "failed":
                    self.failures[entry["key"]] = (msgspec.convert(entry["why"], Text), bool(entry["ours"]))
                case "run":
                    self.started = self.started or entry["started"]
                    self.seconds += float(entry["seconds"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, msgspec.ValidationError) as error:
            reason = str(error)[:200]
            raise LabbenchError("grade.bad_journal", path=str(self._path), line=number, reason=reason) from error

    def add(self, kind: str, **values: Any) -> tuple[int, int]:
        """Append one line, on the disk when this returns; returns where it begins and how long it is.

        Raises:
            LabbenchError: it cannot be written.
        """
        # Not msgspec's JSON: NaN must come back as NaN.
        line = json.dumps({"kind": kind, **msgspec.to_builtins(values)}, ensure_ascii=False).encode() + b"\n"
        try:
            with self._lock:
                at = self._file.tell()
                self._file.write(line)
                self._file.flush()
                os.fsync(self._file.fileno())
            return at, len(line)
        except OSError as error:
            reason = error.strerror or str(error)
            raise LabbenchError("output.not_written", path=str(self._path), reason=reason) from error

    def seed(self, lab: str, seed: str) -> None:
        """Keep what a lab's fresh pack is built from."""
        self.add("seed", lab=lab, seed=seed)
        self.seeds[lab] = seed

    def card(self, key: str, card: Scorecard) -> None:
        """Keep a scorecard."""
        self._cards[key] = self.add("card", key=key, card=card)
        self.failures.pop(key, None)

    def found(self, key: str) -> Scorecard | None:
        """The last scorecard of that key."""
        if key not in self._cards:
            return None
        at, length = self._cards[key]
        return msgspec.convert(json.loads(os.pread(self._file.fileno(), length, at))["card"], Scorecard)

    def failed(self, key: str, why: Text, *, ours: bool) -> None:
        """Keep why there is none, and whether that is our fault."""
        self.add("failed", key=key, why=why, ours=ours)
        self.failures[key] = (why, ours)

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
