"""The zygote: a clean interpreter with numpy loaded, which forks one session a request.

Run as `python -I -S -B zygote.py CONTROL_FD CONFIG_JSON`. Requests on the control socket, one JSON line each:

{"op": "fork", …} with three descriptors (session socket, stdout, stderr) -> {"pid": n} or {"failed": reason}
{"op": "reap", "pid": n}                                                  -> {"status": n, "cpu": s, "memory": bytes}

A forked session puts on the isolation layers and says so through a pipe before the zygote answers, so that nothing of
the hand-in has run by then and the word cannot be forged. A layer that fails ends the session and is a hard error.

It is a subreaper, so whatever a session leaves behind becomes its child and ends with it. A pid stays taken until
the grader asks to reap it, so the grader never signals a stranger. The process that was started stays as the zygote's
keeper (`keeper.py`): at the death of the grader or of the zygote it ends all that is left.
"""

from __future__ import annotations

import builtins
import errno
import gc
import importlib
import importlib.util
import json
import os
import random
import signal
import socket
import sys
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


def _load_package() -> Any:
    """This folder as the package `labbench_inside`; nothing else of labbench becomes importable."""
    folder = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib costs start-up
    spec = importlib.util.spec_from_file_location(
        "labbench_inside",
        os.path.join(folder, "__init__.py"),  # noqa: PTH118
        submodule_search_locations=[folder],
    )
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018
    package = importlib.util.module_from_spec(spec)
    sys.modules["labbench_inside"] = package
    spec.loader.exec_module(package)
    return package


def _preload() -> None:
    """What nearly every hand-in imports, so that a session does not pay for it."""
    for name in ("numpy", "numpy.linalg", "numpy.random", "scipy", "scipy.io", "PIL.Image", "PIL.PngImagePlugin",
                 "PIL.JpegImagePlugin", "traceback", "linecache"):  # fmt: skip
        importlib.import_module(name)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What the zygote made ready for its sessions.

    Attributes:
        standard: Where the standard library lies.
        isolation: The layers, as `layers.prepare` found them.
        used: Where a session notes the compatibility help it used; empty, and each fork has its own copy.
    """

    standard: list[str]
    isolation: Any
    used: set[str]


class _Fence(MetaPathFinder):
    """PathFinder, but top-level modules lie in the given folders or below the last, whatever `sys.path` says.

    A hand-in that adds `site-packages` gets no other score where more is installed.
    """

    def __init__(self, folders: Sequence[str]) -> None:
        self._folders = frozenset(folders)
        self._below = folders[-1] + os.sep

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The protocol of `sys.meta_path`."""
        if path is None:
            path = [entry for entry in sys.path if isinstance(entry, str) and self._encloses(entry)]
        return PathFinder.find_spec(name, path, target)

    def _encloses(self, entry: str) -> bool:
        folder = os.path.abspath(entry)  # noqa: PTH100
        return folder in self._folders or folder.startswith(self._below)

    def invalidate_caches(self) -> None:
        """Forget which files there are."""
        PathFinder.invalidate_caches()


def _session(request: dict[str, Any], connection: socket.socket, prepared: _Prepared) -> None:
    """The child's life. Never returns."""
    serve = importlib.import_module("labbench_inside.serve")
    compat = importlib.import_module("labbench_inside.compat")
    # The same stream of "random" start weights in every session: two runs give one scorecard.
    random.seed(0)
    sys.modules["numpy"].random.seed(0)
    parent, name = os.path.split(request["package"])
    compat.install(request["package"], prepared.used, request["clients"])
    fence = _Fence([*prepared.standard, parent, request["package"]])
    sys.meta_path[:] = [fence if finder is PathFinder else finder for finder in sys.meta_path]
    # The `site` module, which is left out, brings these.
    vars(builtins).update(exit=sys.exit, quit=sys.exit)
    sys.argv = [""]
    serve.Session(connection, name, request["package"], prepared.used).run()


def _attempt(step: str, status: Any, request: dict[str, Any]) -> str:
    """`foresee` or `apply` all layers; returns why that failed, "" if it did not."""
    layers = importlib.import_module("labbench_inside.layers")
    try:
        getattr(layers, step)(status, request)
    except layers.LayerError as error:
        return str(error) or "unknown"
    return ""


def _fork(
    request: dict[str, Any], descriptors: list[int], control: socket.socket, prepared: _Prepared
) -> tuple[int, str]:
    """Fork a session; its pid (0 if there is none), and why a layer failed ("" if none did)."""
    request["parent"] = os.getpid()
    if failure := _attempt("foresee", prepared.isolation, request):
        for descriptor in descriptors:
            os.close(descriptor)
        return 0, failure
    told, tell = os.pipe()
    pid = os.fork()
    if pid:
        for descriptor in (*descriptors, tell):
            os.close(descriptor)
        with open(told, "rb") as pipe:  # noqa: PTH123
            return pid, pipe.read(4096).decode(errors="replace")
    status = 1
    try:
        os.setsid()
        control.close()
        os.dup2(descriptors[1], 1)
        os.dup2(descriptors[2], 2)
        os.chdir(request["cwd"])
        failure = _attempt("apply", prepared.isolation, {**request, "keep": [descriptors[0], tell]})
        if failure:
            os.write(tell, failure.encode()[:4096])
            os._exit(1)
        os.close(tell)
        _session(request, socket.socket(fileno=descriptors[0]), prepared)
    except MemoryError:
        status = errno.ENOMEM
    except (OSError, EOFError):
        status = errno.EPIPE
    finally:
        os._exit(status)


def _reap(pid: int, live: set[int], keeper: Any) -> dict[str, Any]:
    """Wait for a session that the grader has killed, and kill and reap whatever it left behind."""
    _, status, usage = os.wait4(pid, 0)
    live.discard(pid)
    cpu = usage.ru_utime + usage.ru_stime
    while strays := [child for child in keeper.children() if child not in live]:
        cpu += keeper.end(strays)
    return {"status": status, "cpu": cpu, "memory": usage.ru_maxrss * 1024}


def _serve(control: socket.socket, prepared: _Prepared) -> None:
    live: set[int] = set()
    keeper = importlib.import_module("labbench_inside.keeper")
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, 65536, 3)
        if not data:
            return
        request = json.loads(data)
        if request["op"] == "fork":
            pid, failure = _fork(request, list(descriptors), control, prepared)
            answer: dict[str, Any] = {"failed": failure} if failure else {"pid": pid}
            if pid and failure:
                _reap(pid, live, keeper)
            elif pid:
                live.add(pid)
        else:
            answer = _reap(request["pid"], live, keeper)
        control.sendall(json.dumps(answer).encode() + b"\n")


def main() -> None:
    """Start, say ready, serve."""
    control = socket.socket(fileno=int(sys.argv[1]))
    config = json.loads(sys.argv[2])
    standard = list(sys.path)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    package = _load_package()
    keeper = importlib.import_module(package.__name__ + ".keeper")
    parent = keeper.fork_zygote(control.fileno()) if sys.platform == "linux" else os.getppid()
    keeper.adopt_orphans()
    compat = importlib.import_module(package.__name__ + ".compat")
    compat.prepare(config["packages"])
    _preload()
    for name in (".serve", ".faults"):
        importlib.import_module(name, package.__name__)
    layers = importlib.import_module(package.__name__ + ".layers")
    isolation = layers.prepare({**config.get("isolation", {}), "packages": config["packages"]})
    # Here, since a user namespace, once entered, forgets it.
    keeper.die_with(parent)
    used: set[str] = set()
    compat.serve_old_names(used)
    # Forked sessions would copy every page the collector touches.
    gc.collect()
    gc.freeze()
    control.sendall(json.dumps({"isolation": isolation.plain()}).encode() + b"\n")
    _serve(control, _Prepared(standard, isolation, used))


if __name__ == "__main__":
    main()
