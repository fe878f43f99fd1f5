"""One hand-in graded in a process of its own: `python -m labbench.gradebook.job`, told what on stdin.

Theory of operation. The class's grader must outlive whatever one hand-in does to the process that grades it, so that
process is exec'd for it, leads a process group of its own, and is killed as a whole. It reads one line, an `Order`,
and writes one line for each `Event`; the last is a scorecard or a refusal. When whoever ordered it is gone, stdin ends,
and the job ends itself as by SIGTERM.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from labbench.alone import PATIENCE, alone
from labbench.errors import LabbenchError, unexpected
from labbench.gradebook.lines import decode, encode
from labbench.results import Level, Profile, Scorecard, Text, text
from labbench.scoring import Pieces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


@dataclass(frozen=True, slots=True)
class Order:
    """What to grade: paths on this machine.

    Attributes:
        lab: The lab.
        profile: quick or full.
        pack: The folder of its pack.
        handin: What was handed in.
        digest: That of its snapshot; pieces belong to this content and to no other.
        level: How well it must be locked in: this may be another machine than the one that asks.
        patience: How many seconds to wait for the machine's timing lock.
        kept: What has been graded before.
        closing: Whether time is up: make the scorecard of what is kept, and run nothing.
        candidates: What a package that comes alone was chosen from, for the remark on it.
    """

    lab: str
    profile: Profile
    pack: str
    handin: str
    digest: str
    level: Level = Level.LIMITED
    patience: float = PATIENCE
    kept: Pieces = field(default_factory=Pieces)
    closing: bool = False
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """What a job says: a piece of the grading, the scorecard, or why there is none.

    That there is none is never the hand-in's fault: it could be read when it was asked to be graded. `waiting` tells
    when it begins and when it ends to wait for its turn to time something, which costs no hand-in its time.
    """

    pieces: Pieces | None = None
    waiting: bool | None = None
    card: Scorecard | None = None
    why: Text | None = None


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signal.SIGTERM)


def _end_with_orderer() -> None:
    """Until stdin ends; then end this process as SIGTERM does, so that its temporary files go."""
    # Not by sys.stdin: the interpreter's end would wait for its lock a second, and then abort.
    while os.read(sys.stdin.fileno(), 1 << 10):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _say(event: Event) -> None:
    sys.stdout.buffer.write(encode(event))
    sys.stdout.buffer.flush()


@contextlib.contextmanager
def _turn(patience: float) -> Iterator[Text | None]:
    """The machine's timing lock, and word of how long it took to get it."""
    _say(Event(waiting=True))
    with alone(patience=patience) as crowded:
        _say(Event(waiting=False))
        yield crowded


def grade(order: Order) -> Event:
    """Grade the hand-in; whatever goes wrong is an event too."""
    from labbench import grading, handin
    from labbench.policy import require
    from labbench.task import prepare

    course = grading.Course(
        kept=order.kept,
        keep=lambda pieces: _say(Event(pieces=pieces)),
        overdue=lambda: order.closing,
        lock=lambda: _turn(order.patience),
    )
    try:
        task = prepare(order.lab, order.profile, Path(order.pack))
        require(task.pack.identity, order.level, allow_weak=True)
        with handin.opened(Path(order.handin), task.spec.files) as snapshot:
            if snapshot.digest != order.digest:
                return Event(why=text("grade.changed"))
            whole = replace(snapshot, candidates=order.candidates or snapshot.candidates)
            return Event(card=grading.grade(task, whole, course))
    except LabbenchError as error:
        return Event(why=error.text)
    except Exception as error:  # noqa: BLE001 - a row that says so, and the next hand-in
        return Event(why=unexpected(error))


def main() -> None:
    """Serve the order on stdin."""
    signal.signal(signal.SIGTERM, _terminate)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the grader of the class, which ends its jobs
    order = decode(sys.stdin.buffer.readline(), Order)
    threading.Thread(target=_end_with_orderer, daemon=True).start()
    _say(grade(order))


if __name__ == "__main__":
    main()
