"""The floors of the house, as contracts; and modules that stay small."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "labbench"


def is_ours(path):
    """Not a hand-in that is only carried about: a reference, an attack."""
    below = path.relative_to(PACKAGE).parts
    return "reference" not in below and not (below[0] == "redteam" and len(below) > 2)


MODULES = [p for p in sorted(PACKAGE.rglob("*.py")) if is_ours(p)]


def imported(path):
    """Every module that a file imports absolutely, by name."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def test_the_contracts_hold():
    pytest.importorskip("importlinter", reason="import-linter is a development dependency")
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    done = subprocess.run([*command, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_modules_stay_small():
    lines = {str(p.relative_to(ROOT)): len(p.read_text(encoding="utf-8").splitlines()) for p in MODULES}
    assert {name: count for name, count in lines.items() if count > 350} == {}


def test_only_one_module_reads_clocks():
    """`timing.py` is the one; what runs inside a session has no labbench to ask."""
    readers = [p for p in MODULES if "time" in imported(p) and "inside" not in p.parts]
    assert readers == [PACKAGE / "timing.py"]


def test_no_reference_is_imported():
    assert [p for p in MODULES if any("reference" in name.split(".") for name in imported(p))] == []


def test_the_trust_border_has_no_pickle():
    banned = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
    assert [p for p in MODULES if banned & set(imported(p))] == []


def test_paths_of_this_test_are_right():
    assert Path(PACKAGE / "__init__.py") in MODULES
    assert len(MODULES) > 50
