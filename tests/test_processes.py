"""Job processes: their time, their turn, their end, and that nothing of them is left."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from labbench import handin, resources
from labbench.catalogue import load
from labbench.gradebook import processes
from labbench.gradebook.job import Event, Order
from labbench.gradebook.lines import decode, encode
from labbench.gradebook.processes import Processes
from labbench.results import Profile, Verdict, text
from labbench.scoring import Part, Pieces
from tests.test_cli import alive, wait_for
from tests.test_grade import hand_in

ORDER = Order("3-1", Profile.QUICK, "pack", "handin", "digest")
#: What a stand-in for the job can say.
HEAD = """
import json, os, sys, time
order = json.loads(sys.stdin.readline())
def say(**event):
    print(json.dumps(event), flush=True)
def part(name):
    say(pieces={"parts": [{"scenario": name, "case": "c", "results": [], "seconds": {}}]})
def refuse(key):
    say(why={"key": key, "values": {}})
"""


@pytest.fixture
def job(monkeypatch):
    """Makes jobs run this body."""

    def made(body):
        started = []

        def start():
            started.append(
                subprocess.Popen(
                    [sys.executable, "-c", HEAD + body],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    start_new_session=True,
                )
            )
            return started[-1]

        monkeypatch.setattr(processes, "_start", start)
        return started

    return made


def test_orders_and_events_travel_as_they_are():
    name = os.fsdecode("张三".encode("gbk"))
    order = replace(ORDER, handin=name, kept=Pieces(parts=(Part("conv", "c", (), {"output": math.inf}),)))
    assert decode(encode(order), Order) == order
    event = Event(why=text("handin.not_there", path=name))
    assert decode(encode(event), Event) == event


def run(seconds=20.0, order=ORDER):
    heard = []
    with Processes() as running:
        return running.run(order, seconds, heard.append), heard


def test_what_a_job_says_is_heard_and_its_last_word_counts(job):
    job("part('a'); part('b'); refuse('handin.empty'); part('c')")
    last, heard = run()
    assert last == Event(why=text("handin.empty"))
    assert [p.scenario for event in heard for p in event.pieces.parts] == ["a", "b"]


@pytest.mark.parametrize(
    ("body", "status"), [("part('a'); os._exit(7)", 7), ("os.kill(os.getpid(), 9)", -9), ("print('{', end='')", 0)]
)
def test_a_job_that_dies_is_our_failure(job, body, status):
    job(body)
    assert run()[0] == Event(why=text("grade.job_died", status=status))


def test_waiting_for_ones_turn_costs_no_time(job):
    job("say(waiting=True); time.sleep(1.5); say(waiting=False); refuse('handin.empty')")
    assert run(0.8)[0].why.key == "handin.empty"
    job("say(waiting=False); time.sleep(1.5); refuse('handin.empty')")
    assert run(0.8)[0].why.key == "grade.too_long"


def test_when_time_is_up_what_there_is_is_closed(job, monkeypatch):
    """The second job is told what the first one had, and to run nothing."""
    monkeypatch.setattr(processes, "_GRACE_SECONDS", 0.2)
    started = job("""
if order["closing"]:
    refuse("+".join(p["scenario"] for p in order["kept"]["parts"]))
part("b"); time.sleep(60)
""")
    kept = Pieces(parts=(Part("a", "c", (), {}),))
    said = []
    monkeypatch.setattr(processes, "encode", lambda order: said.append(order) or encode(order))
    with Processes() as running:
        last = running.run(Order("3-1", Profile.QUICK, "p", "h", "d", kept=kept), 1.0, lambda _: None)
    first, second = said
    assert (first.closing, second.closing) == (False, True)
    assert [p.scenario for p in second.kept.parts] == ["a", "b"]
    assert last.why.key == "grade.too_long"  # the stand-in makes no card
    assert not any(alive(process.pid) for process in started)


def test_closing_them_ends_all_and_starts_no_more(job):
    started = job("time.sleep(60)")
    ended = []
    with Processes() as running:
        thread = threading.Thread(target=lambda: ended.append(running.run(ORDER, 60.0, lambda _: None)))
        thread.start()
        assert wait_for(lambda: started)
    thread.join(10)
    assert [e.card for e in ended] == [None]
    assert not alive(started[0].pid)
    assert running.run(ORDER, 1.0, lambda _: None) == Event(why=text("grade.stopped"))
    assert len(started) == 1


def test_a_hand_in_called_labbench_is_not_what_is_imported(tmp_path, monkeypatch):
    (tmp_path / "labbench").mkdir()
    (tmp_path / "labbench" / "__init__.py").write_text("import os; os._exit(66)")
    monkeypatch.chdir(tmp_path)
    assert run(60.0)[0].why.key == "pack.no_pack"


def test_a_job_ends_in_order_while_its_orderer_is_still_there():
    """Nothing that waits for the end of stdin may stand in the way of the interpreter's."""
    command = [sys.executable, "-P", "-m", "labbench.gradebook.job"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(encode(ORDER))
        process.stdin.flush()
        assert decode(process.stdout.readline(), Event).why.key == "pack.no_pack"
        assert (process.wait(20), process.stderr.read()) == (0, b"")


@pytest.mark.slow
def test_a_hand_in_over_its_time_keeps_what_it_has(tmp_path):
    """With a real job: what was run counts, what was not says so, and no answer is undecided."""
    hand_in(tmp_path / "ann", resources.PACKAGE.parent / "examples" / "lab3_1_right", "ann")
    with handin.opened(tmp_path / "ann", load().labs["3-1"].files) as snapshot:
        digest = snapshot.digest
    order = Order("3-1", Profile.QUICK, str(resources.practice_pack("lab3_1")), str(tmp_path / "ann"), digest)
    heard = []
    with Processes() as running:
        last = running.run(order, 4.5, heard.append)
    done = {result.check for event in heard for part in event.pieces.parts for result in part.results}
    verdicts = {c.check: (c.verdict, c.why and c.why.key) for c in last.card.checks}
    assert {c for c, (v, _) in verdicts.items() if v is Verdict.PASS} == done
    assert {v for c, v in verdicts.items() if c not in done} == {(Verdict.SKIPPED, "check.cut")}
    assert last.card.final
    assert "note.cut" in {note.key for note in last.card.notes}
