"""The attacks that come with labbench, run against a real grader: what wins here, and what is stopped.

An attack is a hand-in that misbehaves (`attacks/`). The corpus is small on purpose where a win could do harm: bombs
are bounded, signals go to processes of our own, nothing of the user's is touched. Hence what would hit strangers is
left out: `kill(-1)`, writing to devices, changing the clock or the host's name, filling a disk to the brim.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from labbench.redteam.model import Attack, Outcome, Stake, attacks
from labbench.redteam.referee import Ground, Referee

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

__all__ = ["Attack", "Ground", "Outcome", "Referee", "Stake", "attacks", "chosen", "run", "run_all"]

# Cheats on a timed duel are not among them: a duel needs a lab whose reference has a slow and a fast version, and a
# victim here grades one scenario against one golden. They are hand-ins in tests/test_duel.py.

#: How many victims are attacked at the same time: some attacks do nothing but wait.
JOBS = 3


def chosen(only: Collection[str] = ()) -> tuple[Attack, ...]:
    """The attacks of these names and groups; all if none is named."""
    return tuple(a for a in attacks() if not only or a.name in only or a.header.group in only)


def run(attack: Attack, ground: Ground | None = None) -> Outcome:
    """Run one attack, on ground of its own unless some is given.

    Raises:
        LabbenchError: no session can be started here at all.
    """
    if ground is None:
        with Ground() as own:
            return run(attack, own)
    with Referee(ground) as referee:
        return referee.run(attack)


def run_all(
    only: Collection[str] = (),
    on_outcome: Callable[[Outcome], None] | None = None,
    jobs: int = JOBS,
    isolation: Mapping[str, Any] | None = None,
) -> tuple[Outcome, ...]:
    """Run attacks, several at a time.

    Args:
        only: Names and groups; all if empty.
        on_outcome: Told each outcome as it comes, from several threads but one at a time.
        jobs: How many at the same time.
        isolation: Weakens the victims' sessions on purpose, as for `worker.zygote.Zygote`.

    Raises:
        LabbenchError: no session can be started here at all.
    """
    waiting = list(chosen(only))
    speaking = threading.Lock()
    free: list[Referee] = []

    def one(attack: Attack) -> Outcome:
        referee = free.pop()  # as many as there are threads
        try:
            outcome = referee.run(attack)
        finally:
            free.append(referee)
        with speaking:
            if on_outcome is not None:
                on_outcome(outcome)
        return outcome

    with Ground() as ground:
        free += [Referee(ground, isolation) for _ in range(jobs)]
        everyone = tuple(free)
        try:
            with ThreadPoolExecutor(jobs) as pool:
                return tuple(pool.map(one, waiting))
        finally:
            for referee in everyone:
                referee.close()
