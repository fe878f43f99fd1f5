"""What a session may ask its service, and what it may not; through the real workers."""

from __future__ import annotations

import contextlib
import gc
import weakref

import numpy as np
import pytest

from labbench.catalogue import Limits
from labbench.labs import Case
from labbench.observe import Setting, record
from labbench.results import Fault, Verdict, text
from labbench.worker.remote import Spec, fetch, root, service_of
from labbench.worker.workspace import Workspace
from labbench.worker.zygote import Workers

CLIENT = """
from labbench_inside.service import ask

def double(array):
    told, (back,) = ask("double", 2, arrays=[array])
    return back, told
"""
HANDIN = """
import threading
import numpy as np
import toydevice

def run(array):
    return toydevice.double(array)[0]

def told():
    return toydevice.double(np.ones(3))[1]

def raw(op, array):
    from labbench_inside.service import ask
    return ask(op, arrays=[array])[0]

def together():
    found = []
    def work(i):
        for _ in range(20):
            found.append(float(toydevice.double(np.full(1000, float(i)))[0].sum()) == 2000.0 * i)
    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return float(sum(found))

class Later:
    def __init__(self):
        def ask():
            import time
            time.sleep(0.2)
            toydevice.double(np.ones(3))
        threading.Thread(target=ask, daemon=True).start()

def nothing():
    return 1.0
"""


class Doubler:
    """Doubles small float64 vectors; remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def admits(self, op, announced):
        return op in ("double", "refuse") and all(
            dtype == "float64" and len(shape) == 1 and shape[0] <= 5000 for dtype, shape in announced
        )

    def answer(self, op, args, arrays):
        self.asked.append((op, args, [a.shape for a in arrays]))
        if op == "refuse":
            raise Fault(Verdict.FORBIDDEN, text("fault.protocol"))
        return {"asked": len(self.asked)}, [args[0] * a if args else a for a in arrays]


@contextlib.contextmanager
def placed(tmp_path):
    """Workers, and the code of a hand-in with its client module."""
    package = tmp_path / "stu_upload"
    package.mkdir()
    (package / "lab.py").write_text(HANDIN)
    # A file of the hand-in's by the client's name hides nothing.
    (package / "toydevice.py").write_text("def double(array):\n    return [array * 0, 0]\n")
    client = tmp_path / "toydevice.py"
    client.write_text(CLIENT)
    with Workspace(package, {}, [client]) as workspace, Workers() as workers:
        yield workers, workspace.code


@contextlib.contextmanager
def opened(tmp_path, service):
    with (
        placed(tmp_path) as (workers, code),
        workers.session(code, Limits(cpu_seconds=3), service=service) as session,
    ):
        yield root(session).lab


def test_a_client_asks_while_a_call_is_answered(tmp_path):
    service = Doubler()
    with opened(tmp_path, service) as lab:
        np.testing.assert_array_equal(fetch(lab.run(np.arange(4.0)), Spec()), 2 * np.arange(4.0))
        assert service_of(lab) is service
    assert service.asked == [("double", [2], [(4,)])]


def test_threads_may_ask_in_turn(tmp_path):
    with opened(tmp_path, Doubler()) as lab:
        assert fetch(lab.together(), Spec()) == 80


@pytest.mark.parametrize("op", ["double", "refuse", "raise"])
def test_a_service_goes_with_its_session(tmp_path, op):
    """However that ends, and at once: it may hold a gigabyte, and the record of its session is kept."""

    def scenario(student, _case):
        kept = service_of(student)
        yield "asked", np.array(len(kept.asked))
        yield "first", student.lab.raw(op, np.zeros(3)) if op != "raise" else student.lab.nothing(1)

    made = []

    def service():
        doubler = Doubler()
        made.append(weakref.ref(doubler))
        return doubler

    gc.collect()
    gc.disable()
    try:
        with placed(tmp_path) as (workers, code):
            setting = Setting(workers, code, Limits(cpu_seconds=3), retry=False, service=service)
            kept = record(setting, ("own", scenario), Case("case"))
            assert isinstance(kept.ended or kept.observations[-1].value, Fault)
            assert made[0]() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("op", "array"),
    [("double", np.zeros(5001)), ("double", np.zeros(3, np.float32)), ("other", np.zeros(3)), ("refuse", np.zeros(3))],
    ids=["too large", "another dtype", "another op", "refused"],
)
def test_what_the_service_does_not_take_ends_the_session(tmp_path, op, array):
    with opened(tmp_path, Doubler()) as lab:
        with pytest.raises(Fault) as caught:
            lab.raw(op, array)
        assert caught.value.verdict is Verdict.FORBIDDEN
        with pytest.raises(Fault):
            lab.nothing()


def test_without_a_service_nothing_may_be_asked(tmp_path):
    with opened(tmp_path, None) as lab, pytest.raises(Fault) as caught:
        lab.run(np.ones(3))
    assert caught.value.verdict is Verdict.FORBIDDEN


def test_nothing_may_be_asked_between_the_requests(tmp_path):
    """The thread is stopped with its session."""
    service = Doubler()
    with opened(tmp_path, service) as lab:
        lab.Later()
        assert fetch(lab.nothing(), Spec()) == 1
        assert service.asked == []


def test_time_in_the_service_counts_against_the_wall_limit(tmp_path, monkeypatch):
    """Nothing else bounds a hand-in that lets a device work for it for ever."""
    clock = [0]
    from labbench import timing

    real = timing.wall_ns
    monkeypatch.setattr(timing, "wall_ns", lambda: real() + clock[0])

    class Slow(Doubler):
        def answer(self, op, args, arrays):
            clock[0] += int(20e9)
            return super().answer(op, args, arrays)

    with opened(tmp_path, Slow()) as lab, pytest.raises(Fault) as caught:
        lab.run(np.ones(3))
    assert caught.value.verdict is Verdict.TIMEOUT
