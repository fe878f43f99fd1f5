"""Jobs on a Dask cluster, by its concurrent.futures interface (`pip install labbench[dask]`).

Hand-ins and packs travel as bytes; a worker grades as this machine would: a process tree for each hand-in, its own
isolation probed before hidden answers come near it, its own clocks, its machine's own timing lock. When a worker is
lost, Dask gives its hand-ins to another, and the jobs it had started end themselves. What a broken-off hand-in had
come to stays with the worker: it is graded again from where the journal has it.
"""

from __future__ import annotations

import io
import zipfile
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from labbench import catalogue, handin, scratch
from labbench.errors import LabbenchError
from labbench.gradebook.discovery import gathered
from labbench.gradebook.job import Event, Order
from labbench.gradebook.keys import sources
from labbench.gradebook.lines import decode, encode
from labbench.gradebook.processes import Processes
from labbench.handin.finding import PACKAGE
from labbench.results import text

if TYPE_CHECKING:
    from labbench.gradebook.executors import Job
    from labbench.gradebook.processes import OnEvent

SCHEME = "dask://"
_CONNECT_SECONDS = 10


class Cluster:
    """The workers of a scheduler."""

    def __init__(self, address: str, jobs: int | None = None) -> None:
        """Connect.

        Args:
            address: Like dask://HOST:PORT.
            jobs: How many at a time, if fewer than the workers' threads.

        Raises:
            LabbenchError: Dask is not installed here, nobody answers, or there are no workers.
        """
        try:
            import dask
            from distributed import Client
        except ImportError as error:
            raise LabbenchError("grade.no_dask", address=address) from error
        # A pack is the larger part of what a hand-in needs; it travels once.
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "64MiB"})
        try:
            connect: Any = Client  # Dask's types are incomplete
            self._client = connect(address.replace(SCHEME, "tcp://", 1), timeout=_CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            raise LabbenchError("grade.no_scheduler", address=address, reason=str(error)[:200]) from error
        threads = sum(self._client.nthreads().values())
        if not threads:
            self._client.close()
            raise LabbenchError("grade.no_workers", address=address)
        self.jobs = min(jobs or threads, threads)
        self._executor = self._client.get_executor(pure=False)
        self._pool = ThreadPoolExecutor(self.jobs, thread_name_prefix="job")
        self._packs: dict[Path, Any] = {}

    def submit(self, job: Job, on_event: OnEvent) -> Future[Event]:
        """Send a job when its turn comes."""
        if job.pack not in self._packs:
            # A task and not scattered data, which would be lost with the worker that has it.
            self._packs[job.pack] = self._client.submit(_same, packed(job.pack), pure=False)
        return self._pool.submit(self._run, job, on_event)

    def _run(self, job: Job, on_event: OnEvent) -> Event:
        files = catalogue.load().labs[job.lab].files
        try:
            with gathered(job.delivery) as path, handin.opened(path, files) as snapshot:
                work, candidates = packed(snapshot.package), snapshot.candidates
        except LabbenchError as error:
            return Event(why=error.text)
        # Where pack and hand-in lie is for the worker to say.
        order = replace(job.order(Path(), self.jobs), level=job.level, candidates=candidates)
        try:
            sent = self._executor.submit(
                graded, encode(order), self._packs[job.pack], work, job.seconds, sources(job.lab)
            )
            pieces, last = sent.result()
        except Exception as error:  # noqa: BLE001 - whatever became of the worker, it is our failure
            return Event(why=text("grade.worker_lost", reason=f"{type(error).__name__}: {error}"[:300]))
        for piece in pieces:
            on_event(decode(piece, Event))
        return decode(last, Event)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._client.close()
        self._pool.shutdown()


def graded(order: bytes, pack: bytes, work: bytes, seconds: float, source: str) -> tuple[tuple[bytes, ...], bytes]:
    """On a worker: grade what came; the pieces by scenario, and the last event."""
    asked = decode(order, Order)
    if sources(asked.lab) != source:
        return (), encode(Event(why=text("grade.other_labbench")))
    said: list[bytes] = []
    with scratch.folder() as folder, Processes() as processes:
        _unpack(pack, folder / "pack")
        _unpack(work, folder / "work" / PACKAGE)
        here = replace(asked, pack=str(folder / "pack"), handin=str(folder / "work"))
        last = processes.run(here, seconds, lambda event: said.append(encode(event)))
    return tuple(said), encode(last)


def _same(content: bytes) -> bytes:
    return content


def packed(folder: Path) -> bytes:
    """The files of a folder of ours, as one archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.writestr(path.relative_to(folder).as_posix(), path.read_bytes())
    return content.getvalue()


def _unpack(content: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
