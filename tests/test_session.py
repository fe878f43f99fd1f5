"""The grader's end of a session: forged answers, clocks, what a session holds and what it does not."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import textwrap
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labbench.catalogue import Limits
from labbench.results import Fault, Verdict
from labbench.texts.untrusted import clean
from labbench.worker import session as session_module
from labbench.worker.remote import Spec, fetch, fetch_plain, root, shape_of
from labbench.worker.session import Session
from labbench.worker.zygote import Workers, Zygote
from tests import rig as rigs
from tests.rig import LIMITS, POOLED, X, layer, said
from tests.test_wire import JSON

ROOMY = Limits(cpu_seconds=5, memory_mib=256)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with rigs.opened(tmp_path_factory.mktemp("handins")) as rig:
        yield rig


@pytest.fixture
def rig(shared):
    shared.assert_clean()
    before = rigs.descriptors()
    yield shared
    shared.assert_clean()
    assert rigs.descriptors() == before


# -- forged answers, from a process ---------------------------------------------------------------------------

_SOCKET = (
    "fd = next(n for n in range(3, 64) if os.path.exists(f'/proc/self/fd/{n}') and stat.S_ISSOCK(os.stat(n).st_mode))"
)
_FRAME = """
def frame(h, rest=b''):
    d = h if isinstance(h, bytes) else json.dumps(h).encode()
    return struct.pack('<I', len(d)) + d + rest
"""


def forging(code):
    """A layer that writes to the grader's socket in `forward`."""
    return layer(f"{_SOCKET}\n{_FRAME}\nsend = lambda b: socket.socket(fileno=os.dup(fd)).sendall(b)\n{code}")


WAIT = "\nwhile True: time.sleep(1)"
ANSWER = "send(frame({'handle': 9}))"
ARRAY = "send(frame({'array': True, 'arrays': [['float32', [2, 3, 2, 2]]]}, np.zeros((2, 3, 2, 2), 'f4').tobytes()))"


@pytest.mark.parametrize(
    ("code", "keys"),
    [
        (ANSWER, {"fault.unasked", "fault.protocol"}),
        ("send(frame({'handle': 9}) * 2)" + WAIT, {"fault.unasked"}),
        (
            "send(frame({'handle': 9}, frame({'array': True, 'arrays': [['bool', [1]]]}, b'a')))" + WAIT,
            {"fault.unasked"},
        ),
        ("send(struct.pack('<I', 1 << 31))" + WAIT, {"fault.protocol"}),
        ("send(frame(b'not JSON'))" + WAIT, {"fault.protocol"}),
        ("send(frame(b'[' * 200000))" + WAIT, {"fault.protocol"}),
        ("send(frame(b'{\"a\":' * 100000))" + WAIT, {"fault.protocol"}),
        ("send(frame(b'{\"handle\":' + b'9' * 5000 + b'}'))" + WAIT, {"fault.protocol"}),
        ("send(frame(b'{\"handle\":' + b'9' * 4000 + b'}'))" + WAIT, {"fault.protocol"}),
        ("send(frame({'handle': True}))" + WAIT, {"fault.protocol"}),
        ("send(frame({'handle': -1}))" + WAIT, {"fault.protocol"}),
        ("send(frame([]))" + WAIT, {"fault.protocol"}),
        ("send(frame({'fault': []}))" + WAIT, {"fault.protocol"}),
        ("send(frame({}))" + WAIT, {"fault.protocol"}),
        ("os.close(fd)", {"fault.protocol"}),
        ("os.dup2(os.open('/dev/null', os.O_RDWR), fd)" + WAIT, {"fault.protocol"}),
        ("socket.socket(fileno=fd).shutdown(socket.SHUT_RDWR)" + WAIT, {"fault.protocol"}),
        ("socket.socket(fileno=fd).shutdown(socket.SHUT_RD)", {"fault.protocol"}),
    ],
)
def test_forged_answers(rig, code, keys):
    fault = rig.fault(forging(code))
    assert fault.why.key in keys, said(fault)
    assert fault.verdict is Verdict.FORBIDDEN


def test_answers_for_requests_to_come(rig):
    """A thread that answers all the time: too early is FORBIDDEN, in time is an answer like any other, and judged."""
    code = f"""
def later():
    while True:
        {ARRAY}
        time.sleep(0.0005)
threading.Thread(target=later).start()
time.sleep(0.01)"""
    for _ in range(5):
        seen = rig.record(forging(code))
        value = seen.observations[0].value if seen.observations else seen.ended
        assert value.verdict is Verdict.FORBIDDEN if isinstance(value, Fault) else not value.any()


def answering(replies):
    """A hand-in that replaces the packing of answers: `replies(header, arrays)` gives the buffers."""
    return (
        "import json, os, struct, time\nimport numpy as np\nimport labbench_inside.wire as wire\n"
        + _FRAME
        + "\nhonest = wire.pack\n"
        + textwrap.dedent(replies).strip()
        + "\nwire.pack = pack\n"
        + layer()
    )


@pytest.mark.parametrize(
    ("reply", "keys"),
    [
        ("[['float64', [2, 3, 2, 2]]]", {"value"}),
        ("[['float32', [2, 3, 2, 3]]]", {"fault.protocol"}),
        ("[['object', [2, 3, 2, 2]]]", {"fault.protocol"}),
        ("[['float32', [1 << 30, 1 << 30]]]", {"fault.protocol"}),
        ("[['float32', [2, 3, 2, 2]]] * 2", {"fault.protocol"}),
        ("[]", {"fault.protocol"}),
        ("'float32'", {"fault.protocol"}),
        ("None", {"fault.protocol"}),
    ],
)
def test_wrong_announcements(rig, reply, keys):
    source = answering(f"""
        def pack(header, arrays=()):
            if 'array' in header:
                return [frame({{'array': True, 'arrays': {reply}}}, bytes(192))]
            return honest(header, arrays)
        """)
    seen = rig.record(source, wanted=lambda _: Spec(shape=POOLED.shape))
    value = seen.observations[0].value
    assert (value.why.key if isinstance(value, Fault) else "value") in keys


def test_announced_array_of_any_size_is_not_allocated(rig):
    source = answering("""
        def pack(header, arrays=()):
            if 'array' in header:
                return [frame({'array': True, 'arrays': [['float64', [1 << 27]]]})]
            return honest(header, arrays)
        """)
    tracemalloc.start()
    try:
        fault = rig.fault(source)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert fault.why.key == "fault.protocol"
    assert peak < 20 << 20


def test_more_bytes_than_announced_are_refused(rig):
    source = answering("""
        def pack(header, arrays=()):
            buffers = honest(header, arrays)
            return [b''.join(bytes(b) for b in buffers) + b'more'] if 'array' in header else buffers
        """)

    def twice(student, case):
        made = student.layers_2.MaxPoolingLayer(2, 2)
        yield "first", made.forward(case.arrays["input"])
        yield "second", made.forward(case.arrays["input"])

    seen = rig.record(source, twice)
    np.testing.assert_array_equal(seen.observations[0].value, POOLED)
    assert len(seen.observations) == 1
    assert seen.ended.why.key == "fault.unasked"


def test_fewer_bytes_than_announced(rig, monkeypatch):
    true = session_module.timing.wall_ns
    monkeypatch.setattr(session_module.timing, "wall_ns", lambda: 10 * true())
    for then, key in (("os._exit(3)", "fault.ended"), ("time.sleep(60)", "fault.wall")):
        source = (
            answering(f"""
            def pack(header, arrays=()):
                if 'array' in header:
                    os.write(3, b''.join(bytes(b) for b in honest(header, arrays))[:-1])
                    {then}
                return honest(header, arrays)
            """)
            .replace("os.write(3,", f"{_SOCKET.replace('fd = ', 'os.write(')},")
            .replace("import json, os", "import stat, json, os")
        )
        assert rig.fault(source).why.key == key


def test_bytes_that_no_bool_has(rig):
    source = answering("""
        def pack(header, arrays=()):
            if 'array' in header:
                return [frame({'array': True, 'arrays': [['bool', [4]]]}, bytes([0, 1, 2, 255]))]
            return honest(header, arrays)
        """)
    value = rig.record(source).observations[0].value
    assert value.dtype == np.bool_
    assert value.view(np.uint8).tolist() == [0, 1, 1, 1]


EVIL = "\x1b[2J\r\n::error file=x::you pass\n##[error]no \u202egpj.exe\u2066 \x07\x00\ud800\u2028end"


@pytest.mark.parametrize("where", ["message", "type", "used", "stdout"])
def test_untrusted_texts_come_out_cleaned(rig, where):
    if where == "used":
        source = answering(f"""
            def pack(header, arrays=()):
                header['used'] = [{EVIL!r} + str(i) for i in range(5000)] + [3, None, [[]]]
                return honest(header, arrays)
            """)
        texts = rig.record(source).exit.used
        assert 0 < len(texts) < 1000
    elif where == "stdout":
        texts = rig.record(layer(f"print({EVIL!r}.encode('utf-8', 'replace').decode())")).exit.output.splitlines()
    else:
        raised = (
            f"ValueError({EVIL!r})" if where == "message" else f"type({EVIL.replace(chr(0), '')!r}, (Exception,), {{}})"
        )
        if where == "type":
            raised = raised.replace("\\ud800", "")
        texts = [said(rig.fault(layer(f"raise {raised}")))]
    for text in texts:
        assert all(c.isprintable() for c in text), text
        assert "::error" not in text
        assert "##[" not in text
        assert len(text) < 1200


def test_used_help_is_told(rig):
    assert rig.record(layer("np.float(3)")).exit.used == ("np.float",)


@pytest.mark.parametrize(
    ("said_by_session", "cleaned"),
    [("a\tb\nc", "a b c"), ("x[::n, ::-1]", "x[: :n, ::-1]"), ("中文 é", "中文 é"), ("y" * 400, "y" * 299 + "…")],
)
def test_clean(said_by_session, cleaned):
    assert clean(said_by_session) == cleaned


# -- forged answers, from a peer without a process --------------------------------------------------------------

NOBODY = 4_000_000  # beyond the largest pid


@contextlib.contextmanager
def told(data):
    """A session without a process, whose other end has said `data` and nothing more."""
    ours, theirs = socket.socketpair()
    pipes = os.pipe(), os.pipe()
    with theirs, pytest.MonkeyPatch.context() as patch:
        patch.setattr(session_module.timing, "cpu_ns", lambda pid: 0)
        patch.setattr(session_module, "stop", lambda pid: None)
        patch.setattr(session_module, "ended", lambda pid: True)
        patch.setattr(Session, "_refuse_unasked", lambda self: None)
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        for _, write in pipes:
            os.close(write)
        with Session(NOBODY, ours, pipes[0][0], pipes[1][0], LIMITS, lambda pid: {"status": 9}) as session:
            yield session


HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "handle": JSON,
        "array": JSON,
        "arrays": st.lists(st.tuples(st.sampled_from(["float32", "bool", "object"]), st.lists(st.integers(-1, 3))))
        | JSON,
        "seen": st.tuples(st.text(), st.text(), st.lists(st.integers())).map(list) | JSON,
        "plain": JSON,
        "used": st.lists(JSON) | JSON,
        "fault": st.fixed_dictionaries(
            {}, optional={"kind": st.sampled_from(["blank", "memory", "exit", "missing", "process", "no_module"])
                          | JSON,
                          **{k: st.text() | JSON for k in ("type", "message", "file", "line", "code", "owner",
                                                           "missing", "nearest")}},
        ) | JSON,
    },
)  # fmt: skip
ASK = {
    "call": lambda r: r.layers_1.f(),
    "fetch": lambda r: fetch(r.layers_1.f, Spec(limit=64)),
    "fetch of a shape": lambda r: fetch(r.layers_1.f, Spec((1, 2))),
    "look": lambda r: shape_of(r.layers_1.f),
    "plain": lambda r: fetch_plain(r.layers_1.f),
}


@settings(deadline=None)
@given(ask=st.sampled_from(sorted(ASK)), data=st.binary(max_size=64) | HEADERS, rest=st.binary(max_size=64))
def test_any_answer_gives_a_fault_or_a_plain_value(ask, data, rest):
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    framed = body if isinstance(data, bytes) else struct.pack("<I", len(body)) + body
    with told(framed + rest) as session:
        try:
            got = ASK[ask](root(session))
        except Fault as fault:
            got = said(fault)
            ask = "plain"
    if ask.startswith("fetch"):
        assert type(got) is np.ndarray
        assert got.nbytes <= 64
    elif ask == "look":
        assert all(type(n) is int for n in got)
    elif ask == "plain":
        assert isinstance(got, float | list) or got.isprintable()


@pytest.mark.parametrize("depth", range(850, 1000, 3))
def test_nesting_just_below_what_json_takes(depth):
    """What could be read but not shown again once broke the grader."""
    nested = "[" * depth + "]" * depth
    for key in ("fault", "used"):
        body = f'{{"{key}": {{"message": {nested}, "kind": {nested}}}, "used": [{nested}]}}'.encode()
        with told(struct.pack("<I", len(body)) + body) as session, contextlib.suppress(Fault):
            root(session).layers_1.f()


def test_large_numbers():
    digits = "9" * 4000
    for header in (f'{{"seen": ["ndarray", "float32", [{digits}]]}}', f'{{"plain": {digits}}}',
                   f'{{"fault": {{"file": "a.py", "line": {digits}}}}}',
                   '{"array": 1, "arrays": [["float32", [0, 549755813888, 549755813888]]]}'):  # fmt: skip
        for ask in ASK.values():
            with told(struct.pack("<I", len(header)) + header.encode()) as session:
                with pytest.raises(Fault) as raised:
                    ask(root(session))
                assert len(said(raised.value)) < 200


# -- after the end ----------------------------------------------------------------------------------------------


def test_after_its_end_a_session_gives_the_same_fault(rig):
    with contextlib.ExitStack() as stack:
        session = rig.session(stack, "import os\ndef die(): os._exit(4)\ndef f(): return 1\n")
        module = root(session).layers_2
        kept = module.f()
        with pytest.raises(Fault) as first:
            module.die()
        for ask in (module.f, lambda: fetch(kept, Spec()), lambda: shape_of(kept)):
            with pytest.raises(Fault) as later:
                ask()
            assert later.value is first.value
        assert session.end is first.value
        assert not rigs.alive(session.pid)
        assert session.close() == session.close()


def test_an_exception_does_not_end_a_session(rig):
    with contextlib.ExitStack() as stack:
        session = rig.session(stack, "def f(): 1 / 0\ndef g(): return 1.5\n")
        with pytest.raises(Fault):
            root(session).layers_2.f()
        assert session.end is None
        assert fetch_plain(root(session).layers_2.g()) == 1.5


def test_an_interruption_while_a_session_is_forked_leaves_nothing_open(rig, monkeypatch):
    def interrupted(_self):
        raise KeyboardInterrupt

    with rig.workspace("") as workspace:
        before = rigs.descriptors()
        with Workers({"off": rigs.BEYOND_THE_CORE}) as workers, monkeypatch.context() as patch:
            assert workers.isolation
            patch.setattr(Zygote, "_read_line", interrupted)
            with pytest.raises(KeyboardInterrupt):
                workers.session(workspace.code, LIMITS)
        gc.collect()
        assert rigs.descriptors() == before


def test_session_killed_from_outside_while_it_is_stopped(rig):
    with contextlib.ExitStack() as stack:
        session = rig.session(stack, "def g(): return 1.5\n")
        assert fetch_plain(root(session).layers_2.g()) == 1.5
        os.kill(session.pid, signal.SIGTERM)
        os.kill(session.pid, signal.SIGCONT)
        time.sleep(0.1)
        with pytest.raises(Fault) as raised:
            root(session).layers_2.g()
        assert said(raised.value) == "The process crashed (SIGTERM)."


def test_output_is_heard_as_it_comes(rig):
    heard = []
    with contextlib.ExitStack() as stack:
        session = rig.session(stack, "def f():\n    print('one')\n", on_output=heard.append)
        root(session).layers_2.f()
        assert b"".join(heard) == b"one\n"


# -- the clocks -------------------------------------------------------------------------------------------------

_WORK = """
import os, signal, threading, time
spent = 0.0
def work(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return 1
def rest(seconds):
    time.sleep(seconds)
    return 1
def _spin():
    global spent
    while True:
        spent = time.thread_time()
def spin():
    threading.Thread(target=_spin, daemon=True).start()
    return 1
def wake():
    parent = os.getpid()
    if os.fork() == 0:
        for _ in range(100):
            time.sleep(0.005)
            os.kill(parent, signal.SIGCONT)
        os._exit(0)
    return 1
def seen():
    return spent
"""


def test_ledger_counts_cpu_time(rig):
    with contextlib.ExitStack() as stack:
        session = rig.session(stack, _WORK, ROOMY)
        module = root(session).layers_2
        module.rest(0.0)
        module.work(0.3)
        module.rest(0.3)
        *_, worked, rested = session.ledger
        usage = session.close()
    assert worked.name == "layers_2.work"
    assert 0.3 <= worked.cpu_ns / 1e9 < 0.39
    assert worked.wall_ns >= 0.9 * worked.cpu_ns
    assert rested.cpu_ns < 0.02e9
    assert rested.wall_ns >= 0.3e9
    assert 0.3 <= usage.cpu_seconds < 0.6


def test_nothing_runs_between_requests(rig):
    with contextlib.ExitStack() as stack:
        module = root(session := rig.session(stack, _WORK, ROOMY)).layers_2
        module.spin()
        before = fetch_plain(module.seen())
        time.sleep(0.4)
        after = fetch_plain(module.seen())
        assert after - before < 0.1
        assert sum(c.gap_ns for c in session.ledger) < 1e6
        assert fetch_plain(module.work(0.0)) == 1.0


def test_work_between_requests_is_seen(rig):
    with contextlib.ExitStack() as stack:
        module = root(session := rig.session(stack, _WORK, ROOMY)).layers_2
        module.wake()
        module.spin()
        time.sleep(0.4)
        assert fetch_plain(module.rest(0.0)) == 1.0
        assert sum(c.gap_ns for c in session.ledger) > 0.1e9


def test_without_a_cpu_clock_the_wall_clock_stands_in_while_it_answers(rig, monkeypatch):
    monkeypatch.setattr("labbench.timing.FOREIGN_CPU_CLOCK", False)
    with contextlib.ExitStack() as stack:
        module = root(session := rig.session(stack, _WORK, LIMITS)).layers_2
        module.rest(0.0)
        time.sleep(LIMITS.cpu_seconds + 0.2)  # while it stands still
        module.rest(0.2)
        assert session.startup_ns == sum(c.gap_ns for c in session.ledger) == 0
        assert 0.2 <= session.ledger[-1].cpu_ns / 1e9 < 0.5
        with pytest.raises(Fault) as caught:
            module.rest(LIMITS.cpu_seconds + 0.5)
    assert caught.value.verdict is Verdict.TIMEOUT


# -- what a session holds ---------------------------------------------------------------------------------------


def test_environment_is_clean(rig, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.setenv("LABBENCH_PACK", "/goldens")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    rig.workers.close()  # so that a zygote is started with these
    source = "import os, sys\ndef names(): return sorted(os.environ)\ndef path(): return sys.path\n"
    with contextlib.ExitStack() as stack:
        module = root(rig.session(stack, source)).layers_2
        names, path = fetch_plain(module.names()), fetch_plain(module.path())
    assert set(names) <= {"PATH", "LANG", "LC_CTYPE", "HOME", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS",
                          "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "OPENBLAS_CORETYPE",
                          "OPENBLAS_L2_SIZE"}  # fmt: skip
    assert not [p for p in path if "elsewhere" in p or "site-packages" in p]


def test_open_descriptors_are_its_own(rig):
    source = """
        import os
        def held():
            return [f"{n}:{os.readlink(f'/proc/self/fd/{n}').partition(':')[0]}" for n in range(64)
                    if os.path.lexists(f"/proc/self/fd/{n}")]
        """
    with contextlib.ExitStack() as stack:
        first = rig.session(stack, textwrap.dedent(source))
        second = rig.session(stack, textwrap.dedent(source))
        for session in (first, second):
            held = fetch_plain(root(session).layers_2.held())
            assert held[:3] == ["0:/dev/null", "1:pipe", "2:pipe"]
            assert [h.partition(":")[2] for h in held[3:]] == ["socket"]


def test_no_file_can_be_written(rig):
    """Python's own `open` may write to memory instead; nothing reaches the disk, and trying is not deadly."""
    source = layer("""
        before = os.path.getsize(__file__)
        refused = 0
        for path in ('a', __file__):
            try:
                os.write(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY), b'#')
            except OSError:
                refused += 1
        for write in (lambda: open('b', 'w').write('text'), lambda: np.save('c.npy', x), lambda: x.tofile('d')):
            try:
                write()
            except (OSError, ValueError):
                pass
        sizes = [os.path.getsize(f) for f in os.listdir('.') if os.path.isfile(f)]
        y = np.array([refused, sum(sizes), os.path.getsize(__file__) - before])
        """)
    assert rig.record(source).observations[0].value.tolist() == [2, 0, 0]


def test_one_thread_and_no_standard_input(rig):
    source = layer("assert threading.active_count() == 1\ntry:\n    input()\nexcept EOFError:\n    raise LookupError")
    assert rig.fault(source).why.values["type"] == "LookupError"


# -- the end of the grader --------------------------------------------------------------------------------------

_GRADER = """
import sys, time
from pathlib import Path
from labbench.catalogue import Limits
from labbench.worker.remote import root
from labbench.worker.zygote import Code, Workers
workers = Workers({"off": ["landlock", "seccomp"]})
package = Path(sys.argv[1])
session = workers.session(Code(package.parent, package), Limits())
root(session).layers_2.f()
busy = workers.session(Code(package.parent, package), Limits())
print(workers._zygote._process.pid, session.pid, busy.pid, flush=True)
root(busy).layers_2.forever()
"""


def strays(pid):
    """The children of a session, waited for."""
    deadline = time.monotonic() + 5
    while not (found := rigs.children(pid)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return map(int, found)


_STRAYING = """
import os, time

def f():
    if os.fork() == 0:
        os.setsid()
        while True: time.sleep(1)
    return 1

def forever():
    f()
    while True: pass
"""


@pytest.mark.parametrize("also_stopped", [False, True], ids=["", "with its zygote stopped"])
def test_nothing_outlives_a_grader_that_is_killed(tmp_path, also_stopped):
    package = tmp_path / "stu_upload"
    package.mkdir()
    (package / "layers_2.py").write_text(_STRAYING)
    with subprocess.Popen([sys.executable, "-c", _GRADER, str(package)], stdout=subprocess.PIPE, text=True) as grader:
        pids = [int(pid) for pid in grader.stdout.readline().split()]
        assert len(pids) == 3
        (zygote,) = map(int, rigs.children(pids[0]))
        pids += [zygote, *strays(pids[1]), *strays(pids[2])]
        assert len(pids) == 6
        assert all(rigs.alive(pid) for pid in pids)
        if also_stopped:
            os.kill(zygote, signal.SIGSTOP)
        grader.kill()
    deadline = time.monotonic() + 5
    while any(rigs.alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [pid for pid in pids if rigs.alive(pid)] == []


def test_inputs_are_not_touched(rig):
    mine = X.copy()
    seen = rig.record(layer("x[...] = -1; y = x"), case=dataclasses.replace(rigs.POOL, arrays={"input": mine}))
    assert (seen.observations[0].value == -1).all()
    np.testing.assert_array_equal(mine, X)
