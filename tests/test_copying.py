"""A folder is copied with its modes; where that cannot be done, the system's own error comes out."""

from __future__ import annotations

import errno
import resource

import pytest

from labbench.copying import copy_folder


def test_contents_and_modes(tmp_path):
    source = tmp_path / "source"
    (source / "in").mkdir(parents=True)
    (source / "in" / "a.py").write_bytes(b"a")
    (source / "b.py").write_bytes(b"b")
    (source / "b.py").chmod(0o444)
    (source / "in").chmod(0o555)
    copy_folder(source, tmp_path / "copy")
    copied = {
        str(p.relative_to(tmp_path / "copy")): (p.stat().st_mode & 0o777, p.is_file() and p.read_bytes())
        for p in (tmp_path / "copy").rglob("*")
    }
    assert copied == {"in": (0o555, False), "in/a.py": (0o644, b"a"), "b.py": (0o444, b"b")}
    (source / "in").chmod(0o755)
    (tmp_path / "copy" / "in").chmod(0o755)


def test_what_the_system_refuses_comes_out_as_it_is(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.py").write_bytes(bytes(2000))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="too large") as refused:
            copy_folder(source, tmp_path / "copy")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert refused.value.errno == errno.EFBIG
