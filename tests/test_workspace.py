"""What the sessions of a hand-in share, and cannot tell one another by."""

from __future__ import annotations

import os

import numpy as np

from labbench.worker.workspace import Workspace


def test_reading_leaves_no_trace(tmp_path):
    package = tmp_path / "stu_upload"
    (package / "below").mkdir(parents=True)
    (package / "below" / "notes.txt").write_text("notes")
    (tmp_path / "weights").write_text("weights")
    with Workspace(package, {"weights": tmp_path / "weights"}) as workspace:
        workspace.add_images({"../images/cat.png": np.zeros((2, 2, 3), np.uint8)})
        base = workspace.code.cwd.parent.parent
        paths = [base, *base.rglob("*")]
        assert {"exp", "notes.txt", "weights", "cat.png", "output"} < {path.name for path in paths}
        before = {path: path.lstat().st_atime_ns for path in paths}
        # What a kernel that keeps these dates roughly asks, whatever the file system of this test is.
        assert all(before[path] > max(path.lstat().st_mtime_ns, path.lstat().st_ctime_ns) for path in paths)
        for path in paths:
            if path.is_symlink():
                path.readlink()
            elif path.is_dir():
                os.listdir(path)
            else:
                path.read_bytes()
        assert {path: path.lstat().st_atime_ns for path in paths} == before
