"""Remote objects: what can be asked, what comes back, and every way in which it does not fit."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from labbench.results import Fault, Verdict, text
from labbench.worker.remote import Remote, Spec, attempt, fetch, fetch_plain, root, run_main, shape_of
from tests import rig as rigs
from tests.rig import LIMITS, said

#: Functions of no argument that return every sort of thing.
_THINGS = """
import os, sys
import numpy as np

class Sub(np.ndarray):
    armed = False
    def __array_finalize__(self, other): assert not Sub.armed
    def __array_function__(self, *a, **k): raise RuntimeError("function")
    def __array_ufunc__(self, *a, **k): raise RuntimeError("ufunc")
    def __array__(self, *a, **k): return np.zeros(7)

class Lazy:
    shape, dtype, nbytes, ndim = (2, 3), np.dtype("f8"), 48, 2
    def __array__(self, *a, **k): return np.ones((2, 3))

class Liar(np.ndarray):
    shape = property(lambda self: (2, 3))

x = np.arange(6.0).reshape(2, 3)
things = {
    "float64": x, "float32": x.astype("f4"), "float16": x.astype("f2"), "int": x.astype(int), "uint8": x.astype("u1"),
    "bool": x > 2, "longdouble": x.astype(np.longdouble), "big": x.astype(">f8"), "fortran": np.asfortranarray(x),
    "negative": x[::-1, ::-1], "strided": np.arange(24.0).reshape(4, 6)[::2, ::2], "readonly": x.copy(),
    "sub": x.view(Sub), "matrix": np.asmatrix(x), "masked": np.ma.masked_array(x, x > 2), "nan": x * np.nan,
    "none": None, "list": x.tolist(), "dict": {"x": x}, "str": "abc", "object": x.astype(object),
    "complex": x + 0j, "struct": np.zeros((2, 3), "i4,f8"), "text": np.array([["a", "b", "c"]] * 2),
    "date": np.zeros((2, 3), "M8[s]"), "lazy": Lazy(), "liar": np.arange(3.0).view(Liar),
    "python float": 2.5, "numpy float": np.float32(2.5), "python int": 7, "true": True, "numpy true": np.True_,
    "zero-d": np.array(2.5), "huge int": 10 ** 400, "empty": np.zeros((0, 3)), "nine": np.zeros((1,) * 9),
    "large": np.zeros(100), "words": ["a", "b\\x1b[31m\\n::error::c"], "mixed": ["a", 1], "tuple": ("a",),
    "inf": float("inf"), "generator": (i for i in ()), "module": np, "type": Lazy,
}
things["readonly"].setflags(write=False)
Sub.armed = True
def get(name): return things[name]
def identity(v): return v
def kinds(*a, **k): return [repr(v) if not isinstance(v, np.ndarray) else "array" for v in (*a, *k.values())]
def spoil(a):
    before = a.copy()
    a[...] = -1
    return before
def add(a, b=0): return a + b
class Holder:
    value = 3
    table = {"k": [x, x + 1], 5: x}
    def __init__(self): self.own = x * 2
holder = Holder
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with rigs.opened(tmp_path_factory.mktemp("handins")) as rig:
        yield rig


@pytest.fixture
def session(shared):
    with contextlib.ExitStack() as stack:
        yield shared.session(stack, {"layers_2.py": _THINGS, "vgg_cpu.py": "import sys\nprint('ran', __name__)\n"})
    shared.assert_clean()


@pytest.fixture
def things(session):
    return root(session).layers_2


RIGHT = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    ("name", "dtype", "value"),
    [
        ("float64", "float64", RIGHT), ("float32", "float32", RIGHT), ("float16", "float16", RIGHT),
        ("int", "int64", RIGHT), ("uint8", "uint8", RIGHT), ("bool", "bool", RIGHT > 2),
        ("longdouble", "float64", RIGHT), ("big", "float64", RIGHT), ("fortran", "float64", RIGHT),
        ("negative", "float64", RIGHT[::-1, ::-1]), ("readonly", "float64", RIGHT), ("sub", "float64", RIGHT),
        ("strided", "float64", np.arange(24.0).reshape(4, 6)[::2, ::2]), ("matrix", "float64", RIGHT),
        ("masked", "float64", RIGHT), ("nan", "float64", RIGHT * np.nan), ("python float", "float64", 2.5),
        ("numpy float", "float32", 2.5), ("python int", "int64", 7), ("zero-d", "float64", 2.5),
        ("empty", "float64", np.zeros((0, 3))),
    ],
)  # fmt: skip
def test_arrays_come_as_plain_private_copies(things, name, dtype, value):
    got = fetch(things.get(name), Spec(shape=np.shape(value)))
    assert type(got) is np.ndarray
    assert (got.dtype, got.shape) == (np.dtype(dtype), np.shape(value))
    assert got.dtype.isnative
    assert got.flags.c_contiguous
    assert got.flags.writeable
    np.testing.assert_array_equal(got, value)
    assert shape_of(things.get(name)) == np.shape(value)


@pytest.mark.parametrize(
    ("name", "verdict", "message"),
    [
        ("none", Verdict.TYPE, "Got None, expected a NumPy array; is a return missing?"),
        ("list", Verdict.TYPE, "Got list, expected a NumPy array."),
        ("dict", Verdict.TYPE, "Got dict, expected a NumPy array."),
        ("str", Verdict.TYPE, "Got str, expected a NumPy array."),
        ("true", Verdict.TYPE, "Got bool, expected a NumPy array."),
        ("numpy true", Verdict.TYPE, "Got bool, expected a NumPy array."),
        ("lazy", Verdict.TYPE, "Got Lazy, expected a NumPy array."),
        ("generator", Verdict.TYPE, "Got generator, expected a NumPy array."),
        ("type", Verdict.TYPE, "Got type, expected a NumPy array."),
        ("object", Verdict.TYPE, "Got an array of dtype object, expected numbers (float32 or float64)."),
        ("huge int", Verdict.TYPE, "Got an array of dtype object, expected numbers (float32 or float64)."),
        ("complex", Verdict.TYPE, "Got an array of dtype complex128, expected numbers (float32 or float64)."),
        ("struct", Verdict.TYPE, "Got an array of dtype void96, expected numbers (float32 or float64)."),
        ("text", Verdict.TYPE, "Got an array of dtype str32, expected numbers (float32 or float64)."),
        ("date", Verdict.TYPE, "Got an array of dtype datetime64[s], expected numbers (float32 or float64)."),
        ("empty", Verdict.SHAPE, "Got shape (0, 3), expected (2, 3)."),
        ("zero-d", Verdict.SHAPE, "Got shape (), expected (2, 3)."),
        ("python float", Verdict.SHAPE, "Got shape (), expected (2, 3)."),
        ("large", Verdict.SHAPE, "Got shape (100,), expected (2, 3)."),
        ("nine", Verdict.SHAPE, "Got shape (1, 1, 1, 1, 1, 1, 1, 1), expected (2, 3)."),
        ("liar", Verdict.SHAPE, "Got shape (3,), expected (2, 3)."),
    ],
)
def test_what_does_not_fit(things, name, verdict, message):
    with pytest.raises(Fault) as raised:
        fetch(things.get(name), Spec(shape=(2, 3)))
    assert said(raised.value) == message
    assert raised.value.verdict is verdict
    assert fetch(things.get("float64"), Spec((2, 3))).shape == (2, 3)  # the session goes on


def test_array_beyond_the_limit(things):
    with pytest.raises(Fault) as raised:
        fetch(things.get("large"), Spec(limit=799))
    assert raised.value.why.key == "fault.too_large"
    assert fetch(things.get("large"), Spec(limit=800)).shape == (100,)


def test_arguments_arrive_as_what_they_are(things):
    values = (None, True, 3, 2.5, "a", [1, "b"], (1, 2), {"k": [3]}, slice(1, None, 2))
    got = fetch_plain(things.kinds(*values, extra=RIGHT, handle=things.get("str")))
    assert got == [*(repr(v) for v in values), "array", "'abc'"]


def test_arrays_sent_are_private_and_writable(things):
    mine = RIGHT.copy()
    mine.setflags(write=False)
    np.testing.assert_array_equal(fetch(things.spoil(mine), Spec()), RIGHT)
    np.testing.assert_array_equal(mine, RIGHT)


@pytest.mark.parametrize("array", [RIGHT[::-1, ::2], RIGHT.T, RIGHT.astype(">f4"), np.array(3.5), RIGHT > 2,
                                   np.zeros((2, 0)), np.broadcast_to(np.float16(1), (2, 2))])  # fmt: skip
def test_any_array_can_be_sent(things, array):
    got = fetch(things.identity(array), Spec(array.shape))
    assert got.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(got, array)


def test_paths_cost_nothing_until_they_are_called(session, things):
    path = things.holder().table["k"][1]
    assert repr(things.holder.table["k"][slice(1)]) == "<Remote layers_2.holder.table['k'][…]>"
    calls = len(session.ledger)
    np.testing.assert_array_equal(fetch(path, Spec()), RIGHT + 1)
    np.testing.assert_array_equal(fetch(things.holder.table[5][:, 1:], Spec()), RIGHT[:, 1:])
    np.testing.assert_array_equal(fetch(things.holder().own, Spec()), RIGHT * 2)
    np.testing.assert_array_equal(fetch(things.add(things.get("float64"), b=things.holder.value), Spec()), RIGHT + 3)
    assert len(session.ledger) == calls + 7
    assert session.ledger[-1].name == "fetch layers_2.add()"


@pytest.mark.parametrize(
    "use",
    [iter, bool, len, lambda r: r == r, lambda r: r != 1, lambda r: 1 in r, np.asarray, hash,
     lambda r: setattr(r, "x", 1), lambda r: delattr(r, "x"), list],
)  # fmt: skip
def test_a_remote_has_no_value(things, use):
    with pytest.raises(TypeError):
        use(things.get("float64"))


@pytest.mark.parametrize("value", [object(), {1, 2}, 1j, b"bytes", np.float64])
def test_what_never_crosses(things, value):
    with pytest.raises(TypeError, match="cannot send"):
        things.identity(value)


def test_a_fault_as_argument_is_raised_as_it_is(session, things):
    fault = Fault(Verdict.TIMEOUT, text("fault.cpu", limit=1))
    calls = len(session.ledger)
    with pytest.raises(Fault) as raised:
        things.identity([1, {"k": fault}])
    assert raised.value is fault
    assert len(session.ledger) == calls


def test_attempt_gives_the_fault_as_a_value(things):
    assert isinstance(attempt(things.get, "float64"), Remote)
    fault = attempt(things.get, "no such thing")
    assert isinstance(fault, Fault)
    assert said(fault).startswith("KeyError at layers_2.py:")


@pytest.mark.parametrize(
    ("name", "value"),
    [("str", "abc"), ("python int", 7.0), ("numpy float", 2.5), ("true", 1.0), ("inf", float("inf")),
     ("tuple", ["a"]), ("words", ["a", "b[31m : :error: :c"])],
)  # fmt: skip
def test_plain(things, name, value):
    assert fetch_plain(things.get(name)) == value


@pytest.mark.parametrize(
    ("name", "got"), [("none", "NoneType"), ("float64", "ndarray"), ("mixed", "list"), ("dict", "dict")]
)
def test_not_plain(things, name, got):
    with pytest.raises(Fault) as raised:
        fetch_plain(things.get(name))
    assert said(raised.value) == f"Got {got}, expected a number or a string."


def test_number_too_large_to_be_plain(things):
    with pytest.raises(Fault) as raised:
        fetch_plain(things.get("huge int"))
    assert raised.value.why.key == "fault.call"


def test_the_root_outlives_its_remotes(session):
    for _ in range(3):
        assert fetch_plain(root(session).layers_2.get("str")) == "abc"


def test_main(shared):
    files = {"vgg_cpu.py": "import sys\nif __name__ == '__main__':\n    print('ran', sys.argv)\n    1 / 0\n"}
    with shared.workspace(files) as workspace, shared.workers.session(workspace.inside, LIMITS) as session:
        with pytest.raises(Fault) as raised:
            run_main(session, str(workspace.inside.package / "vgg_cpu.py"))
        printed = session.close().output
    assert said(raised.value).startswith("ZeroDivisionError at vgg_cpu.py:4")
    assert printed.startswith("ran ['")
    assert printed.endswith("vgg_cpu.py']")


def test_dropped_results_are_released(shared):
    source = "import numpy as np\ndef make(): return np.ones(10 << 17)\n"  # 10 MiB
    with contextlib.ExitStack() as stack:
        session = shared.session(stack, source)
        made = [root(session).layers_2.make() for _ in range(2)]
        for _ in range(60):
            made = [*made[1:], root(session).layers_2.make()]
        many = session.close().memory
        session = shared.session(stack, source)
        made = [root(session).layers_2.make() for _ in range(3)]
        few = session.close().memory
    assert made
    assert many < few + (15 << 20)
    assert LIMITS.memory_mib < 600  # so kept results would have run out of memory
