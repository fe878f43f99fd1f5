"""Whatever a hand-in does, there is a verdict with a helpful message, the next session works, and nothing is left."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
import textwrap

import numpy as np
import pytest

from labbench.catalogue import Limits
from labbench.results import Level, Verdict
from labbench.worker import session as session_module
from labbench.worker import zygote as zygote_module
from labbench.worker.remote import attempt
from labbench.worker.zygote import Workers
from tests import rig as rigs
from tests.rig import layer, line_of, said, shapes_only

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="sessions are forks")


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


@pytest.fixture
def fast_wall(monkeypatch):
    """A wall clock that runs ten times as fast, for the guard against waiting."""
    true = session_module.timing.wall_ns
    monkeypatch.setattr(session_module.timing, "wall_ns", lambda: 10 * true())


def check(rig, files, verdict, key, *words, **options):
    fault = rig.fault(files, **options)
    assert (fault.verdict, fault.why.key) == (verdict, key), said(fault)
    for word in words:
        assert word in said(fault)
    return fault


# -- exceptions -----------------------------------------------------------------------------------------------


def test_exception_names_file_line_and_code(rig):
    source = layer("raise ValueError('no such size')  # here")
    fault = check(rig, source, Verdict.ERROR, "fault.exception")
    code = "raise ValueError('no such size')  # here"
    assert said(fault) == f"ValueError at layers_2.py:{line_of(source)}: no such size  | {code}"


def test_exception_in_a_helper_names_the_innermost_line(rig):
    helper = "def pick(a):\n    return a[99]  # here\n"
    files = {"layers_1.py": helper, "layers_2.py": "from layers_1 import pick\n" + layer("pick([1])")}
    check(rig, files, Verdict.ERROR, "fault.exception", "IndexError at layers_1.py:2:", "return a[99]")


def test_exception_inside_numpy_names_the_students_line(rig):
    source = layer("y = np.zeros(3) + np.zeros(4)  # here")
    place = f"ValueError at layers_2.py:{line_of(source)}: operands could not be broadcast"
    check(rig, source, Verdict.ERROR, "fault.exception", place, "np.zeros(3) + np.zeros(4)")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import numpy\n\ndef f(x)\n    return x\n", ["SyntaxError at layers_2.py:3", "| def f(x)"]),
        ("def f(x):\nreturn x\n", ["IndentationError at layers_2.py:2", "| return x"]),
        ("x = 1\ny = x / 0\n", ["ZeroDivisionError at layers_2.py:2", "| y = x / 0"]),
        ("import numpy\nnumpy.zeros(2).foo\n", ["AttributeError at layers_2.py:2", "foo"]),
    ],
    ids=["syntax", "indentation", "import time", "attribute"],
)
def test_error_at_import(rig, source, words):
    check(rig, source, Verdict.ERROR, "fault.exception", *words)


@pytest.fixture
def locked(tmp_path):
    """A rig with all layers."""
    with Workers() as workers:
        if workers.isolation.level is not Level.STRONG:
            pytest.skip("; ".join(workers.isolation.inactive))
        yield rigs.Rig(workers, tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "import os; os.fork()  # here",
        "import subprocess; subprocess.run(['true'])  # here",
        "from multiprocessing import Pool; Pool(2)  # here",
        "from concurrent.futures import ProcessPoolExecutor as P; list(P(2).map(abs, [1]))  # here",
    ],
    ids=["fork", "subprocess", "pool", "futures"],
)
def test_starting_a_process_is_told_in_plain_words(locked, line):
    source = layer(line)
    check(locked, source, Verdict.ERROR, "fault.process", f"layers_2.py:{line_of(source)} starts a process", "# here")


def test_a_file_that_may_not_be_read_is_no_process(locked):
    check(
        locked, layer("open('/etc/shadow')  # here"), Verdict.ERROR, "fault.exception", "PermissionError at layers_2.py"
    )


def test_circular_import_is_told_without_the_graders_paths(rig):
    files = {
        "layers_1.py": "from layers_2 import MaxPoolingLayer\nclass A: pass\n",
        "layers_2.py": "from layers_1 import A\n" + layer(),
    }
    fault = check(rig, files, Verdict.ERROR, "fault.exception", "ImportError at layers_2.py:1", "circular import")
    assert "labbench-work" not in said(fault)
    assert "(stu_upload/layers_1.py)" in said(fault)


_SITE = "import sys, os, numpy\nsite = os.path.dirname(os.path.dirname(numpy.__file__))\n"


@pytest.mark.parametrize(
    "trick",
    [
        "",
        _SITE + "sys.path.append(site)\n",
        _SITE + "sys.path.insert(0, site)\nsys.path_importer_cache.clear()\nimport importlib\n"
        "importlib.invalidate_caches()\n",
    ],
    ids=["plain", "sys.path", "caches"],
)
@pytest.mark.parametrize("name", ["torch", "labbench", "yaml", "msgspec"])
def test_packages_that_a_handin_may_not_have(rig, name, trick):
    source = f"{trick}import {name}  # here\n"
    check(rig, source, Verdict.ERROR, "fault.import", f"layers_2.py:{line_of(source)} imports {name},", "numpy, scipy")


def test_labbench_cannot_be_found_from_the_checkout(rig):
    checkout = str(rigs.Path(session_module.__file__).parents[2])
    source = f"import sys\nsys.path.insert(0, {checkout!r})\nimport labbench.packs  # here\n"
    check(rig, source, Verdict.ERROR, "fault.import", "layers_2.py:3 imports labbench")


def test_no_module_of_labbench_is_loaded(rig):
    source = layer("""
        names = [n for n in sys.modules if n.partition('.')[0] == 'labbench']
        assert not names and 'labbench_inside.serve' in sys.modules, names""")
    assert rig.record(source).ended is None
    assert not isinstance(rig.record(source).observations[0].value, Exception)


# -- blanks and what is missing -------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", ["y = _______  # here", "self._____(x)  # here", "raise NotImplementedError  # here"])
def test_blank(rig, blank):
    source = layer(blank)
    place = f"layers_2.py:{line_of(source)} is still a blank to fill in: {blank[:4]}"
    check(rig, source, Verdict.NOT_IMPLEMENTED, "fault.blank", place)


@pytest.mark.parametrize(
    ("files", "key", "message"),
    [
        ({"layers_1.py": ""}, "fault.no_module", "There is no file layers_2.py in the hand-in."),
        ("class MaxPoolLayer: pass\n", "fault.missing_near",
         "layers_2 has no MaxPoolingLayer, which the lab's interface asks for; is MaxPoolLayer meant?"),
        ("", "fault.missing", "layers_2 has no MaxPoolingLayer; the lab's interface asks for it."),
        (layer().replace("def forward", "def foward"), "fault.missing_near",
         "MaxPoolingLayer has no forward, which the lab's interface asks for; is foward meant?"),
        (layer().replace("kernel_size, stride)", "kernel_size)"), "fault.call",
         ("TypeError in layers_2.MaxPoolingLayer: MaxPoolingLayer.__init__() takes 2 positional arguments but 3 were "
          "given")),
        (layer().replace("def forward(self, x)", "def forward(self)"), "fault.call",
         ("TypeError in layers_2.MaxPoolingLayer().forward: MaxPoolingLayer.forward() takes 1 positional argument but "
          "2 were given")),
        ("MaxPoolingLayer = 3\n", "fault.call", "TypeError in layers_2.MaxPoolingLayer: 'int' object is not callable"),
    ],
    ids=["module", "class, near", "class", "method", "constructor argument", "method argument", "no class"],
)  # fmt: skip
def test_interface(rig, files, key, message):
    assert said(check(rig, files, Verdict.ERROR, key)) == message


def test_missing_layer_is_named(rig):
    def scenario(student, case):
        net = student.vgg_cpu.Net()
        yield "output", net.layers["conv1_1"].forward(case.arrays["input"])

    files = {"vgg_cpu.py": "class Net:\n    def __init__(self):\n        self.layers = {}\n"}
    fault = check(rig, files, Verdict.ERROR, "fault.call", scenario=scenario)
    assert said(fault) == "KeyError in vgg_cpu.Net().layers['conv1_1'].forward: 'conv1_1'"


# -- ends -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["exit()", "quit(3)", "sys.exit(-1)", "raise SystemExit"])
def test_exit_is_named(rig, call):
    source = layer(f"{call}  # here")
    check(rig, source, Verdict.ERROR, "fault.exit", f"exit() at layers_2.py:{line_of(source)};")


def test_exit_with_words_says_them(rig):
    source = layer("sys.exit('no picture')  # here")
    check(rig, source, Verdict.ERROR, "fault.exit_said", f"layers_2.py:{line_of(source)} ended", "no picture")


def test_exit_at_import(rig):
    check(rig, "import sys\nsys.exit(0)\n", Verdict.ERROR, "fault.exit", "layers_2.py:2")


def test_exit_without_a_line(rig):
    check(rig, "from sys import exit as MaxPoolingLayer\n", Verdict.ERROR, "fault.call", "TypeError")
    check(rig, "MaxPoolingLayer = lambda *a: 0\ntype(0).forward\n", Verdict.ERROR, "fault.exception", "AttributeError")
    source = "import sys, functools\nclass MaxPoolingLayer:\n    def __init__(self, k, s): self.forward = sys.exit\n"
    assert "exit(); a hand-in" in said(check(rig, source, Verdict.ERROR, "fault.exit_nowhere"))


@pytest.mark.parametrize(
    ("body", "verdict", "key", "word"),
    [
        ("os._exit(0)", Verdict.ERROR, "fault.ended", "exit code 0"),
        ("os._exit(7)", Verdict.ERROR, "fault.ended", "exit code 7"),
        ("os.abort()", Verdict.ERROR, "fault.crashed", "SIGABRT"),
        ("ctypes.string_at(0)", Verdict.ERROR, "fault.crashed", "SIGSEGV"),
        ("os.kill(os.getpid(), signal.SIGTERM)", Verdict.ERROR, "fault.crashed", "SIGTERM"),
        ("os.kill(os.getpid(), 40)", Verdict.ERROR, "fault.crashed", "40"),
        ("os.kill(os.getpid(), signal.SIGXCPU)", Verdict.ERROR, "fault.crashed", "SIGXCPU"),  # no time was up
        ("os.kill(os.getpid(), signal.SIGKILL)", Verdict.MEMORY, "fault.killed", "want of memory"),
        ("raise KeyboardInterrupt", Verdict.ERROR, "fault.exception", "KeyboardInterrupt"),
        ("raise GeneratorExit", Verdict.ERROR, "fault.exception", "GeneratorExit"),
        ("os.kill(os.getppid(), signal.SIGKILL); time.sleep(30)", Verdict.FORBIDDEN, "fault.zygote_lost", "killed"),
        ("os.closerange(0, 256)", Verdict.FORBIDDEN, "fault.protocol", "closed it"),
        ("os.closerange(3, 256); time.sleep(30)", Verdict.FORBIDDEN, "fault.protocol", "closed it"),
        ("os.fork() or os._exit(0); os.wait(); raise RuntimeError('parent')", Verdict.ERROR, "fault.exception",
         "parent"),
    ],
)  # fmt: skip
def test_end(rig, body, verdict, key, word):
    check(rig, layer(body), verdict, key, word)


#: Its first thread ends (exit, not exit_group), and another goes on with `rest`.
_FIRST_ENDS = """
def rest(connection=[o for o in gc.get_objects() if isinstance(o, socket.socket)][0]):
{rest}
threading.Thread(target=rest).start()
ctypes.CDLL(None).syscall(ctypes.c_long(60 if os.uname().machine == "x86_64" else 93), ctypes.c_long(0))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a system call of Linux")
@pytest.mark.parametrize(
    ("rest", "verdict", "key"),
    [
        ("    os.close(connection.fileno())\n    while True: pass", Verdict.FORBIDDEN, "fault.protocol"),
        ("    while True: pass", Verdict.TIMEOUT, "fault.cpu"),
        ("    os._exit(7)", Verdict.ERROR, "fault.ended"),
    ],
)
def test_a_process_whose_first_thread_has_ended_is_not_dead(rig, rest, verdict, key):
    check(rig, layer(_FIRST_ENDS.format(rest=rest)), verdict, key)


def test_ends_at_import(rig):
    check(rig, "import os\nos._exit(0)\n", Verdict.ERROR, "fault.ended")
    check(rig, "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", Verdict.ERROR, "fault.crashed")


@pytest.mark.parametrize(
    "body",
    [
        "def __str__(self): raise MemoryError",
        "def __str__(self): os._exit(0) if 0 else sys.exit(1)",
        "def __str__(self): return 3",
        "@property\n    def __class__(self): raise KeyboardInterrupt",
        "@property\n    def __traceback__(self): raise KeyboardInterrupt",
        "@property\n    def __traceback__(self): return 7",
        "__class__ = property(lambda self: NotImplementedError)",
        "name = property(lambda self: 1 / 0)",
    ],
)
def test_hostile_exception_classes(rig, body):
    source = layer("raise Evil").replace("\nclass Max", f"\nclass Evil(BaseException):\n    {body}\n\nclass Max")
    fault = rig.fault(source)
    assert fault.verdict in (Verdict.ERROR, Verdict.NOT_IMPLEMENTED)
    assert fault.why.key in ("fault.exception", "fault.call", "fault.blank")  # the session goes on


def test_hostile_text_subclass_as_message(rig):
    source = layer("raise ValueError(Evil('x'))").replace(
        "\nclass Max",
        "\nclass Evil(str):\n    def __str__(self): return self\n    def __getitem__(self, i): return object()\n"
        "    def replace(self, *a): return object()\n\nclass Max",
    )
    check(rig, source, Verdict.ERROR, "fault.exception", "ValueError at layers_2.py")


def test_name_that_is_no_text(rig):
    source = "class M(type):\n    __name__ = property(lambda self: [1])\n" + layer("return M('A', (), {})()")
    check(rig, source, Verdict.FORBIDDEN, "fault.protocol")


# -- time -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "for n in range(1, 32):\n    if n not in (9, 19):\n        signal.signal(n, signal.SIG_IGN)\nwhile True: pass",
        "def spin():\n    while True: pass\n[threading.Thread(target=spin).start() for _ in range(3)]\ntime.sleep(60)",
    ],
    ids=["loop", "signals ignored", "threads"],
)
def test_endless_loop(rig, body):
    check(rig, layer(body), Verdict.TIMEOUT, "fault.cpu", "More than 1 s of CPU time", "endless loop")


@pytest.mark.parametrize("body", ["time.sleep(60)", "os.kill(os.getpid(), signal.SIGSTOP)", "threading.Event().wait()"])
def test_waiting(rig, body, fast_wall):
    check(rig, layer(body), Verdict.TIMEOUT, "fault.wall", "No answer within 8 s")


def test_deep_recursion(rig):
    source = layer("def f(n): return f(n + 1)  # here\nf(0)")
    check(rig, source, Verdict.ERROR, "fault.exception", f"RecursionError at layers_2.py:{line_of(source)}")


def test_recursion_without_a_limit(rig):
    source = layer("sys.setrecursionlimit(10**9)\ndef f(n): return [0 for _ in iter(lambda: f(n + 1), 1)]\nf(0)")
    assert rig.fault(source).verdict in (Verdict.ERROR, Verdict.MEMORY, Verdict.TIMEOUT)


def test_thread_bomb(rig):
    source = layer("while True: threading.Thread(target=time.sleep, args=(60,)).start()  # here")
    check(rig, source, Verdict.ERROR, "fault.exception", "can't start new thread", f":{line_of(source)}:")


# -- memory ---------------------------------------------------------------------------------------------------


def test_memory_bomb_is_told_and_the_session_goes_on(rig):
    def scenario(student, case):
        net = student.layers_2
        yield "bomb", attempt(net.bomb)
        yield "gradual", attempt(net.gradual)
        yield "output", net.MaxPoolingLayer(2, 2).forward(case.arrays["input"])

    source = layer() + textwrap.dedent("""
        def bomb():
            return np.ones(1 << 40)

        def gradual():
            kept = []
            while True:
                kept.append(bytearray(1 << 20))
        """)
    seen = rig.record(source, scenario)
    bomb, gradual, output = (o.value for o in seen.observations)
    line = source.splitlines().index("    return np.ones(1 << 40)") + 1
    assert (bomb.verdict, bomb.why.key) == (Verdict.MEMORY, "fault.memory")
    assert f"Out of memory at layers_2.py:{line}: Unable to allocate" in said(bomb)
    assert (gradual.verdict, gradual.why.key) == (Verdict.MEMORY, "fault.memory")
    assert (output == rigs.POOLED).all()
    assert seen.exit.memory < 600 << 20


def test_memory_kept_so_that_no_request_fits(rig):
    def scenario(student, case):
        student.layers_2.fill()
        yield "output", student.layers_2.MaxPoolingLayer(2, 2).forward(case.arrays["input"])

    case = dataclasses.replace(rigs.POOL, arrays={"input": np.zeros((1, 1, 4000, 4000))})
    source = layer() + textwrap.dedent("""
        kept = []
        def fill():
            try:
                while True:
                    kept.append(bytearray(1 << 20))
            except MemoryError:
                del kept[-4:]
        """)
    check(rig, source, Verdict.MEMORY, "fault.memory_nowhere", scenario=scenario, case=case)


def test_view_that_would_not_fit_as_a_copy(rig):
    source = layer("y = np.broadcast_to(np.float64(0), (1 << 15, 1 << 15, 1 << 15))")
    check(rig, source, Verdict.OUTPUT, "fault.too_large", "larger than 256 MiB")


# -- output ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "sys.stdout.write('x' * (2 << 20))",
        "sys.stderr.write('x' * (2 << 20))",
        "os.write(1, b'x' * (2 << 20)); os.write(2, b'')",
        "while True: print('again and again')",
        "while True: os.write(2, b'again')",
        "def spin():\n    while True: os.write(1, b'x' * 4096)\nthreading.Thread(target=spin).start(); time.sleep(60)",
    ],
)
def test_output_flood(rig, body):
    check(rig, layer(body), Verdict.OUTPUT, "fault.output", "More than 1 MiB were printed.")


def test_output_below_the_limit_is_kept_to_64_kib(rig):
    seen = rig.record(layer("for i in range(9000): print(f'line {i:04} ' + 'x' * 90)"))
    assert (seen.observations[0].value == rigs.POOLED).all()
    lines = seen.exit.output.splitlines()
    assert lines[:2] == ["line 0000 " + "x" * 90, "line 0001 " + "x" * 90]
    assert len(seen.exit.output.encode()) <= 64 << 10
    assert len(lines) == (64 << 10) // 101 + 1


@pytest.mark.parametrize(
    "body",
    [
        "sys.stdout.close(); sys.stderr.close()",
        "sys.stdout = sys.stderr = None",
        "sys.stdout = io.StringIO(); print('kept')",
        "class Evil:\n    def flush(self): raise ValueError\nsys.stdout = Evil()",
        "os.close(1); os.close(2)",
        "os.dup2(os.open('/dev/null', os.O_WRONLY), 1)",
        "print('\\ud800'.encode('utf-8', 'surrogatepass'), '\\N{SNOWMAN}')",
        "sys.stdout.buffer.write(b'\\xff\\xfe\\x00 no text')",
    ],
)
def test_other_streams_do_no_harm(rig, body):
    seen = rig.record(layer(body))
    assert (seen.observations[0].value == rigs.POOLED).all()


def test_flush_that_exits(rig):
    source = layer("class Evil:\n    def flush(self): raise SystemExit\nsys.stdout = Evil()")
    assert (rig.record(source).observations[0].value == rigs.POOLED).all()


# -- what it leaves behind ------------------------------------------------------------------------------------


def test_children_are_killed_with_the_session(rig):
    body = """
        for _ in range(3):
            if os.fork() == 0:
                os.setsid()
                if os.fork():
                    os._exit(0)
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                time.sleep(600)
        """
    seen = rig.record(layer(body))
    assert (seen.observations[0].value == rigs.POOLED).all()  # `rig` looks for what is left


def test_work_of_children_is_in_the_account(rig):
    body = """
        done, tell = os.pipe()
        if os.fork() == 0:
            if os.fork() == 0:
                os.setsid()
                while time.process_time() < 0.4:
                    pass
                os.write(tell, b'.')
                time.sleep(600)
            os._exit(0)
        os.read(done, 1)
        """
    seen = rig.record(layer(body), limits=Limits(cpu_seconds=5, memory_mib=256))
    assert seen.exit.cpu_seconds > 0.3 > seen.observations[0].cpu_ns / 1e9


def test_threads_and_exit_handlers_do_no_harm(rig):
    body = """
        import atexit
        atexit.register(time.sleep, 600)
        threading.Thread(target=time.sleep, args=(600,)).start()
        signal.signal(signal.SIGCONT, lambda *_: None)
        """
    assert (rig.record(layer(body)).observations[0].value == rigs.POOLED).all()


def test_folders_nested_too_deep_to_remove(rig):
    body = """
        for _ in range(1500):
            os.mkdir('d')
            os.chdir('d')
        """
    assert (rig.record(layer(body)).observations[0].value == rigs.POOLED).all()


def test_stopped_zygote_is_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(zygote_module, "_ANSWER_SECONDS", 0.5)
    with rigs.opened(tmp_path) as rig:
        source = layer("os.kill(os.getppid(), signal.SIGSTOP)")
        assert (rig.record(source).observations[0].value == rigs.POOLED).all()
        stopped = rigs.keeper_pid(rig.workers)
        assert not rigs.alive(stopped)  # a late answer would be taken for the next one
        rig.assert_clean()
        assert rigs.keeper_pid(rig.workers) != stopped


STRAY = """
    if os.fork() == 0:
        os.setsid()
        ctypes.CDLL(None).prctl(1, 0)  # no parent-death signal
        time.sleep(600)
    """


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSTOP])
def test_strays_end_with_a_zygote_that_was_killed_or_stopped(tmp_path, monkeypatch, sign):
    monkeypatch.setattr(zygote_module, "_ANSWER_SECONDS", 1)
    with rigs.opened(tmp_path) as rig:
        rig.assert_clean()
        keeper, zygote = rigs.keeper_pid(rig.workers), rigs.zygote_pid(rig.workers)
        rig.record(layer(f"{textwrap.dedent(STRAY)}\nos.kill(os.getppid(), {int(sign)})"))
        assert not rigs.alive(keeper)
        assert not rigs.alive(zygote)
        assert rigs.inside(rig.work) == []
        rig.assert_clean()


def test_zygote_killed_while_it_starts(tmp_path, monkeypatch):
    true, killed = zygote_module.Zygote._read_line, []

    def read_line(zygote):
        if len(killed) < 1:
            killed.append(zygote)
            os.kill(zygote._process.pid, signal.SIGKILL)
        return true(zygote)

    monkeypatch.setattr(zygote_module.Zygote, "_read_line", read_line)
    with rigs.opened(tmp_path) as rig:
        rig.assert_clean()
    assert killed


def test_zygote_killed_between_sessions(tmp_path):
    with rigs.opened(tmp_path) as rig:
        rig.assert_clean()
        before = rigs.descriptors()
        os.kill(rigs.zygote_pid(rig.workers), 9)
        rig.assert_clean()
        assert rigs.descriptors() == before
    assert set(rigs.children(os.getpid())) == rig._others


def test_faults_end_shapes_only_walks_too(rig):
    check(rig, layer("return [1, 2]"), Verdict.TYPE, "fault.type", "Got list", wanted=shapes_only)
