"""Hand-ins that are alike: found when copied and disguised, not when two solve the same lab."""

from __future__ import annotations

import re

import pytest

from labbench import labs, resources
from labbench.gradebook.likeness import alike, fingerprints

REFERENCE = labs.load("3-1").reference
TEMPLATE = resources.template("lab3_1")
NAMES = re.compile(r"\b(input_diff|output|bias|weight|kernel_size|stride|padding|height|width|idxh|idxw)\b")


def package(folder, change=lambda source: source):
    folder.mkdir()
    for file in sorted(REFERENCE.glob("*.py")):
        (folder / file.name).write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
    return fingerprints(folder)


def renamed(source):
    return NAMES.sub(lambda match: f"my_{match[0]}_2", source)


def commented(source):
    return "\n".join(f"{line}  # {i}" if line.strip() and not line.rstrip().endswith(("\\", '"""', ",", "("))
                     and '"""' not in line else line for i, line in enumerate(source.split("\n")))  # fmt: skip


@pytest.mark.parametrize(
    "disguise", [renamed, commented, lambda s: s.replace("    ", "\t")], ids=["names", "comments", "tabs"]
)
def test_a_disguised_copy_is_found(tmp_path, disguise):
    prints = {"a": package(tmp_path / "a"), "b": package(tmp_path / "b", disguise)}
    (pair,) = alike("3-1", prints, fingerprints(TEMPLATE))
    assert (pair.lab, pair.first, pair.second) == ("3-1", "a", "b")
    assert pair.share > 0.95


def test_two_students_of_one_lab_are_not_alike():
    handins = resources.PACKAGE.parent / "tests" / "handins"
    prints = {name: fingerprints(handins / name) for name in ("loops27", "strided", "einsum_pil")}
    assert all(prints.values())
    assert alike("3-1", prints, fingerprints(TEMPLATE)) == ()


def test_blank_templates_are_not_alike(tmp_path):
    prints = {name: fingerprints(TEMPLATE) for name in "ab"}
    assert alike("3-1", prints, fingerprints(TEMPLATE)) == ()


def test_broken_and_empty_files_say_nothing(tmp_path):
    (tmp_path / "a.py").write_bytes(b"def (:\n\x00\xff '''")
    (tmp_path / "b.py").write_bytes(b"")
    assert len(fingerprints(tmp_path)) <= 1
    assert alike("3-1", {"a": frozenset(), "b": frozenset()}, frozenset()) == ()


def test_a_class_of_thousands_is_compared_in_seconds():
    prints = {f"s{i}": frozenset(range(i * 50, i * 50 + 400)) for i in range(2000)}
    assert len(alike("3-1", prints, frozenset(range(100)))) == 500
