"""The machine's timing lock."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from labbench.alone import alone


@pytest.fixture
def lock(tmp_path):
    made = tmp_path / "lock"
    made.mkdir()
    return made


def test_one_at_a_time(lock):
    with alone(lock) as first, alone(lock, patience=0.1) as second:
        assert first is None
        assert second.key == "duel.lock_busy"
    with alone(lock, patience=0.1) as third:
        assert third is None


def test_a_dead_holder_holds_nothing(lock):
    take = (
        "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", take, str(lock)]).returncode == -9
    with alone(lock, patience=0.1) as reason:
        assert reason is None


def test_a_lock_that_may_only_be_read_is_enough(lock):
    lock.chmod(0o555)
    with alone(lock, patience=0.1) as reason:
        assert reason is None


@pytest.mark.parametrize("make", [lambda p: p.symlink_to("/etc/passwd"), lambda p: p.parent.rmdir()])
def test_without_a_lock_there_is_a_reason(tmp_path, make):
    lock = tmp_path / "folder" / "lock"
    lock.parent.mkdir()
    make(lock)
    before = len(os.listdir("/proc/self/fd"))
    with alone(lock) as reason:
        assert reason.key == "duel.no_lock"
    assert len(os.listdir("/proc/self/fd")) == before
