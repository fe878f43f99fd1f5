"""Temporary folders go, also those of a process that was killed; those of a living one stay."""

import os
import subprocess
import sys
import tempfile

import pytest

from labbench import scratch

_HOLDER = """
import sys, tempfile
from labbench import scratch
tempfile.tempdir = sys.argv[1]
with scratch.folder() as path:
    (path / "deep").mkdir()
    (path / "deep" / "file").write_text("x")
    print(path, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path, monkeypatch):
    """Another process with a folder, which is older than a folder that is not locked yet may be."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        path = process.stdout.readline().strip()
        os.utime(path, (1, 1))
        yield process, path
        process.kill()


def test_a_folder_goes_with_its_context(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch.folder() as path:
        assert path.stat().st_mode & 0o777 == 0o700
        (path / "file").write_text("x")
    assert list(tmp_path.iterdir()) == []


def test_the_next_one_removes_what_a_killed_process_left(holder):
    process, path = holder
    process.kill()
    process.wait()
    assert os.path.exists(path)
    with scratch.folder():
        assert not os.path.exists(path)


def test_a_living_process_keeps_its_folder(holder):
    _, path = holder
    with scratch.folder():
        assert os.path.exists(path)


def test_links_and_young_folders_are_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "mine").mkdir()
    (tmp_path / "labbench-tmp-link").symlink_to(tmp_path / "mine")
    (tmp_path / "labbench-tmp-young").mkdir()
    with scratch.folder():
        pass
    assert {p.name for p in tmp_path.iterdir()} == {"mine", "labbench-tmp-link", "labbench-tmp-young"}
