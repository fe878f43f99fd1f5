"""Result files appear whole or not at all; hopeless places are refused before minutes are spent."""

from __future__ import annotations

import os
import threading

import pytest

from labbench.errors import LabbenchError
from labbench.files import check_writable, write_atomically


def test_write_and_replace(tmp_path):
    file = tmp_path / "报告.json"
    for content in (b"first", b"second"):
        check_writable(file)
        write_atomically(file, content)
        assert file.read_bytes() == content
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [file]


def test_a_relative_path(tmp_path, monkeypatch):
    from pathlib import Path

    monkeypatch.chdir(tmp_path)
    check_writable(Path("out"))
    write_atomically(Path("out"), b"x")
    assert (tmp_path / "out").read_bytes() == b"x"


def test_a_folder_and_a_missing_folder_are_refused(tmp_path):
    with pytest.raises(LabbenchError, match="is a folder; name a file"):
        check_writable(tmp_path)
    with pytest.raises(LabbenchError, match=f"there is no folder {tmp_path / 'no'}; make it first"):
        check_writable(tmp_path / "no" / "out")
    (tmp_path / "file").touch()
    with pytest.raises(LabbenchError, match="there is no folder"):
        check_writable(tmp_path / "file" / "out")


def test_a_folder_that_may_not_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(LabbenchError, match="cannot be written: Permission denied"):
        check_writable(tmp_path / "out")


def test_a_full_disk_leaves_the_old_content(tmp_path, monkeypatch):
    file = tmp_path / "out"
    file.write_bytes(b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LabbenchError, match="No space left on device"):
        write_atomically(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_an_interruption_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "out", b"new")
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    check_writable(pipe)
    write_atomically(pipe, b"through")
    reader.join(5)
    assert got == [b"through"]
    assert pipe.is_fifo()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_device_that_refuses():
    from pathlib import Path

    with pytest.raises(LabbenchError, match="cannot be written: No space left"):
        write_atomically(Path("/dev/full"), b"x")
