"""Hand-ins for tests: packed in many ways, opened, refused."""

from __future__ import annotations

import io
import tarfile
import tempfile
import zipfile

import pytest

from labbench import handin
from labbench.errors import ExitCode, LabbenchError

FILES = ("layers_1.py", "layers_2.py", "vgg_cpu.py")
WORK = {name: f"# {name}\n".encode() for name in FILES}


@pytest.fixture(autouse=True, name="private")
def private_folder(tmp_path, monkeypatch):
    """All temporary folders lie here; it must be empty after each test."""
    folder = tmp_path / "private"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def folder_of(top, members):
    for name, content in members.items():
        file = top / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return top


def zip_of(path, members, **options):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as out:
        for name, content in members.items():
            out.writestr(name, content)
    return path


def tar_of(path, members):
    mode = {".gz": "w:gz", ".tgz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}.get(path.suffix, "w")
    with tarfile.open(path, mode) as out:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))
    return path


def below(prefix, members=WORK):
    return {prefix + name: content for name, content in members.items()}


def opened(path, files=FILES):
    """(digest, content of each file, missing) of a hand-in."""
    with handin.opened(path, files) as snapshot:
        package = snapshot.package
        assert package.name == "stu_upload"
        assert package.parent.stat().st_mode & 0o077 == 0
        assert not any(p.stat().st_mode & 0o222 for p in (package, *package.rglob("*")))
        content = {str(p.relative_to(package)): p.read_bytes() for p in package.rglob("*") if p.is_file()}
        result = snapshot.digest, content, snapshot.missing
    assert not package.exists()
    return result


def refused(path, pattern, files=FILES):
    with pytest.raises(LabbenchError, match=pattern) as caught, handin.opened(path, files):
        pytest.fail("it was opened")
    assert "\n" not in str(caught.value)
    assert str(caught.value).isprintable()
    assert caught.value.text.key.startswith("handin.")
    assert caught.value.exit_code is ExitCode.USAGE
    assert "labbench-tmp-" not in str(caught.value)  # where it was unpacked is nobody's concern
    return str(caught.value)
