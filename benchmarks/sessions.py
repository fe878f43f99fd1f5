"""A small check in a forked session, beside the same in a fresh interpreter."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import numpy as np

from labbench import handin, task
from labbench.lab3_1 import LAB
from labbench.observe import Setting, record
from labbench.results import Profile
from labbench.worker.remote import Spec, fetch, root
from labbench.worker.workspace import Workspace
from labbench.worker.zygote import Workers

#: What "without" leaves out: every layer beyond limits, descriptors and the death signal.
LAYERS = ["namespaces", "no_new_privs", "landlock", "capabilities", "untraceable", "seccomp"]
_FRESH = """
import sys; sys.path.insert(0, sys.argv[1])
import numpy as np
import layers_2
pool = layers_2.MaxPoolingLayer(2, 2)
pool.forward(np.ones((1, 64, 22, 22), np.float32))
"""


@contextlib.contextmanager
def benchmarks():
    lab = task.prepare("3-1", Profile.QUICK)
    case = lab.pack.cases["pool"][0]
    big = np.ones((1, 64, 640, 640), np.float32)
    with (
        Workers() as workers,
        Workers({"off": LAYERS}) as bare,
        Workers(ahead=False) as waiting,
        handin.opened(LAB.reference, lab.spec.files) as snapshot,
        Workspace(snapshot.package, {}) as workspace,
        workers.session(workspace.code, lab.spec.scenarios["network"].limits) as session,
    ):
        setting = Setting(workers, workspace.code, lab.spec.scenarios["pool"].limits)
        unguarded = Setting(bare, workspace.code, lab.spec.scenarios["pool"].limits)
        on_demand = Setting(waiting, workspace.code, lab.spec.scenarios["pool"].limits)
        relu = root(session).layers_1.ReLULayer()

        def check():
            return record(setting, ("pool", LAB.scenarios["pool"]), case)

        def check_unguarded():
            return record(unguarded, ("pool", LAB.scenarios["pool"]), case)

        def check_on_demand():
            return record(on_demand, ("pool", LAB.scenarios["pool"]), case)

        def fresh():
            command = [sys.executable, "-c", _FRESH, str(snapshot.package)]
            return subprocess.run(command, check=True)

        def there_and_back():
            return fetch(relu.forward(big), Spec(big.shape))

        yield [
            ("small check, end to end", check, fresh, "a fresh interpreter"),
            ("small check, end to end", check, check_unguarded, "sandbox off", 41),
            ("small check, end to end", check, check_on_demand, "forked when asked for", 41),
            ("100 MB there and back", there_and_back, lambda: np.maximum(big, 0).copy(), "in-process ReLU and copy"),
        ]
