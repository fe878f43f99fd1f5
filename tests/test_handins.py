"""Many students: small hand-ins in many styles and habits, with the score each must get.

A hand-in is a folder in `handins/`, or a variant of one: `expected.yaml` tells what is copied, edited and re-encoded.
"""

from __future__ import annotations

import codecs
import dataclasses
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from labbench import task
from labbench.errors import LabbenchError
from labbench.results import Profile, Verdict
from tests.rig import graded
from tests.test_lab3_2 import once
from tests.test_lab3_3 import without_duels

HANDINS = Path(__file__).with_name("handins")
EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((HANDINS / "expected.yaml").read_text(encoding="utf-8"))
KEYS = {"lab", "base", "extra", "layers", "edits", "remove", "rename", "encode", "score", "fails", "skips",
        "passes", "says", "refused", "about", "fast"}  # fmt: skip


@pytest.fixture(scope="module")
def tasks(quick):
    """By lab; nothing is timed."""
    prepared = {lab: untimed(task.prepare(lab, Profile.QUICK)) for lab in ("3-2", "3-3")}
    return {"3-1": untimed(quick), "3-2": once(prepared["3-2"]), "3-3": prepared["3-3"]}


def untimed(full):
    """The task without what is timed."""
    return without_duels(dataclasses.replace(full, lab=dataclasses.replace(full.lab, timed=())))


def lay_out(name: str, target: Path) -> Path:
    """The hand-in as a student would have it, in the new folder `target`: copied, overlaid, edited, re-encoded."""
    entry = EXPECTED[name]
    base = entry.get("base")
    if base is not None:
        lay_out(base, target)
    if (HANDINS / name).is_dir():
        shutil.copytree(HANDINS / name, target, dirs_exist_ok=True)
    for file, text in entry.get("extra", {}).items():
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        (target / file).write_text(text, encoding="utf-8")
    for file, source in entry.get("layers", {}).items():
        shutil.copyfile(HANDINS / source, find(target, file))
    for file in entry.get("remove", ()):
        find(target, file).unlink()
    for file, new in entry.get("rename", {}).items():
        find(target, file).rename(find(target, file).with_name(new))
    for edit in entry.get("edits", ()):
        replace(find(target, edit["file"]), edit["old"], edit["new"], edit.get("times", 1))
    for file, recipe in entry.get("encode", {}).items():
        encode(find(target, file), **recipe)
    return target


def find(top: Path, file: str) -> Path:
    """A file of the hand-in by its name, wherever its package lies."""
    return next((p for p in sorted(top.rglob("*.py")) if p.name == file), top / file)


def replace(path: Path, old: str, new: str, times: int) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.count(old) == times, f"{old!r} occurs {source.count(old)} times in {path}"
    path.write_text(source.replace(old, new), encoding="utf-8")


def encode(path: Path, encoding: str = "utf-8", newline: str = "\n", bom: bool = False) -> None:
    source = path.read_text(encoding="utf-8").replace("\n", newline)
    path.write_bytes((codecs.BOM_UTF8 if bom else b"") + source.encode(encoding))


def marks(entry: dict[str, Any]) -> tuple[pytest.MarkDecorator, ...]:
    return () if entry.get("fast") else (pytest.mark.slow,)


def test_expected_yaml_is_well_formed():
    for name, entry in EXPECTED.items():
        assert entry.keys() <= KEYS, name
        assert entry["about"], name
        assert ("score" in entry) != ("refused" in entry), name
    for folder in HANDINS.iterdir():
        assert not folder.is_dir() or folder.name in EXPECTED


@pytest.mark.parametrize("name", [pytest.param(n, marks=marks(e), id=n) for n, e in EXPECTED.items()])
def test_handin(tasks, tmp_path, name):
    entry = EXPECTED[name]
    asked = tasks[entry.get("lab", "3-1")]
    folder = lay_out(name, tmp_path / "handed_in")
    if "refused" in entry:
        with pytest.raises(LabbenchError) as refused:
            graded(asked, folder)
        assert refused.value.text.key == entry["refused"]
        return
    card = graded(asked, folder)
    verdicts = {c.check: c for c in card.checks}
    wrong = {c.check: f"{c.verdict}: {c.why}" for c in card.checks if c.verdict is not Verdict.PASS}
    assert card.score == entry["score"], wrong
    assert card.final, wrong
    for check in entry.get("fails", ()):
        assert verdicts[check].verdict not in (Verdict.PASS, Verdict.SKIPPED), check
    for check in entry.get("skips", ()):
        assert verdicts[check].verdict is Verdict.SKIPPED, check
    for check in entry.get("passes", ()):
        assert verdicts[check].verdict is Verdict.PASS, check
    for check, words in entry.get("says", {}).items():
        assert words in str(verdicts[check].why), verdicts[check].why
    if entry["score"] == 100:
        lost = {check for check in wrong if verdicts[check].tier is not None}
        assert not lost
