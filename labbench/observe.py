"""Session × scenario × case → observations; and the record of all that one session showed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from labbench.results import Fault, Observation, Verdict
from labbench.worker.remote import Remote, Spec, fetch, root, shape_of

if TYPE_CHECKING:
    from labbench.catalogue import Limits
    from labbench.labs import Case, ScenarioFunction
    from labbench.results import Array, Value
    from labbench.worker.session import Exit, Service, Session
    from labbench.worker.zygote import Code, Workers

#: What to fetch of an observation, by its name; None: look at its shape only.
Wanted = Callable[[str], Spec | None]
#: The reference's value where an observation is wrong, else None.
Correct = Callable[[Observation], "Array | None"]


@dataclass(frozen=True, slots=True)
class Ended:
    """A scenario that could not be walked to its end, and why."""

    fault: Fault


def everything(_name: str) -> Spec:
    """Fetch all, whatever its shape."""
    return Spec()


def no_correction(_observation: Observation) -> None:
    """Let the walk go on with the hand-in's own values."""


def observe(
    session: Session,
    scenario: ScenarioFunction,
    case: Case,
    wanted: Wanted = everything,
    correct: Correct = no_correction,
) -> Iterator[Observation | Ended]:
    """Walk a scenario and yield what it observes, as it comes; an `Ended` last when it broke off.

    After each observation the scenario is sent what `correct` says, so that a walk can go on from the
    reference's value after a wrong one. When the walk broke off for want of a value that was observed as a Fault,
    `Ended` carries that very Fault. A step without a value only starts the clock of the next observation anew.
    """
    steps = scenario(root(session), case)
    sent: Array | None = None
    mark = len(session.ledger)
    while True:
        try:
            name, seen = steps.send(sent)
        except StopIteration:
            return
        except Fault as fault:
            yield Ended(_bare(fault))
            return
        if seen is None:
            sent, mark = None, len(session.ledger)
            continue
        value, shape = _value(seen, wanted(name))
        # With the fetch: a value that is computed only when it is looked at costs its time all the same.
        calls = session.ledger[mark:]
        mark = len(session.ledger)
        observation = Observation(name, value, sum(c.cpu_ns for c in calls), sum(c.wall_ns for c in calls), shape)
        yield observation
        sent = correct(observation)


def walked(steps: Iterator[Observation | Ended], take: Callable[[Observation], None]) -> Fault | None:
    """Hand on what is observed, to the end or to the first fault, which is returned; `take` may raise one."""
    for seen in steps:
        if isinstance(seen, Ended):
            return seen.fault
        if isinstance(seen.value, Fault):
            return seen.value
        try:
            take(seen)
        except Fault as fault:
            return fault
    return None


def _value(seen: Remote | Fault | Array, spec: Spec | None) -> tuple[Value | Fault | None, tuple[int, ...]]:
    if isinstance(seen, Fault):
        return _bare(seen), ()
    if isinstance(seen, np.ndarray):
        return seen, seen.shape
    try:
        if spec is None:
            return None, shape_of(seen)
        array = fetch(seen, spec)
    except Fault as fault:
        return _bare(fault), ()
    return array, array.shape


def _bare(fault: Fault) -> Fault:
    """The very fault, without the frames it came through: they hold the session, and what a device of its holds."""
    fault.__traceback__ = fault.__cause__ = fault.__context__ = None
    return fault


@dataclass(frozen=True, slots=True)
class Record:
    """All that one session showed: a scenario on a case, walked once. It can be judged many times.

    Attributes:
        scenario: The scenario's name.
        case: The case's name.
        observations: In the order in which they came.
        ended: Why the walk broke off, if it did.
        exit: How the session ended.
    """

    scenario: str
    case: str
    observations: tuple[Observation, ...]
    ended: Fault | None
    exit: Exit

    @property
    def timed_out(self) -> bool:
        """Whether a limit on time cut it short."""
        return any(map(_is_timeout, (self.ended, *(o.value for o in self.observations))))


def _is_timeout(value: object) -> bool:
    return isinstance(value, Fault) and value.verdict is Verdict.TIMEOUT


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and under which limits a scenario runs, whether a timeout is tried once more, what its session may ask."""

    workers: Workers
    code: Code
    limits: Limits
    retry: bool = True
    service: Callable[[], Service] | None = None


def record(
    setting: Setting,
    scenario: tuple[str, ScenarioFunction],
    case: Case,
    wanted: Wanted = everything,
    correct: Correct = no_correction,
    on_observation: Callable[[Observation], None] = lambda _: None,
) -> Record:
    """Run one scenario on one case in a session of its own.

    A timeout is tried once more: a machine that is busy for a moment must not cost points.
    """
    name, function = scenario

    def walk() -> Record:
        seen: list[Observation] = []
        ended: Fault | None = None
        service = setting.service() if setting.service is not None else None
        with setting.workers.session(setting.code, setting.limits, service=service) as session:
            for step in observe(session, function, case, wanted, correct):
                if isinstance(step, Ended):
                    ended = step.fault
                    continue
                seen.append(step)
                on_observation(step)
            closed = session.close()
        return Record(name, case.name, tuple(seen), ended, closed)

    first = walk()
    return _joined(first, walk()) if first.timed_out and setting.retry else first


def _joined(first: Record, second: Record) -> Record:
    """What came in time stands: where it was wrong, the hand-in has been sent what is right, and may have kept it."""
    stands = {o.name: o for o in first.observations if not _is_timeout(o.value)}
    others = (o for o in second.observations if o.name not in stands)
    return replace(second, observations=(*stands.values(), *others))
