"""The archive for Gradescope: complete, the same each time, and it grades where labbench is not installed."""

from __future__ import annotations

import importlib.metadata
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from labbench import bundle, catalogue, resources
from labbench.cli.command_line import run
from labbench.results import Profile

ROOT = resources.data_root()
RECIPES = ROOT / "docs" / "ci"


@pytest.fixture(scope="module")
def content():
    return bundle.gradescope("3-1", Profile.QUICK, None, "en", allow_weak=False)


@pytest.fixture
def autograder(tmp_path, content):
    """The archive unpacked as Gradescope does, with this environment's packages and without its labbench."""
    root = tmp_path / "autograder"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(root / "source")
    binaries = root / "source" / "venv" / "bin"
    binaries.mkdir(parents=True)
    python = binaries / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    shutil.copy(root / "source" / "run_autograder", root)
    (root / "run_autograder").chmod(0o755)
    return root


def results(root, submission):
    (root / "submission").symlink_to(submission)
    environment = {**os.environ, "AUTOGRADER_ROOT": str(root)}
    done = subprocess.run(["bash", str(root / "run_autograder")], env=environment, capture_output=True, cwd="/")
    return json.loads((root / "results" / "results.json").read_text(encoding="utf-8")), done


def test_the_archive_is_complete(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = set(archive.namelist())
        assert {"setup.sh", "run_autograder", "requirements.txt", "labbench/__main__.py"} <= names
        for name in ("labs.yaml", "reference_data/lab3_1/manifest.json", "student_templates/lab3_1"):
            assert any(n.startswith(f"labbench/_data/{name}") for n in names)
        assert not [n for n in names if "__pycache__" in n or n.startswith(("/", "pack/")) or ".." in n]
        for script in ("setup.sh", "run_autograder"):
            assert stat.S_IMODE(archive.getinfo(script).external_attr >> 16) == 0o755
            source = archive.read(script)
            assert subprocess.run(["bash", "-n"], input=source).returncode == 0
            assert b"\r" not in source
            assert b"{{" not in source
        needed = archive.read("requirements.txt").decode().split("\n")
    assert any(line.startswith("numpy") for line in needed)
    assert not any("pytest" in line or "extra" in line for line in needed)


def test_the_script_grades_as_it_was_asked_to(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        words = archive.read("run_autograder").decode().split()
    assert words[words.index("--lab") + 1] == "3-1"
    assert "--quick" in words
    assert not {"--full", "--allow-weak", "--pack"} & set(words)


def test_what_a_system_leaves_in_folders_is_left_out(tmp_path):
    for name in ("a.py", ".DS_Store", "__pycache__/a.pyc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list(bundle._files(tmp_path, "in")) == [("in/a.py", tmp_path / "a.py")]


def test_its_labs_are_found_where_labbench_is_not_installed(autograder):
    (found,) = importlib.metadata.distributions(path=[str(autograder / "source")])
    points = found.entry_points.select(group="labbench.labs")
    assert set(points.names) == set(catalogue.load().labs)
    # Without site-packages there is no other labbench, and no other package.
    look = "import importlib.metadata as m; print(*m.entry_points(group='labbench.labs').names)"
    environment = {**os.environ, "PYTHONPATH": str(autograder / "source")}
    done = subprocess.run([sys.executable, "-S", "-c", look], env=environment, capture_output=True, text=True)
    assert set(done.stdout.split()) == set(catalogue.load().labs)


@pytest.mark.slow
def test_it_is_the_same_each_time(content):
    assert bundle.gradescope("3-1", Profile.QUICK, None, "en", allow_weak=False) == content


@pytest.mark.slow
def test_a_pack_travels_with_it_and_is_graded_against(tmp_path, capsys):
    pack = resources.practice_pack("lab3_1")
    assert run(["dist", "gradescope", "--lab", "3-1", "--pack", str(pack), "--output", str(tmp_path / "a.zip")]) == 0
    assert "whoever has" in capsys.readouterr().out
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.read("pack/manifest.json") == (pack / "manifest.json").read_bytes()
        assert b'--pack "$here/pack"' in archive.read("run_autograder")


def test_a_wrong_pack_or_place_is_refused_before_anything_is_written(tmp_path, capsys):
    pack = str(resources.practice_pack("lab3_3"))
    assert run(["dist", "gradescope", "--lab", "3-1", "--pack", pack, "--output", str(tmp_path / "a.zip")]) == 2
    assert run(["dist", "gradescope", "--lab", "3-1", "--output", str(tmp_path / "none" / "a.zip")]) == 2
    assert "3-3" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_hand_in_that_cannot_be_read_gets_0_and_the_sentence(autograder, tmp_path):
    (tmp_path / "empty").mkdir()
    said, done = results(autograder, tmp_path / "empty")
    assert said["score"] == 0
    assert "layers_1.py" in said["output"]
    assert done.returncode == 0


def test_our_own_failure_is_no_score(autograder, tmp_path):
    (autograder / "source" / "labbench" / "task.py").write_text("1 / 0\n")
    (tmp_path / "empty").mkdir()
    said, _ = results(autograder, tmp_path / "empty")
    assert "score" not in said


def test_a_pack_that_is_broken_is_no_score(autograder):
    """It ends with 2, as a hand-in that cannot be read does."""
    (autograder / "source" / "labbench" / "_data" / "reference_data" / "lab3_1" / "manifest.json").write_text("{")
    said, done = results(autograder, ROOT / "examples" / "lab3_1_mistake")
    assert "manifest.json" in said["output"], done.stderr
    assert "score" not in said


def set_up(root, tmp_path):
    """Run setup.sh with what it installs already there, and no right to install more."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "apt-get").write_text("#!/bin/sh\n")
    python = f'case "$*" in "-m venv "*|"-m pip "*) ;; *) exec "{sys.executable}" "$@" ;; esac\n'
    for path in (tools / "python3", root / "source" / "venv" / "bin" / "python"):
        path.write_text(f"#!/bin/sh\n{python}")
    for path in tools.iterdir():
        path.chmod(0o755)
    (root / "source" / "cache").symlink_to(resources.cache_dir())
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    command = ["bash", str(root / "source" / "setup.sh")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, cwd="/")


@pytest.mark.slow
def test_setting_it_up_tries_it(autograder, tmp_path):
    done = set_up(autograder, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "labbench is ready to grade lab 3-1."


@pytest.mark.slow
def test_what_cannot_grade_is_not_set_up(autograder, tmp_path):
    # Every hand-in would get a 0 for it.
    (autograder / "source" / "labbench" / "_data" / "reference_data" / "lab3_1" / "manifest.json").unlink()
    done = set_up(autograder, tmp_path)
    assert done.returncode == 1
    assert "manifest.json" in done.stderr or "lab3_1" in done.stderr


@pytest.mark.slow
def test_it_grades(autograder):
    said, done = results(autograder, ROOT / "examples" / "lab3_1_mistake")
    assert said["score"] == 80, done.stderr
    assert sum(t["max_score"] for t in said["tests"]) == 100


# -- recipes of other platforms -------------------------------------------------------------------------------------


def commands(node):
    """Every shell line of a recipe."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("run", "script", "before_script"):
                yield from [value] if isinstance(value, str) else value
            else:
                yield from commands(value)
    elif isinstance(node, list):
        for item in node:
            yield from commands(item)


@pytest.mark.parametrize("file", ["github-workflow.yml", "action/action.yml", "gitlab-ci.yml"])
def test_recipes_call_labbench_as_it_is(file, tmp_path):
    recipe = yaml.safe_load((RECIPES / file).read_text(encoding="utf-8"))
    lines = "\n".join(commands(recipe)).replace("\\\n", " ").split("\n")
    calls = [line.split() for line in lines if line.strip().startswith("labbench score")]
    if "mkdir -p report" in [line.strip() for line in lines]:
        (tmp_path / "report").mkdir()
    assert calls
    for call in calls:
        words = call[call.index("score") :]
        values = {"$LAB": "3-1", "$SUBMISSION": "/nonexistent", "$UNDER": "60", ".": "/nonexistent"}
        arguments = [values.get(w.strip('"'), w.strip('"')) for w in words]
        # Wrong options would be refused with the usage; this goes through to the hand-in.
        assert "nothing at /nonexistent" in _said(arguments, tmp_path)


def _said(arguments, folder):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "labbench", "--lang", "en", *arguments], capture_output=True, text=True, env=environment,
        cwd=folder,
    )  # fmt: skip
    assert done.returncode == 2
    return done.stderr.strip()


def test_the_image_installs_what_was_built():
    source = Path(RECIPES / "Dockerfile").read_text()
    assert "--no-index" in source
    assert source.index("USER grader") < source.index("ENTRYPOINT")
