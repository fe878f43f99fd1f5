"""Stopping a session's process."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from labbench.worker import process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

SPIN = """
import ctypes, os, threading
threading.Thread(target=lambda: all(iter(lambda: 1, 0))).start()
print(flush=True)
"""
#: The first thread alone ends (exit, not exit_group): by its own line in /proc the process is a zombie.
LEAVE = "ctypes.CDLL(None).syscall(ctypes.c_long(60 if os.uname().machine == 'x86_64' else 93), ctypes.c_long(0))\n"


@pytest.fixture(params=["", LEAVE], ids=["all threads", "without its first"])
def spinning(request):
    with subprocess.Popen([sys.executable, "-c", SPIN + request.param], stdout=subprocess.PIPE) as started:
        started.stdout.readline()
        while request.param and states(started.pid).count("Z") != 1:
            pass
        yield started.pid
        started.kill()


def states(pid):
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return "".join(sorted((task / "stat").read_text().rpartition(")")[2].split()[0] for task in tasks))


def test_what_is_stopped_stands_still(spinning):
    for _ in range(30):
        process.stop(spinning)
        assert states(spinning) in ("TT", "TZ")
        process.resume(spinning)


def test_what_spins_has_not_ended(spinning, monkeypatch):
    monkeypatch.setattr(process, "_DEATH_SECONDS", 0.1)
    assert not process.ended(spinning)
    process.stop(spinning)
    assert not process.ended(spinning)


def test_what_was_killed_has_ended():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as started:
        started.send_signal(signal.SIGKILL)
        assert process.ended(started.pid)
        started.wait()
        assert process.ended(started.pid)
