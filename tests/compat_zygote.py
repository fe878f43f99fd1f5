"""A small zygote for test_compat: loads `labbench_inside` as the real one does and forks a session a request.

Run as `python -I -S -B compat_zygote.py INSIDE_FOLDER PACKAGES_JSON`; requests and answers are JSON lines.
"""

import importlib
import importlib.util
import io
import json
import os
import sys
import traceback


def load_package(folder):
    spec = importlib.util.spec_from_file_location(
        "labbench_inside", os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    package = importlib.util.module_from_spec(spec)
    sys.modules["labbench_inside"] = package
    spec.loader.exec_module(package)
    return importlib.import_module("labbench_inside.compat")


def session(compat, request, used):
    """Install the hand-in, run the code and tell what it left in `answer`."""
    scope, out = {"run_main": compat.run_main}, io.StringIO()
    os.chdir(os.path.dirname(request["handin"]))
    sys.stdout = out
    compat.install(request["handin"], used)
    reply = {"answer": None, "error": None}
    try:
        exec(request["code"], scope)
        reply["answer"] = scope.get("answer")
    except BaseException as error:  # noqa: BLE001 - exit() is an answer, too
        frames = traceback.extract_tb(error.__traceback__)
        reply["error"] = type(error).__name__
        reply["message"] = str(error)
        reply["trace"] = [[os.path.basename(f.filename), f.lineno, f.line] for f in frames]
    return reply | {"used": sorted(used), "out": out.getvalue()}


def main():
    compat = load_package(sys.argv[1])
    compat.prepare(json.loads(sys.argv[2]))
    for name in ("numpy", "scipy", "scipy.io", "PIL.Image"):
        importlib.import_module(name)
    used = set()
    compat.serve_old_names(used)
    for line in sys.stdin:
        if os.fork() == 0:
            reply = session(compat, json.loads(line), used)
            os.write(1, json.dumps(reply).encode() + b"\n")
            os._exit(0)
        os.wait()


main()
