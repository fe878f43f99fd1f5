"""What a zygote starts with: packages that are found without importing them, and an environment with nothing in it.

Theory of operation. What the grader holds must not reach untrusted code: not by its variables, and not by looking into
the grader itself, which is closed to other processes of the same user before the first zygote is there.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from labbench.errors import ExitCode, LabbenchError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The packages a hand-in may import beside the standard library.
PACKAGES = ("numpy", "scipy", "PIL")

_PR_SET_DUMPABLE = 4
#: Settings that work around a broken BLAS kernel on some processors must reach the zygote too.
_PASSED_ON = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
#: One thread: it must be set before numpy loads, and CPU time charges all threads anyway.
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
               "VECLIB_MAXIMUM_THREADS")  # fmt: skip


def package_folders() -> dict[str, str]:
    """Where the permitted packages are installed, without importing them.

    Raises:
        LabbenchError: one is not installed.
    """
    folders = {}
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise LabbenchError("worker.no_package", exit_code=ExitCode.INTERNAL, package=name)
        folders[name] = str(Path(spec.origin).parent.parent)
    return folders


def close_to_others() -> None:
    """Take the grader's own memory, descriptors and environment out of reach of processes of the same user."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def environment(more: Sequence[str]) -> dict[str, str]:
    """The variables of a zygote: one BLAS thread, and of the grader's own those named in `more`."""
    clean = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent"}
    clean.update(dict.fromkeys(_ONE_THREAD, "1"))
    clean.update({name: os.environ[name] for name in (*_PASSED_ON, *more) if name in os.environ})
    return clean
