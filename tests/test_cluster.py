"""A class graded on a Dask cluster: as on this machine, also when a worker is killed in the middle."""

from __future__ import annotations

import os
import signal

import pytest

from labbench import catalogue, handin, resources
from labbench.errors import LabbenchError
from labbench.gradebook import cluster, discovery
from labbench.gradebook.executors import Job, Local
from labbench.results import Level, Profile
from labbench.scoring import Pieces
from tests.test_cli import descendants, wait_for
from tests.test_grade import hand_in

distributed = pytest.importorskip("distributed")
FILES = catalogue.load().labs["3-1"].files


def job(folder, level=Level.LIMITED, digest=None, seconds=300.0):
    (found,) = discovery.find(folder)
    with handin.opened(found.delivery.paths[0], FILES) as snapshot:
        digest = digest or snapshot.digest
    return Job(
        "3-1", Profile.QUICK, resources.practice_pack("lab3_1"), found.delivery, digest, level, seconds, Pieces()
    )


@pytest.fixture
def workers():
    """Two worker processes, and the address of their scheduler."""
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as local:
        yield local


def address(workers):
    return workers.scheduler_address.replace("tcp://", cluster.SCHEME)


def checks(event):
    return {c.check: (c.verdict, c.why and c.why.key) for c in event.card.checks}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_graded_as_on_this_machine_and_again_when_a_worker_is_killed(tmp_path, workers):
    # The note on which of two was taken travels too.
    for folder in ("ann/work", "ann/old/work"):
        hand_in(tmp_path / "in" / folder, resources.template("lab3_1"), folder)
    work = job(tmp_path / "in", Level.STRONG)
    pieces = []
    with Local(1) as local:
        here = local.submit(work, lambda _: None).result()
    with cluster.Cluster(address(workers)) as executor:
        there = executor.submit(work, lambda event: pieces.append(event.pieces)).result()
        assert checks(there) == checks(here)
        assert there.card.handin == work.digest
        assert there.card.notes == here.card.notes
        assert any(note.key == "note.candidates" for note in here.card.notes)
        assert {p.scenario for each in pieces for p in each.parts} >= {"conv", "pool"}

        again = executor.submit(work, lambda _: None)
        # Whichever it is: while one waited for the idle one, the other would be done.
        assert wait_for(lambda: any(descendants(w.pid) for w in workers.workers.values()))
        (busy,) = (w for w in workers.workers.values() if descendants(w.pid))
        below = descendants(busy.pid)
        os.kill(busy.pid, signal.SIGKILL)
        assert checks(again.result(timeout=120)) == checks(here)
        assert wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in below))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_what_a_worker_refuses_is_no_grade(tmp_path, workers, monkeypatch):
    hand_in(tmp_path / "in" / "ann", resources.template("lab3_1"), "ann")
    with cluster.Cluster(address(workers)) as executor:
        changed = executor.submit(job(tmp_path / "in", digest="0" * 64), lambda _: None).result()
        monkeypatch.setattr(cluster, "sources", lambda _: "another")
        other = executor.submit(job(tmp_path / "in"), lambda _: None).result()
    assert [(e.card, e.why.key) for e in (changed, other)] == [
        (None, "grade.changed"),
        (None, "grade.other_labbench"),
    ]


def test_where_nobody_answers(monkeypatch):
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 0.2)
    with pytest.raises(LabbenchError, match=r"No Dask scheduler answers at dask://127\.0\.0\.1:9 "):
        cluster.Cluster("dask://127.0.0.1:9")


def test_a_folder_survives_the_way(tmp_path):
    folder = tmp_path / "a"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "\u7b54.py").write_bytes(b"\x00\xff")
    cluster._unpack(cluster.packed(folder), tmp_path / "c")
    assert (tmp_path / "c" / "b" / "\u7b54.py").read_bytes() == b"\x00\xff"
