"""Where jobs run: as processes on this machine, a few at a time.

An executor takes a job and gives a `concurrent.futures.Future` of its outcome; jobs of one executor run side by side.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from labbench.alone import PATIENCE
from labbench.capacity import free_memory, usable_cpus
from labbench.duel import Plan
from labbench.errors import LabbenchError
from labbench.gradebook.discovery import gathered
from labbench.gradebook.job import Event, Order
from labbench.gradebook.processes import Processes

if TYPE_CHECKING:
    from pathlib import Path

    from labbench.gradebook.discovery import Delivery
    from labbench.gradebook.processes import OnEvent
    from labbench.results import Level, Profile
    from labbench.scoring import Pieces

#: What one hand-in may take: 2 GiB for its session, and what grades it.
JOB_BYTES = int(2.5 * 2**30)


@dataclass(frozen=True, slots=True)
class Job:
    """One hand-in to grade for one lab.

    Attributes:
        lab: The lab.
        profile: quick or full.
        pack: The folder of its pack.
        delivery: What was handed in.
        digest: That of its snapshot.
        level: How well hand-ins must be locked in.
        seconds: The most it may take.
        kept: What has been graded before.
    """

    lab: str
    profile: Profile
    pack: Path
    delivery: Delivery
    digest: str
    level: Level
    seconds: float
    kept: Pieces

    def order(self, handin: Path, jobs: int) -> Order:
        """What its process is told, where the hand-in lies there and so many jobs run at a time."""
        return Order(
            lab=self.lab,
            profile=self.profile,
            pack=str(self.pack.absolute()),
            handin=str(handin.absolute()),
            digest=self.digest,
            # Each of those that wait for the timing lock holds it for a duel.
            patience=PATIENCE + jobs * Plan().seconds,
            kept=self.kept,
        )


class Executor(Protocol):
    """What runs jobs, `jobs` at a time; a context manager that ends them all."""

    jobs: int

    def submit(self, job: Job, on_event: OnEvent) -> Future[Event]:
        """Run a job; its pieces are told as they come, from any thread."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def default_jobs() -> int:
    """As many as there are processors and memory for."""
    return max(1, min(usable_cpus(), free_memory() // JOB_BYTES))


class Local:
    """Processes on this machine."""

    def __init__(self, jobs: int) -> None:
        """Nothing runs yet."""
        self.jobs = jobs
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="job")
        self._processes = Processes()

    def submit(self, job: Job, on_event: OnEvent) -> Future[Event]:
        """Run a job when its turn comes."""
        return self._pool.submit(self._run, job, on_event)

    def _run(self, job: Job, on_event: OnEvent) -> Event:
        try:
            with gathered(job.delivery) as path:
                return self._processes.run(job.order(path, self.jobs), job.seconds, on_event)
        except LabbenchError as error:
            if error.text.key.startswith("handin."):
                return Event(why=error.text)
            raise  # the journal cannot be written, say

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._processes.__exit__()
        self._pool.shutdown(cancel_futures=True)
