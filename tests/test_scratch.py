"""Temporary folders go, also those of a process that was killed; those of a living one stay."""

import linecache
import os
import subprocess
import sys
import tempfile
from pathlib import Path

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

_MAKER = """
import sys
from pathlib import Path
from labbench import scratch
for _ in range(300):
    with scratch.folder(beside=Path(sys.argv[1]) / "result") as path:
        (path / "mine").write_text("x")
"""


@pytest.fixture
def holder(tmp_path, monkeypatch):
    """Another process with a folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        path = process.stdout.readline().strip()
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


def test_links_are_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "mine").mkdir()
    (tmp_path / ".labbench-tmp-link").symlink_to(tmp_path / "mine")
    with scratch.folder():
        pass
    assert {p.name for p in tmp_path.iterdir()} == {"mine", ".labbench-tmp-link"}


@pytest.mark.parametrize(("where", "name"), [(Path, "mkdir"), (os, "open")])
def test_a_folder_removed_before_it_was_locked_is_made_again(tmp_path, monkeypatch, where, name):
    """What another process does that starts between the two, and would do to the folder of a killed one."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    step, lost = getattr(where, name), []

    def removed_after(path, *arguments, **options):
        done = step(path, *arguments, **options)
        if not lost:
            lost.append(path)
            scratch._remove_stale(tmp_path)
        return done

    monkeypatch.setattr(where, name, removed_after)
    with scratch.folder() as path:
        assert path.is_dir()
        assert not lost[0].exists()


def test_many_processes_at_once_keep_their_own(tmp_path):
    running = [subprocess.Popen([sys.executable, "-c", _MAKER, tmp_path]) for _ in range(4)]
    assert [process.wait(60) for process in running] == [0] * 4
    assert list(tmp_path.iterdir()) == []


def test_beside_a_file_that_is_to_be_replaced(tmp_path):
    with scratch.folder(beside=tmp_path / "result.json") as path:
        assert path.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("times", range(1, 3))
def test_an_interruption_anywhere_leaves_nothing(tmp_path, times):
    """Raised at each line of `scratch` in turn, as a signal may be."""
    line = 0
    while _interrupted_at(line, tmp_path, times):
        assert list(tmp_path.iterdir()) == []
        line += 1
    assert line > 15


def _interrupted_at(line, where, rounds):
    """Whether the context was interrupted at its line-th line."""
    seen = 0

    def trace(frame, event, _argument):
        nonlocal seen
        if frame.f_code.co_filename != scratch.__file__:
            return None
        # Python looks for signals where something is called; a bare `try:` is no such place.
        if event == "line" and linecache.getline(scratch.__file__, frame.f_lineno).strip() != "try:":
            seen += 1
            if seen == line + 1:
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        for _ in range(rounds):
            with scratch.folder(beside=where / "file") as path:
                (path / "content").write_text("x")
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(None)
    return False
