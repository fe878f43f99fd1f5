"""Old hand-ins on a current Python: imports, `/`, encodings, old names, stand-ins."""

import ast
import codecs
import importlib.util
import json
import operator
import os
import py_compile
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from labbench.worker.inside import compat, faults
from labbench.worker.inside.compat import division, source
from labbench.worker.inside.compat.standins import einops, opencv, scipy_misc

INSIDE = Path(compat.__file__).parent.parent


def site_packages(name):
    return str(Path(importlib.util.find_spec(name).origin).parent.parent)


@pytest.fixture(scope="module")
def zygote():
    packages = {name: site_packages(name) for name in ("numpy", "scipy", "PIL")}
    helper = Path(__file__).parent / "compat_zygote.py"
    command = [sys.executable, "-I", "-S", "-B", "-W", "error", helper, INSIDE, json.dumps(packages)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.stdin.close()


@pytest.fixture
def run(zygote, tmp_path):
    """Run code in a session with a hand-in of the given files; gives answer, error, used, out."""
    handin = tmp_path / "exp" / "stu_upload"

    def ask(code="", /, files=None):
        handin.mkdir(parents=True, exist_ok=True)
        for name, text in (files or {}).items():
            path = handin / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        zygote.stdin.write(json.dumps({"handin": str(handin), "code": code}) + "\n")
        zygote.stdin.flush()
        return SimpleNamespace(**json.loads(zygote.stdout.readline()))

    ask.handin = handin
    return ask


def value(reply):
    assert reply.error is None, (reply.error, reply.message, reply.trace)
    return reply.answer


# -- imports ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("init", [{}, {"__init__.py": ""}], ids=["namespace", "package"])
@pytest.mark.parametrize(
    "statement",
    [
        "from layers_1 import X",
        "from stu_upload.layers_1 import X",
        "from .layers_1 import X",
        "from . import layers_1",
    ],
)
def test_every_way_to_import_a_sibling(run, init, statement):
    files = {"layers_1.py": "X = 6 / 3", "vgg_cpu.py": statement, **init}
    reply = run("import stu_upload.vgg_cpu as v; answer = repr(getattr(v, 'X', None) or v.layers_1.X)", files)
    assert (value(reply), reply.used) == ("2", ["division"])


def test_every_file_of_the_handin_is_rewritten_however_the_path_names_its_folder(run):
    files = {
        "lib/deep.py": "X = 6 / 3",
        "a.py": "import sys\nsys.path.insert(0, 'stu_upload/lib/../lib')\nimport deep",
        "__init__.py": "Y = 6 / 3",
    }
    reply = run("import a, stu_upload\nanswer = [repr(a.deep.X), a.deep.__file__, repr(stu_upload.Y)]", files)
    assert value(reply) == ["2", str(run.handin / "lib" / "deep.py"), "2"]


def test_bytecode_is_neither_written_nor_read(run, tmp_path):
    files = {"a.py": "X = 111"}
    assert value(run("import a; answer = a.X", files)) == 111
    assert not (run.handin / "__pycache__").exists()
    other = tmp_path / "a.py"
    other.write_text("X = 222")
    stamp = (run.handin / "a.py").stat().st_mtime
    os.utime(other, (stamp, stamp))
    py_compile.compile(str(other), importlib.util.cache_from_source(str(run.handin / "a.py")))
    assert value(run("import a; answer = a.X")) == 111


def test_nothing_else_that_is_installed_can_be_imported(run):
    code = """
import importlib
answer = []
for name in ("torch", "labbench", "yaml", "click", "pytest", "setuptools", "worker"):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        continue
    answer.append(name)
"""
    assert importlib.util.find_spec("torch")
    assert value(run(code)) == []


def test_the_three_packages_and_their_submodules_are_the_real_ones(run):
    reply = run("import numpy.ma, scipy.special, PIL.ImageOps; answer = [numpy.__file__, scipy.__file__]")
    assert value(reply) == [np.__file__, importlib.util.find_spec("scipy").origin]
    assert reply.used == []


def test_stand_ins_win_over_anything_on_the_path(run, tmp_path):
    names = ("cv2", "einops", "imageio", "matplotlib")
    for name in names:
        (tmp_path / f"{name}.py").write_text("REAL = 1")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nimport {', '.join(names)}\n"
    code += f"answer = [hasattr(m, 'REAL') for m in ({', '.join(names)})]"
    assert value(run(code)) == [False] * 4


def test_main_runs_a_file_like_a_script(run):
    files = {
        "layers_1.py": "X = 3",
        "go.py": "from layers_1 import X\nif __name__ == '__main__':\n    print(X, 8 / 2)",
    }
    reply = run("run_main('stu_upload/go.py'); import sys; answer = sys.argv", files)
    assert reply.out == "3 4\n"
    assert value(reply) == [str(run.handin / "go.py")]


def test_main_reports_the_students_line_and_lets_exit_through(run):
    reply = run(f"run_main({str(run.handin / 'go.py')!r})", {"go.py": "x = 1\nimport sys\nsys.exit(3)\n"})
    assert (reply.error, reply.message) == ("SystemExit", "3")
    assert reply.trace[-1] == ["go.py", 3, "sys.exit(3)"]


# -- division --------------------------------------------------------------------------------------


def evaluate(text, **names):
    """The value of `X` after running rewritten code, and what was noted."""
    used = set()
    names[division.DIVIDE] = division.divider(used, operator.truediv)
    names[division.DIVIDE_IN_PLACE] = division.divider(used, operator.itruediv)
    exec(source.compile_source(text.encode(), "student.py", used), names)
    return names["X"], used


@given(st.integers(-(10**20), 10**20), st.integers(-1000, 1000))
def test_two_ints_give_an_int_exactly_if_it_is_exact(a, b):
    if b == 0:
        with pytest.raises(ZeroDivisionError, match="division by zero"):
            evaluate("X = a / b", a=a, b=b)
        return
    exact = Fraction(a, b)
    for code in ("X = a / b", "X = a; X /= b"):
        got, used = evaluate(code, a=a, b=b)
        if exact.denominator == 1:
            assert (got, type(got), used) == (int(exact), int, {"division"})
        else:
            assert (got, type(got), used) == (a / b, float, set())


KINDS = [np.int8, np.uint8, np.int32, np.int64, np.uint64]


@given(
    st.integers(-128, 255),
    st.integers(-128, 255),
    st.sampled_from([*KINDS, int]),
    st.sampled_from([*KINDS, int]),
)
@example(-128, -1, np.int8, np.int8)
@example(-128, -1, int, np.int8)
@example(250, 10, np.uint64, np.int64)
def test_numpy_integers_stay_numpy_integers(a, b, left, right):
    for number, kind in ((a, left), (b, right)):
        if kind is not int and not np.iinfo(kind).min <= number <= np.iinfo(kind).max:
            return
    for number, kind, other in ((a, left, right), (b, right, left)):
        if kind is int and (other is int or not np.iinfo(other).min <= number <= np.iinfo(other).max):
            return
    x, y = left(a), right(b)
    common = np.result_type(x, y)
    with np.errstate(all="ignore"):
        (got, _), true = evaluate("X = a / b", a=x, b=y), x / y
    whole = b and Fraction(a, b).denominator == 1 and common.kind in "iu"
    if whole and np.iinfo(common).min <= a // b <= np.iinfo(common).max:
        assert (type(got), int(got)) == (common.type, a // b)
    else:
        assert type(got) is type(true)
        np.testing.assert_equal(got, true)


@pytest.mark.parametrize(
    ("a", "b"),
    [(True, True), (4, True), (4.0, 2), (4, 2.0), (4 + 0j, 2), (np.float32(4), 2), (np.bool_(True), 1),
     (np.timedelta64(4, "s"), 2), (Fraction(4), 2), (np.array([4, 6]), 2), (np.array(4), 2)],
)  # fmt: skip
def test_everything_else_is_true_division(a, b):
    got, used = evaluate("X = a / b", a=a, b=b)
    np.testing.assert_equal(got, a / b)
    assert type(got) is type(a / b)
    assert used == set()


def test_numpy_division_by_zero_warns_as_ever():
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert evaluate("X = a / 0", a=np.int64(3))[0] == np.inf


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("X = 8 / 2", "4"),
        ("X = 1 / 2", "0.5"),
        ("X = 7 / 2 * 2", "7.0"),
        ("X = 8 / 2 / 2", "2"),
        ("X = 2 ** (4 / 2)", "4"),
        ("X = 9.0 / 3", "3.0"),
        ("X = f'{8 / 2:>{6 / 2}} {\"a\" + str(4 / 2)}'", "'  4 a2'"),
        ("X = (lambda n, k=6 / 3: n / k)(4)", "2"),
        ("X = [n / 2 for n in (2, 4) if n / 2]", "[1, 2]"),
        ("X = {n / 2: n / 1 for n in (2,)}", "{1: 2}"),
        ("def f(a, b=4 / 2, *, c=9 / 3): return a, b, c\nX = f(1)", "(1, 2, 3)"),
        ("class C:\n  y = 6 / 3\n  def __m(s, a=8 / 4): return s.y / a\n  n = __m\nX = C().n()", "1"),
        ("class C:\n  z = 8\n  z /= 4\nX = C.z", "2"),
        ("class C:\n  def n(s):\n    s.z = 6\n    s.z /= 2\n    return s.z\nX = C().n()", "3"),
        ("def f():\n  global G\n  G /= 4\nG = 8\nf()\nX = G", "2"),
        ("def f():\n  n = 9\n  def g():\n    nonlocal n\n    n /= 3\n  g()\n  return n\nX = f()", "3"),
        ("X = [8]\nX[0] /= 2", "[4.0]"),
        ("def f(x: 1 + 1): pass\nX = f.__annotations__", "{'x': 2}"),
        ("X = 1\nX /= 2", "0.5"),
        ("'''doc'''\nfrom __future__ import annotations\nX = __doc__, 4 / 2", "('doc', 2)"),
        ("def f():\n  'doc / s'\n  return 4 / 2\nX = f.__doc__, f()", "('doc / s', 2)"),
        ("def f(n):\n  yield n / 2\nX = list(f(4))", "[2]"),
        ("import functools\n@functools.lru_cache(maxsize=4 / 2)\ndef f(): return 1\nX = f()", "1"),
        ("exec('X = 4 // 2')", "2"),
        ("X = [0] * (4 / 2)", "[0, 0]"),
    ],
)  # fmt: skip
def test_division_works_wherever_it_may_stand(code, expected):
    assert repr(evaluate(code)[0]) == expected


def test_in_place_division_of_an_array_keeps_the_array():
    array = np.array([2.0, 4.0])
    for code in ("X = a; X /= 2", "o.x = a; o.x /= 2; X = o.x"):
        assert evaluate(code, a=array, o=SimpleNamespace())[0] is array
    np.testing.assert_array_equal(array, [0.5, 1.0])
    with pytest.raises(TypeError, match="casting"):
        evaluate("X = a; X /= 2", a=np.array([2, 4]))


def test_a_session_divides_arrays_in_place(run):
    files = {"a.py": "import numpy as np\nx = y = np.ones(3)\nx /= 2\nX = x is y"}
    assert value(run("import a; answer = a.X", files)) is True


def test_rewriting_keeps_every_other_position():
    text = Path(source.__file__).read_text(encoding="utf-8") + "\nx = (1 +\n  a\n  / b)\nx /= 2\n"
    rewritten = division.Rewriter().visit(ast.parse(text))
    places = {(type(n).__name__, n.lineno, n.col_offset) for n in ast.walk(ast.parse(text)) if hasattr(n, "lineno")}
    for node in ast.walk(rewritten):
        if hasattr(node, "lineno") and not isinstance(node, ast.Call | ast.Name | ast.Assign):
            assert (type(node).__name__, node.lineno, node.col_offset) in places
        if isinstance(node, ast.expr | ast.stmt):
            assert node.end_lineno >= node.lineno


def test_a_traceback_points_to_the_students_line(run):
    text = "def f(a, b):\n    c = 1\n    return (c +\n            a\n            / b)\n"
    text += "class L:\n    def g(self):\n        self.n = 1\n        self.n /= 0\n"
    reply = run("import a; a.f(1, 0)", {"a.py": text})
    assert reply.error == "ZeroDivisionError"
    assert [frame for frame in reply.trace if frame[0] == "a.py"] == [["a.py", 4, "a"]]
    reply = run("import a; a.L().g()")
    assert [frame for frame in reply.trace if frame[0] == "a.py"] == [["a.py", 9, "self.n /= 0"]]


# -- encodings and tabs ----------------------------------------------------------------------------

CHINESE = "# 卷积层\nX = '池化' \nY = 1 / 0  # 除\n"


@pytest.mark.parametrize(
    ("data", "noted"),
    [
        (CHINESE.encode(), []),
        (CHINESE.replace("\n", "\r\n").encode("utf-8-sig"), []),
        (CHINESE.replace("\n", "\r").encode(), []),
        (CHINESE.replace("卷积层", "coding: gbk").encode("gbk"), []),
        (b"# -*- coding: UTF-8 -*-" + CHINESE.encode(), []),
        (CHINESE.encode("gb18030"), ["encoding"]),
        (b"# -*- coding: utf-8 -*-" + CHINESE.encode("gb2312"), ["encoding"]),
        (b"# coding: ascii " + CHINESE.encode(), ["encoding"]),
        (b"# coding: no-such-codec " + CHINESE.encode(), ["encoding"]),
        (b"# coding: rot13 " + CHINESE.encode(), ["encoding"]),
    ],
)
def test_encodings(run, data, noted):
    reply = run("import a", {"a.py": data})
    assert (reply.error, reply.used) == ("ZeroDivisionError", noted)
    assert next(f for f in reply.trace if f[0] == "a.py")[1:] == [3, "Y = 1 / 0  # 除"]
    assert value(run("import a; answer = a.X", {"a.py": data.replace(b"1 / 0", b"1 / 1")})) == "池化"


@pytest.mark.parametrize(("mark", "name"), [(codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")])
def test_notepads_unicode(run, mark, name):
    text = CHINESE.replace("\n", "\r\n").replace("1 / 0", "1 / 1")
    reply = run("import a; answer = a.X", {"a.py": mark + text.encode(name)})
    assert value(reply) == "池化"
    assert "encoding" in reply.used


@pytest.mark.parametrize("name", ["punycode", "PunyCode", "idna"])
def test_what_decodes_names_of_hosts_decodes_no_source(name):
    """It takes the square of their length; graders decode sources, too."""
    text = f"# coding: {name}\n#-"
    assert source.decode(text.encode()) == (text, True)


def test_bytes_in_no_encoding_still_load(run):
    assert value(run("import a; answer = a.X", {"a.py": b"X = 1  # \xff\xff\x81"})) == 1


def test_a_syntax_error_names_file_and_line(run):
    reply = run("import a", {"a.py": "x = 1\nprint 'old'\n"})
    assert reply.error == "SyntaxError"
    assert reply.message.endswith("(a.py, line 2)")


def test_a_syntax_error_is_described_without_saying_its_place_twice(tmp_path):
    file = tmp_path / "a.py"
    with pytest.raises(SyntaxError) as error:
        source.compile_source(b"x = 1\nprint 'old'\n", str(file), set())
    told = faults.describe(error.value, str(tmp_path))
    assert (told["type"], told["file"], told["line"]) == ("SyntaxError", "a.py", 2)
    assert told["message"] == error.value.msg
    assert "line" not in told["message"]


def test_a_bare_assertion_tells_what_it_compared(run):
    text = """
class Layer:
    def load(self, weight, bias):
        assert self.shape == weight.shape and len(bias) == 4
        assert self.shape[0] == bias, 'said'
"""
    code = """
import os, labbench_inside.faults as faults, layers, numpy as np
layer = layers.Layer()
layer.shape = (3, 4)
answer = []
for weight, bias in ((np.zeros((3, 5)), []), (np.zeros((3, 4)), [0]), (np.zeros((3, 4)), [0] * 4)):
    try: layer.load(weight, bias)
    except AssertionError as error: answer.append(faults.describe(error, os.path.dirname(layers.__file__))['message'])
"""
    expected = ["self.shape = (3, 4), weight.shape = (3, 5)", "self.shape = (3, 4), weight.shape = (3, 4)", "said"]
    assert value(run(code, {"layers.py": text})) == expected


def test_tabs_as_python_2_took_them(run):
    text = "def f(n):\n        if n:\n\treturn 1\n        return 0\n"
    assert run("import a", {"a.py": text}).error == "IndentationError"  # an error by Python 2's rules, too
    text = "def f(n):\n        a = n\n\treturn a / 1\n"
    reply = run("import a; answer = a.f(5)", {"a.py": text})
    assert (value(reply), reply.used) == (5, ["division", "tabs"])


# -- files -----------------------------------------------------------------------------------------


def test_files_are_written_to_memory_where_none_can_be_written(run, tmp_path):
    (tmp_path / "there.txt").write_text("old ")
    code = f"""
import io, os, pathlib, resource
import numpy as np
from PIL import Image
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
noted = set()
import labbench_inside.compat.files as files
files.install(noted)
os.chdir({str(tmp_path)!r})
np.save('a.npy', np.arange(3))
with open('log.txt', 'w') as log: print('一', file=log)
with open('log.txt', 'a') as log: log.write('2')
with open('there.txt', 'a') as there: there.write('new')
with open('there.txt', 'r+b') as there: there.write(b'OLD')
pathlib.Path('p.txt').write_text('p')
Image.new('RGB', (4, 5)).save('picture.png')
answer = [np.load('a.npy').tolist(), open('log.txt').read(), io.open('there.txt').read(),
          pathlib.Path('p.txt').read_text(), Image.open('picture.png').size, os.listdir(), sorted(noted)]
try: open('none.txt', 'r+')
except FileNotFoundError: answer.append('missing')
"""
    expected = [[0, 1, 2], "一\n2", "OLD new", "p", [4, 5], ["there.txt"], ["files written"], "missing"]
    answer = value(run(code))
    answer[5].remove("exp")
    assert answer == expected
    assert (tmp_path / "there.txt").read_text() == "old "


def test_open_is_left_alone_where_files_can_be_written(run, tmp_path):
    reply = run(f"with open({str(tmp_path / 'x')!r}, 'w') as f: f.write('x')")
    assert (reply.error, (tmp_path / "x").read_text(), reply.used) == (None, "x", [])


# -- old names -------------------------------------------------------------------------------------


def test_numpy_names(run):
    code = """
import numpy as np
x = np.array([[1.5, 2.0]])
answer = [np.float is float, np.int is int, np.object is object, np.complex is complex, np.str is str,
          np.float_ is np.float64, np.complex_ is np.complex128, np.Inf == np.inf, np.NaN != np.NaN,
          np.product(x) == 3, np.alltrue(x), np.sometrue(x), np.asscalar(np.float64(2)) == 2,
          list(np.in1d([[1, 5]], [5])) == [False, True], np.mat(x).shape == (1, 2),
          np.lib.pad(x, ((0, 0), (1, 0)), 'constant').shape == (1, 3), np.asfarray([1]).dtype == float]
answer = [bool(a) for a in answer]
"""
    reply = run(code)
    assert all(value(reply))
    assert {"np.float", "np.int", "np.asscalar", "np.lib.pad", "np.mat"} <= set(reply.used)
    assert len(reply.used) == 17


def test_numpy_itself_is_left_alone(run):
    reply = run("import numpy as np, numpy.ma, scipy.io\nanswer = [np.bool is np.bool_, len(dir(np.ma)) > 0]")
    assert all(value(reply))
    assert reply.used == []
    reply = run("import numpy as np; np.no_such_name")
    assert (reply.error, reply.message) == (
        "AttributeError",
        "module 'numpy' has no attribute 'no_such_name'",
    )


def test_pillow_and_python_names(run):
    code = """
from PIL import Image
import time, collections, sys, itertools
reload(sys)
sys.setdefaultencoding('utf8')
answer = [Image.ANTIALIAS == Image.LANCZOS, Image.CUBIC == Image.BICUBIC, Image.LINEAR == Image.BILINEAR,
          time.clock() <= time.clock(), isinstance([], collections.Iterable), sys.maxint == sys.maxsize,
          list(itertools.izip([1], [2])) == [(1, 2)]]
"""
    reply = run("import a; answer = a.answer", {"a.py": code})
    assert all(value(reply))
    assert reply.used == [
        "PIL.Image.ANTIALIAS",
        "PIL.Image.CUBIC",
        "PIL.Image.LINEAR",
        "collections.Iterable",
        "itertools.izip",
        "reload",
        "sys.maxint",
        "sys.setdefaultencoding",
        "time.clock",
    ]
    reply = run("import time; time.clocks")
    assert (reply.error, reply.message) == ("AttributeError", "module 'time' has no attribute 'clocks'")


def test_builtins_of_python_2_are_noted_where_a_file_does_not_define_them(run):
    text = "X = [list(xrange(2)), isinstance('', unicode), reduce(lambda a, b: a + b, [1, 2])]"
    reply = run("import a; answer = a.X", {"a.py": text})
    assert (value(reply), reply.used) == ([[0, 1], True, 3], ["reduce", "unicode", "xrange"])
    reply = run("import b; answer = b.X", {"b.py": "from functools import reduce\ndef long(): return 1\nX = long()"})
    assert (value(reply), reply.used) == (1, [])


def test_old_module_names(run):
    reply = run("import cPickle as p\nfrom StringIO import StringIO\nanswer = p.loads(p.dumps(StringIO('x').read()))")
    assert (value(reply), reply.used) == ("x", ["StringIO", "cPickle"])


# -- stand-ins ---------------------------------------------------------------------------------------


@pytest.fixture
def pictures(tmp_path):
    """One random picture as rgb.png, rgba.png, grey.png, palette.png and rgb.jpg; the RGB pixels."""
    pixels = np.random.default_rng(1).integers(0, 256, (20, 30, 4), dtype=np.uint8)
    rgb = Image.fromarray(pixels[..., :3].copy())
    rgb.save(tmp_path / "rgb.png")
    Image.fromarray(pixels).save(tmp_path / "rgba.png")
    rgb.convert("L").save(tmp_path / "grey.png")
    rgb.quantize(8).save(tmp_path / "palette.png")
    rgb.save(tmp_path / "rgb.jpg")
    return pixels


@pytest.mark.parametrize(
    "statement",
    ["import scipy.io", "import scipy", "import scipy.misc", "from scipy import misc; import scipy"],
)
def test_scipy_misc_is_there_after_any_import(run, pictures, tmp_path, statement):
    path = str(tmp_path / "rgb.png")
    reply = run(f"{statement}\nx = scipy.misc.imread({path!r})\nanswer = [x.tolist(), str(x.dtype), x.flags.writeable]")
    assert value(reply) == [pictures[..., :3].tolist(), "uint8", True]
    assert reply.used == ["scipy.misc.imread"]
    reply = run(f"{statement}\nscipy.misc.ascent()")
    assert (reply.error, reply.message) == ("AttributeError", "module 'scipy.misc' has no attribute 'ascent'")
    assert run("from scipy.misc import np").error == "ImportError"


def test_imread_keeps_the_channels(pictures, tmp_path):
    np.testing.assert_array_equal(scipy_misc.imread(tmp_path / "rgba.png"), pictures)
    assert scipy_misc.imread(tmp_path / "grey.png").shape == (20, 30)
    assert scipy_misc.imread(tmp_path / "palette.png").shape == (20, 30, 3)
    assert scipy_misc.imread(tmp_path / "rgba.png", mode="RGB").shape == (20, 30, 3)
    flat = scipy_misc.imread(tmp_path / "rgb.png", flatten=True)
    assert flat.dtype == np.float32
    np.testing.assert_allclose(flat, pictures[..., :3] @ [0.299, 0.587, 0.114], atol=0.01)


@pytest.mark.parametrize(
    ("size", "width", "height"),
    [((7, 11), 11, 7), (50, 15, 10), (0.4, 12, 8), (150, 45, 30), (np.array([7, 11]), 11, 7),
     ([7, 11, 3], 11, 7)],
)  # fmt: skip
@pytest.mark.parametrize("interp", ["nearest", "bilinear", "bicubic", "cubic", "lanczos"])
def test_imresize_is_pillows(pictures, size, width, height, interp):
    filters = {"nearest": "NEAREST", "bilinear": "BILINEAR", "lanczos": "LANCZOS"}
    resample = Image.Resampling[filters.get(interp, "BICUBIC")]
    expected = Image.fromarray(pictures[..., :3].copy()).resize((width, height), resample)
    np.testing.assert_array_equal(scipy_misc.imresize(pictures[..., :3], size, interp), np.array(expected))


def test_imresize_scales_floats_to_bytes_but_not_in_mode_f():
    data = np.array([[-1.0, 0.0], [1.0, 3.0]])
    np.testing.assert_array_equal(scipy_misc.imresize(data, 100), [[0, 64], [128, 255]])
    np.testing.assert_array_equal(scipy_misc.imresize(data, 100, mode="F"), data)
    assert scipy_misc.imresize(np.full((4, 4, 3), 7.0), (2, 2)).tolist() == np.zeros((2, 2, 3)).tolist()


def test_imsave_scales_all_but_bytes(pictures, tmp_path):
    scipy_misc.imsave(tmp_path / "a.png", pictures[..., :3])
    np.testing.assert_array_equal(np.array(Image.open(tmp_path / "a.png")), pictures[..., :3])
    data = np.linspace(-2, 4, 27).reshape(3, 3, 3)
    scipy_misc.imsave(tmp_path / "b.png", data)
    expected = np.floor((data + 2) / 6 * 255 + 0.5)
    np.testing.assert_array_equal(np.array(Image.open(tmp_path / "b.png")), expected)
    with pytest.raises(ValueError, match="suitable array shape"):
        scipy_misc.imsave(tmp_path / "c.png", np.zeros((2, 5, 6)))
    with pytest.raises(ValueError, match="mode"):
        scipy_misc.imsave(tmp_path / "c.png", np.zeros((3, 5, 6)))


def test_toimage_finds_the_channel_axis(pictures):
    expected = Image.fromarray(pictures[..., :3].copy()).tobytes()
    assert scipy_misc.toimage(pictures[..., :3].transpose(2, 0, 1)).tobytes() == expected
    assert scipy_misc.toimage(pictures[..., :3].transpose(0, 2, 1)).tobytes() == expected


def test_cv2_reads_and_writes_bgr(run, pictures, tmp_path):
    rgb, out = str(tmp_path / "rgb.png"), str(tmp_path / "out.png")
    code = f"""
import cv2
x = cv2.imread({rgb!r})
y = cv2.cvtColor(x, cv2.COLOR_BGR2RGB)
answer = [y.tolist(), cv2.imwrite({out!r}, x), cv2.imread('no.png') is None, (x[..., ::-1] == y).tolist()]
"""
    reply = run(code)
    assert value(reply) == [pictures[..., :3].tolist(), True, True, np.ones((20, 30, 3)).tolist()]
    assert reply.used == ["cv2"]
    np.testing.assert_array_equal(np.array(Image.open(out)), pictures[..., :3])
    reply = run("import cv2; cv2.dnn")
    assert (reply.error, reply.message) == ("AttributeError", "module 'cv2' has no attribute 'dnn'")
    reply = run("from cv2 import resize, np")
    assert (reply.error, reply.message.split(" (")[0]) == (
        "ImportError",
        "cannot import name 'np' from 'cv2'",
    )


def test_cv2_flags(pictures, tmp_path):
    np.testing.assert_array_equal(opencv.imread(str(tmp_path / "rgba.png"), -1), pictures[..., [2, 1, 0, 3]])
    grey = opencv.imread(str(tmp_path / "rgb.png"), opencv.IMREAD_GRAYSCALE)
    np.testing.assert_allclose(grey, pictures[..., :3] @ [0.299, 0.587, 0.114], atol=1)
    np.testing.assert_allclose(grey, opencv.cvtColor(pictures[..., :3].copy(), opencv.COLOR_RGB2GRAY), atol=1)


@pytest.mark.parametrize("shape", [(6, 8), (12, 8), (24, 40), (7, 29), (31, 37)])
@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
def test_cv2_resize_against_torch(shape, mode):
    """PyTorch's interpolate has OpenCV's sample positions, no smoothing and a = -0.75."""
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(2).random((24, 40, 3))
    options = {} if mode == "nearest" else {"align_corners": False}
    tensor = torch.from_numpy(x.transpose(2, 0, 1)[None])
    expected = torch.nn.functional.interpolate(tensor, shape, mode=mode, **options)[0].numpy().transpose(1, 2, 0)
    code = {"nearest": opencv.INTER_NEAREST, "bilinear": opencv.INTER_LINEAR, "bicubic": opencv.INTER_CUBIC}[mode]
    got = opencv.resize(x, shape[::-1], interpolation=code)
    np.testing.assert_allclose(got, expected, atol=1e-9)
    whole = opencv.resize(np.rint(x * 255).astype(np.uint8), shape[::-1], interpolation=code)
    assert whole.dtype == np.uint8
    np.testing.assert_allclose(whole, np.clip(expected, 0, 1) * 255, atol=1.5)


def test_cv2_resize_by_area_averages():
    x = np.random.default_rng(3).random((24, 40))
    blocks = x.reshape(6, 4, 5, 8).mean(axis=(1, 3))
    np.testing.assert_allclose(opencv.resize(x, (5, 6), interpolation=opencv.INTER_AREA), blocks)
    doubled = opencv.resize(x, None, fx=2, fy=2, interpolation=opencv.INTER_AREA)
    np.testing.assert_allclose(doubled, x.repeat(2, 0).repeat(2, 1))
    # Three cells as four: the inner two straddle a border at 2/3 and 1/3 of their width.
    row = opencv.resize(np.array([[0.0, 3.0, 6.0]]), (4, 1), interpolation=opencv.INTER_AREA)
    np.testing.assert_allclose(row, [[0, 2, 4, 6]])
    # Lanczos' eight weights sum to one, so a constant stays one.
    flat = opencv.resize(np.full((9, 9, 1), 0.3), (17, 5), interpolation=opencv.INTER_LANCZOS4)
    np.testing.assert_allclose(flat, np.full((5, 17), 0.3))


def test_cv2_channels_and_borders(pictures):
    bgr = pictures[..., :3].copy()
    np.testing.assert_array_equal(opencv.merge(opencv.split(bgr)), bgr)
    alpha = opencv.cvtColor(bgr, opencv.COLOR_BGR2RGBA)
    np.testing.assert_array_equal(alpha[..., :3], bgr[..., ::-1])
    assert (alpha[..., 3] == 255).all()
    np.testing.assert_array_equal(opencv.cvtColor(alpha, opencv.COLOR_RGBA2BGR), bgr)
    assert opencv.cvtColor(bgr[..., 0].copy(), opencv.COLOR_GRAY2BGR).shape == (20, 30, 3)
    framed = opencv.copyMakeBorder(bgr, 1, 2, 3, 4, opencv.BORDER_CONSTANT, value=(9, 8, 7))
    assert (framed.shape, framed[0, 0].tolist(), framed[-1, -1].tolist()) == (
        (23, 37, 3),
        [9, 8, 7],
        [9, 8, 7],
    )
    np.testing.assert_array_equal(framed[1:21, 3:33], bgr)
    with pytest.raises(opencv.error):
        opencv.cvtColor(bgr[..., 0].copy(), opencv.COLOR_BGR2RGB)


@pytest.mark.parametrize("name", ["imageio", "imageio.v2", "imageio.v3"])
def test_imageio(run, pictures, tmp_path, name):
    rgba, out = str(tmp_path / "rgba.png"), str(tmp_path / "out.png")
    reply = run(
        f"import {name} as iio\nx = iio.imread({rgba!r})\niio.imwrite({out!r}, x[..., :3] / 510.0)\nanswer = x.tolist()"
    )
    assert value(reply) == pictures.tolist()
    assert reply.used == ["imageio"]
    np.testing.assert_allclose(np.array(Image.open(out)), pictures[..., :3] / 2, atol=0.5)
    assert value(run("import imageio; answer = callable(imageio.v2.imread)"))


def test_matplotlib_reads_and_draws_nothing(run, pictures, tmp_path):
    png, jpg = str(tmp_path / "rgb.png"), str(tmp_path / "rgb.jpg")
    code = f"""
import matplotlib
matplotlib.use('Agg')
import matplotlib.pyplot as plt
import matplotlib.image as mpimg
x, y = plt.imread({png!r}), mpimg.imread({jpg!r})
fig, (a, b) = plt.subplots(1, 2, figsize=(3, 4))
a.imshow(x, cmap=plt.cm.gray).axes.set_title('x')
for axis in plt.subplots(2, 2)[1].flat: axis.axis('off')
plt.rcParams['font.size'] = 3
plt.figure(); plt.subplot(121); plt.imshow(x); plt.title('卷积'); plt.savefig('no.png'); plt.show()
answer = [str(x.dtype), str(y.dtype), x.tolist()]
"""
    reply = run(code)
    assert value(reply) == ["uint8", "uint8", pictures[..., :3].tolist()]
    assert reply.used == ["matplotlib"]
    reply = run("import matplotlib.pyplot as plt; plt.quiver3")
    assert reply.message == "module 'matplotlib.pyplot' has no attribute 'quiver3'"


def test_einops_in_a_session(run):
    reply = run(
        "from einops import rearrange; import numpy as np\n"
        "answer = rearrange(np.ones((2, 3, 4, 5)), 'n c h w -> n (h w c)').shape"
    )
    assert (value(reply), reply.used) == ([2, 60], ["einops.rearrange"])


T = np.arange(2 * 3 * 4 * 6).reshape(2, 3, 4, 6)


@pytest.mark.parametrize(
    ("pattern", "sizes", "expected"),
    [
        ("n c h w -> n h w c", {}, T.transpose(0, 2, 3, 1)),
        ("n c h w -> n (h w c)", {}, T.transpose(0, 2, 3, 1).reshape(2, -1)),
        ("n c (h a) (w b) -> n (c a b) h w", {"a": 2, "b": 3},
         T.reshape(2, 3, 2, 2, 2, 3).transpose(0, 1, 3, 5, 2, 4).reshape(2, 18, 2, 2)),
        ("n c h w->1 n () (c h w)", {}, T.reshape(1, 2, 1, -1)),
        ("n ... -> n (...)", {}, T.reshape(2, -1)),
        ("... h w -> (h w) ...", {}, T.reshape(2, 3, 24).transpose(2, 0, 1)),
        ("n_1 c h2 w -> w h2 c n_1", {}, T.T),
    ],
)  # fmt: skip
def test_rearrange_against_numpy(pattern, sizes, expected):
    np.testing.assert_array_equal(einops.rearrange(T, pattern, **sizes), expected)


@pytest.mark.parametrize(
    "pattern",
    [
        "n c h w",
        "n c h -> n h c",
        "n c h w -> n c h",
        "n c h w -> n c h w q",
        "n n h w -> n h w",
        "n c h w -> n c h h w",
        "n c (h a) w -> n c h a w",
        "n c (h z) w -> n c h z w",
        "n c h w -> n c h w -> n",
        "n c h w -> n (c (h w))",
        "n c h w -> n-c h w",
        "1 c h w -> c h w",
    ],
)
def test_rearrange_refuses_the_rest(pattern):
    with pytest.raises(ValueError):
        einops.rearrange(T, pattern, **({"z": 5} if "z" in pattern else {}))
    with pytest.raises(ValueError, match="z is no axis"):
        einops.rearrange(T, "n c h w -> n c w h", z=5)


def test_reduce_and_repeat_against_numpy():
    pooled = T.reshape(2, 3, 2, 2, 3, 2).max(axis=(3, 5))
    np.testing.assert_array_equal(einops.reduce(T, "n c (h a) (w b) -> n c h w", "max", a=2, b=2), pooled)
    np.testing.assert_array_equal(einops.reduce(T, "n c h w -> w n", "mean"), T.mean(axis=(1, 2)).T)
    wide = einops.repeat(T, "n c h w -> n c (h a) (w b)", a=2, b=3)
    np.testing.assert_array_equal(wide, T.repeat(2, axis=2).repeat(3, axis=3))
    with pytest.raises(ValueError):
        einops.repeat(T, "n c h w -> n c h w r")
    with pytest.raises(ValueError):
        einops.reduce(T, "n c h w -> n c", "median")
