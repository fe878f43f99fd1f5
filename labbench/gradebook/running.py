"""A class graded: what the journal does not have yet is graded side by side, then once more alone what is not final."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from labbench import timing
from labbench.gradebook import book
from labbench.gradebook.executors import Job
from labbench.gradebook.journal import from_outside
from labbench.gradebook.reading import read_all
from labbench.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labbench.catalogue import LabSpec
    from labbench.gradebook.executors import Executor
    from labbench.gradebook.job import Event
    from labbench.gradebook.journal import Journal
    from labbench.gradebook.packs import Packs
    from labbench.gradebook.reading import Class, Handed, Item, Only
    from labbench.results import CheckResult, Gradebook, Scorecard
    from labbench.vgg.store import Progress

    OnDone = Callable[["Tally", str, Event | None], None]


@dataclass(frozen=True, slots=True)
class Tally:
    """How far a grading is.

    Attributes:
        total: Hand-ins × labs, those of earlier runs too; equal ones count once.
        kept: Of these, not graded by this run, since an earlier one did.
        done: Of these, done with, those of earlier runs too.
        failing: Of those that this run graded, below the highest score.
        undecided: Of those that this run graded, not final or failed on our side.
        running: How many are being graded.
        seconds: Wall time of this run so far.
    """

    total: int
    kept: int
    done: int
    failing: int = 0
    undecided: int = 0
    running: int = 0
    seconds: float = 0.0

    @property
    def seconds_left(self) -> float | None:
        """What is left at the pace of this run; None before anything is known."""
        graded = self.done - self.kept
        return None if graded < 1 else self.seconds / graded * (self.total - self.done)


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who is told how a grading goes.

    Attributes:
        on_done: Told of the tally at the start and whenever a hand-in is done, then with its first student.
        progress: Told of hand-ins being read and of packs being built.
    """

    on_done: OnDone = lambda _tally, _student, _event: None
    progress: Progress | None = None


def grade(task: Class, journal: Journal, packs: Packs, executor: Executor, watcher: Watcher | None = None) -> Gradebook:
    """Grade a class, as far as the journal does not have it.

    The rows of the gradebook are read from the journal as they are walked; it must stay open.

    Args:
        task: What is to be graded.
        journal: What has been graded; written as results come.
        packs: The goldens.
        executor: Where jobs run.
        watcher: Who is told how it goes.
    """
    started = timing.now()
    run = _Run(task, journal, packs, executor, watcher or Watcher(), timing.wall_ns())
    try:
        read = run.whole()
    finally:
        journal.ran(started, run.seconds)
    return book.made(task, journal, read)


def _chosen(item: Item, journal: Journal, only: Only | None) -> bool:
    if only is None:
        return not journal.settled(item.key)
    card, failed = journal.found(item.key), item.key in journal.failures
    undecided = failed or (card is not None and not journal.settled(item.key))
    untried = card is None and not failed
    return (only.failed and undecided) or (only.changed and untried) or bool(only.students & set(item.students))


@dataclass(slots=True)
class _Run:
    """One run's part of the grading."""

    task: Class
    journal: Journal
    packs: Packs
    executor: Executor
    watcher: Watcher
    since: int
    tally: Tally = Tally(0, 0, 0)

    @property
    def seconds(self) -> float:
        """Wall time so far."""
        return (timing.wall_ns() - self.since) / 1e9

    def whole(self) -> Handed:
        """Read all, grade what is left to grade; returns what was read."""
        read = read_all(self.task, self.packs, self.watcher.progress)
        todo = [item for item in read.items.values() if _chosen(item, self.journal, self.task.only)]
        kept = len(read.items) - len(todo)
        self.tell(Tally(total=len(read.items), kept=kept, done=kept))
        # The packs first: while one is built, no hand-in is timed beside it.
        for lab in dict.fromkeys(item.lab for item in todo):
            self.packs.path(lab, self.watcher.progress)
        for item in todo:
            if self.journal.settled(item.key):  # asked for by name
                self.journal.again(item.key)
        self.side_by_side(todo)
        # A busy machine decides nothing: once more, with nothing beside it.
        for item in todo:
            if not self.journal.settled(item.key):
                self.alone(item)
        return read

    def side_by_side(self, items: Sequence[Item]) -> None:
        """All of them, as many at a time as the executor takes, and as many ready for their turn."""
        left = iter(items)
        waiting: dict[Future[Event], Item] = {}
        while True:
            for item in islice(left, 2 * self.executor.jobs - len(waiting)):
                waiting[self._submit(item)] = item
            if not waiting:
                return
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                item, event = waiting.pop(future), future.result()
                self._keep(item, event, alone=self.executor.jobs == 1)
                below = event.card is not None and event.card.score < max(self.task.specs[item.lab].tiers)
                undecided = event.card is None or not event.card.final
                changed = replace(
                    self.tally,
                    done=self.tally.done + 1,
                    failing=self.tally.failing + below,
                    undecided=self.tally.undecided + undecided,
                    running=min(len(waiting), self.executor.jobs),
                )
                self.tell(changed, item.students[0], event)

    def alone(self, item: Item) -> None:
        """What is open about one, with nothing beside it."""
        self.tell(replace(self.tally, running=1))
        card = self.journal.found(item.key)
        if card is not None and (scenarios := _open(card, self.task.specs[item.lab])):
            self.journal.again(item.key, scenarios)
        event = self._submit(item).result()
        if card is not None and event.card is not None:
            event = replace(event, card=_joined(card, event.card))
        self._keep(item, event, alone=True)
        self.tell(replace(self.tally, running=0), item.students[0], event)

    def tell(self, tally: Tally, student: str = "", event: Event | None = None) -> None:
        """Whoever watches."""
        self.tally = replace(tally, seconds=self.seconds)
        self.watcher.on_done(self.tally, student, event)

    def _submit(self, item: Item) -> Future[Event]:
        job = Job(
            lab=item.lab,
            profile=self.task.profile,
            pack=self.packs.path(item.lab),
            delivery=item.delivery,
            digest=item.digest,
            level=self.task.level,
            seconds=self.task.seconds,
            kept=self.journal.graded(item.key),
        )

        def heard(event: Event) -> None:
            if event.pieces is not None:
                self.journal.pieces(item.key, event.pieces)

        return self.executor.submit(job, heard)

    def _keep(self, item: Item, event: Event, *, alone: bool) -> None:
        if event.card is not None:
            self.journal.card(item.key, event.card, alone=alone)
        elif event.why is not None:
            self.journal.failed(item.key, event.why)


def _open(card: Scorecard, spec: LabSpec) -> set[str]:
    """The scenarios whose results another look may change."""
    found = {c.check.partition(".")[0] for c in card.checks if _is_open(c)}
    return {check.scenario for check in spec.checks if check.id in found}


def _is_open(result: CheckResult) -> bool:
    return result.verdict.undecided or from_outside(result)


def _joined(first: Scorecard, second: Scorecard) -> Scorecard:
    """What the first look had settled stands: what was wrong there, the hand-in may have been told since."""
    if [c.check for c in first.checks] != [c.check for c in second.checks]:
        return second
    pairs = zip(first.checks, second.checks, strict=True)
    return replace(second, checks=tuple(b if _is_open(a) or a.verdict is Verdict.SKIPPED else a for a, b in pairs))
