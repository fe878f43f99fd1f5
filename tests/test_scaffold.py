"""`labbench init`: stubs and handouts, never over a student's work, never by halves."""

from __future__ import annotations

import pathlib
import shutil

import pytest

from labbench import catalogue, resources
from labbench.errors import LabbenchError
from labbench.scaffold import scaffold

LABS = catalogue.load().labs


def tree(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("name", LABS)
def test_it_writes_the_template(tmp_path, name):
    made = scaffold(name, LABS[name], tmp_path / "new" / "folder", force=False)
    assert made.path == tmp_path / "new" / "folder" / f"lab{name}"
    assert made.backup is None
    written = tree(made.path)
    proper = {catalogue.spellings(file)[0] for file in LABS[name].files}
    assert {f"stu_upload/{file}" for file in proper} | {"README.en.md", "README.zh.md"} <= set(written)
    assert not any("__pycache__" in file for file in written)
    assert written == {k: v for k, v in tree(resources.template(LABS[name].folder)).items() if "__pycache__" not in k}
    assert [p.name for p in made.path.parent.iterdir()] == [f"lab{name}"]


def test_it_never_overwrites(tmp_path):
    work = scaffold("3-1", LABS["3-1"], tmp_path, force=False).path / "stu_upload" / "layers_1.py"
    work.write_text("# weeks of work")
    with pytest.raises(LabbenchError, match="is there already; use --force"):
        scaffold("3-1", LABS["3-1"], tmp_path, force=False)
    assert work.read_text() == "# weeks of work"


@pytest.mark.parametrize("kind", ["folder", "file", "dangling link"])
def test_force_keeps_what_was_there(tmp_path, kind):
    target = tmp_path / "lab3-1"
    if kind == "folder":
        target.mkdir()
        (target / "mine").write_text("x")
    elif kind == "file":
        target.write_text("x")
    else:
        target.symlink_to(tmp_path / "gone")
    with pytest.raises(LabbenchError, match="is there already"):
        scaffold("3-1", LABS["3-1"], tmp_path, force=False)
    made = scaffold("3-1", LABS["3-1"], tmp_path, force=True)
    assert made.backup == tmp_path / "lab3-1.backup-1"
    if kind == "folder":
        assert (made.backup / "mine").read_text() == "x"
    elif kind == "file":
        assert made.backup.read_text() == "x"
    else:
        assert made.backup.is_symlink()
    assert (made.path / "README.en.md").is_file()


def test_backups_are_numbered(tmp_path):
    for number in range(4):
        if number:
            (tmp_path / "lab3-1" / "mark").write_text(str(number))
        scaffold("3-1", LABS["3-1"], tmp_path, force=True)
    kept = {p.name: (p / "mark").read_text() for p in tmp_path.glob("*.backup-*")}
    assert kept == {"lab3-1.backup-1": "1", "lab3-1.backup-2": "2", "lab3-1.backup-3": "3"}


def test_a_dangling_link_is_no_free_name(tmp_path):
    scaffold("3-1", LABS["3-1"], tmp_path, force=False)
    (tmp_path / "lab3-1.backup-1").symlink_to(tmp_path / "gone")
    assert scaffold("3-1", LABS["3-1"], tmp_path, force=True).backup == tmp_path / "lab3-1.backup-2"
    assert (tmp_path / "lab3-1.backup-1").is_symlink()


def full_disk(*_args, **_kwargs):
    raise OSError(28, "No space left on device")


def test_a_full_disk_leaves_everything_as_it_was(tmp_path, monkeypatch):
    work = scaffold("3-1", LABS["3-1"], tmp_path, force=False).path
    before = tree(work)
    monkeypatch.setattr(shutil, "copyfile", full_disk)
    monkeypatch.setattr(shutil, "copytree", full_disk)
    with pytest.raises(LabbenchError, match="cannot be written: No space left"):
        scaffold("3-1", LABS["3-1"], tmp_path, force=True)
    assert [p.name for p in tmp_path.iterdir()] == ["lab3-1"]
    assert tree(work) == before


def test_the_old_work_is_put_back_when_the_new_cannot_be_placed(tmp_path, monkeypatch):
    work = scaffold("3-1", LABS["3-1"], tmp_path, force=False).path
    (work / "mine").write_text("x")
    rename = pathlib.Path.rename
    monkeypatch.setattr(
        pathlib.Path, "rename", lambda path, to: full_disk() if path.name == "fresh" else rename(path, to)
    )
    with pytest.raises(LabbenchError, match="cannot be written"):
        scaffold("3-1", LABS["3-1"], tmp_path, force=True)
    assert [p.name for p in tmp_path.iterdir()] == ["lab3-1"]
    assert (work / "mine").read_text() == "x"


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LabbenchError, match="cannot be written"):
        scaffold("3-1", LABS["3-1"], tmp_path / "file", force=False)


def test_read_only_stubs_can_be_edited_all_the_same(tmp_path, monkeypatch):
    template = tmp_path / "template"
    shutil.copytree(resources.template("lab3_1"), template)
    for file in template.rglob("*.py"):
        file.chmod(0o444)
    monkeypatch.setattr(resources, "template", lambda folder: template)
    made = scaffold("3-1", LABS["3-1"], tmp_path, force=False)
    assert all(f.stat().st_mode & 0o200 for f in made.path.rglob("*.py"))
