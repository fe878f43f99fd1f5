"""Small hand-ins given as text, driven through the real workers; and whether anything leaks."""

from __future__ import annotations

import contextlib
import importlib
import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from labbench import grading, handin
from labbench.catalogue import Limits
from labbench.lab3_1 import scenarios
from labbench.labs import Case
from labbench.observe import Setting, record
from labbench.results import Fault
from labbench.texts import Lang, render
from labbench.worker.workspace import Workspace
from labbench.worker.zygote import Workers

LIMITS = Limits(cpu_seconds=1, memory_mib=256, output_mib=1)
X = np.arange(2 * 3 * 4 * 4, dtype=np.float32).reshape(2, 3, 4, 4)
POOL = Case("case", {"kernel_size": 2, "stride": 2}, {"input": X})
#: What the pooling below gives for X: of ascending numbers, the last of each window.
POOLED = X[:, :, 1::2, 1::2]

#: `# here` marks the line that a message must name.
_LAYER = """
import ctypes, gc, io, json, os, resource, signal, socket, stat, struct, sys, threading, time
import numpy as np

class MaxPoolingLayer:
    def __init__(self, kernel_size, stride):
        self.kernel_size = kernel_size

    def forward(self, x):
        n, c, h, w = x.shape
        y = x.reshape(n, c, h // 2, 2, w // 2, 2).max(axis=(3, 5))
{body}
        return y
"""


def graded(task, submission, course=None):
    """The scorecard of what lies there."""
    with handin.opened(submission, task.spec.files) as snapshot:
        return grading.grade(task, snapshot, course)


def layer(body=""):
    """A `layers_2.py` with a max pooling that is right but for the body, which finds x, y and self."""
    return _LAYER.format(body=textwrap.indent(textwrap.dedent(body).strip("\n"), " " * 8))


def line_of(source):
    """The number of the line marked with `# here`."""
    (number,) = (n for n, line in enumerate(source.splitlines(), 1) if "# here" in line)
    return number


def said(fault):
    """What a student reads."""
    assert isinstance(fault, Fault), fault
    assert render(fault.why, Lang.ZH)
    return render(fault.why, Lang.EN)


def keeper_pid(workers):
    return workers._zygote._process.pid


def zygote_pid(workers):
    """The keeper's only child."""
    (pid,) = children(keeper_pid(workers))
    return int(pid)


def children(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return []


def modules_of(folder, names):
    """The modules of a hand-in, imported afresh under their own names and forgotten again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setattr(sys, "dont_write_bytecode", True)
        for name in names:
            patch.delitem(sys.modules, name, raising=False)
        loaded = {name: importlib.import_module(name) for name in names}
        for name in names:
            del sys.modules[name]
    return SimpleNamespace(**loaded)


def inside(folder):
    """The living processes whose working directory is below a folder, as that of a session and its strays is."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{pid}/cwd").startswith(f"{folder}/") and alive(pid):
                found.append(int(pid))
    return found


def alive(pid):
    """Whether the process runs or sleeps; a zombie does neither."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


#: These tests are about the portable core, which must hold alone; the red team tests all layers together.
BEYOND_THE_CORE = ["namespaces", "no_new_privs", "landlock", "uid", "threads", "capabilities", "untraceable", "seccomp"]


def shapes_only(_name):
    """Fetch nothing, look at the shapes."""


class Rig:
    """Workers with a folder for hand-ins and workspaces."""

    def __init__(self, workers: Workers, folder: Path) -> None:
        self.workers, self.folder = workers, folder
        self._count = 0
        self._others = set(children(os.getpid()))
        self.work = folder / "work"
        self.work.mkdir()

    def workspace(self, files):
        """A workspace with a hand-in of these files; a text alone is `layers_2.py`."""
        self._count += 1
        package = self.folder / str(self._count) / "stu_upload"
        package.mkdir(parents=True)
        for name, source in ({"layers_2.py": files} if isinstance(files, str) else files).items():
            (package / name).write_text(source, encoding="utf-8")
        return Workspace(package, {})

    def session(self, stack, files, limits=LIMITS, **options):
        """A session that lives as long as the ExitStack."""
        code = stack.enter_context(self.workspace(files)).code
        return stack.enter_context(self.workers.session(code, limits, **options))

    def record(self, files, scenario=scenarios.pool, case=POOL, limits=LIMITS, *, retry=False, **options):
        with self.workspace(files) as workspace:
            setting = Setting(self.workers, workspace.code, limits, retry)
            return record(setting, ("scenario", scenario), case, **options)

    def fault(self, files, *args, **kwargs):
        """The one fault of a hand-in, observed or the reason for the end."""
        seen = self.record(files, *args, **kwargs)
        values = [o.value for o in seen.observations if isinstance(o.value, Fault)]
        fault = values[0] if values else seen.ended
        assert isinstance(fault, Fault), seen
        said(fault)
        return fault

    def assert_clean(self):
        """A good hand-in still works, and nothing is left but the zygote."""
        seen = self.record(layer())
        np.testing.assert_array_equal(seen.observations[0].value, POOLED)
        assert children(zygote_pid(self.workers)) == []
        assert set(children(os.getpid())) - self._others == {str(keeper_pid(self.workers))}
        assert inside(self.work) == []
        assert list(self.work.iterdir()) == []


@contextlib.contextmanager
def opened(folder: Path):
    """A rig whose temporary files lie in `folder`, checked at the end for what was left."""
    before = tempfile.tempdir
    with Workers({"off": BEYOND_THE_CORE}) as workers:
        rig = Rig(workers, folder)
        tempfile.tempdir = str(rig.work)
        try:
            yield rig
        finally:
            tempfile.tempdir = before
            # What a failed test left may be too deep for pytest to remove.
            subprocess.run(["rm", "-rf", "--", str(rig.work)], check=False)


def descriptors():
    return len(os.listdir("/proc/self/fd"))
