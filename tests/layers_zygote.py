"""A small zygote for test_layers_sandbox: prepares the layers once and forks a child a request, which puts them on.

Run as `python -I -S -B layers_zygote.py INSIDE_FOLDER CONFIG_JSON`; requests and answers are JSON lines. With
`become` in the config, a root zygote makes itself that ordinary user first.
"""

import ctypes
import importlib
import importlib.util
import json
import os
import resource
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)


def load_package(folder):
    spec = importlib.util.spec_from_file_location(
        "labbench_inside", os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    package = importlib.util.module_from_spec(spec)
    sys.modules["labbench_inside"] = package
    spec.loader.exec_module(package)
    return importlib.import_module("labbench_inside.compat")


def mount(source, target, kind, flags, data=None):
    if LIBC.mount(source, target.encode(), kind, flags, data) < 0:
        raise OSError(ctypes.get_errno(), f"mount {target}")


def show(prefix):
    """Let an ordinary user reach the interpreter, in a mount namespace of our own, where a home folder hides it."""
    LIBC.unshare(1 << 17)
    mount(None, "/", None, 1 << 14 | 1 << 18)
    parts = prefix.split("/")
    above = ["/".join(parts[: n + 1]) for n in range(1, len(parts))]
    hidden = next((folder for folder in above if not os.stat(folder).st_mode & 1), None)
    if hidden is not None and hidden != prefix:
        held = os.open(prefix, os.O_PATH)
        mount(b"tmpfs", hidden, b"tmpfs", 0, b"mode=755")
        os.makedirs(prefix)
        mount(f"/proc/self/fd/{held}".encode(), prefix, None, 1 << 12 | 1 << 14)
        os.close(held)


def become(uid):
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    LIBC.prctl(4, 1, 0, 0, 0)  # dumpable again, as an ordinary user's process is


def syscall(number, *arguments):
    """For attacks: a raw system call that raises OSError."""
    plain = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = LIBC.syscall(ctypes.c_long(number), *plain)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def session(layers, status, request, reply):
    took = {}
    request.setdefault("limits", {"memory": 1 << 30, "cpu": 10})
    request = {"parent": os.getppid(), "keep": [reply], **request}
    scope = {"syscall": syscall, "LIBC": LIBC, "os": os, "ctypes": ctypes, **request.get("scope", {})}
    answer = {}
    try:
        if request.get("measure"):
            for name, layer in status.layers.items():
                start = time.perf_counter()
                layer.apply(request)
                took[name] = (time.perf_counter() - start) * 1e3
        else:
            layers.apply(status, request)
        exec(request["code"], scope)
        answer = {"answer": scope.get("answer", "done")}
    except BaseException as error:  # noqa: BLE001 - a denial is an answer, too
        answer = {"error": type(error).__name__, "errno": getattr(error, "errno", None), "message": str(error)}
    os.write(reply, json.dumps(answer | {"took": took}).encode())


def serve(layers, status, request):
    try:
        layers.foresee(status, request)
    except layers.LayerError as error:
        return {"error": "LayerError", "message": str(error)}
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(read)
            session(layers, status, request, write)
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read()
    return {**json.loads(said or b"{}"), "status": os.waitpid(pid, 0)[1]}


def main():
    config = json.loads(sys.argv[2])
    if config.get("become") is not None:
        show(sys.base_prefix)
        become(config["become"])
    compat = load_package(sys.argv[1])
    compat.prepare(config["packages"])
    for name in ("numpy", "numpy.linalg", "numpy.random", "scipy", "scipy.io", "PIL.Image", "PIL.PngImagePlugin"):
        importlib.import_module(name)
    layers = importlib.import_module("labbench_inside.layers")
    start = time.perf_counter()
    status = layers.prepare(config)
    took = (time.perf_counter() - start) * 1e3
    nofile = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    print(json.dumps({**status.plain(), "took": took, "pid": os.getpid(), "nofile": nofile}), flush=True)
    for line in sys.stdin:
        print(json.dumps(serve(layers, status, json.loads(line))), flush=True)


main()
