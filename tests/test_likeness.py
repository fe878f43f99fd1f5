"""Hand-ins that are alike: found when copied and disguised, not when two solve the same lab."""

from __future__ import annotations

import re
import tracemalloc

import numpy as np
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
    assert all(map(len, prints.values()))
    assert alike("3-1", prints, fingerprints(TEMPLATE)) == ()


def test_blank_templates_are_not_alike(tmp_path):
    prints = {name: fingerprints(TEMPLATE) for name in "ab"}
    assert alike("3-1", prints, fingerprints(TEMPLATE)) == ()


def marks(*ranges):
    return np.array(sorted({mark for first, last in ranges for mark in range(first, last)}), np.uint32)


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        ([(0, 100)], [(50, 150)], None),  # half of it
        ([(0, 100)], [(20, 120)], 0.8),
        ([(0, 100)], [(0, 300)], 1.0),  # a copy with more beside it
        ([(0, 8), (100, 101)], [(0, 8), (101, 102)], None),  # too little to say
        ([(1000, 1200), (0, 40)], [(1000, 1200), (40, 80)], None),  # only what was given
    ],
)
def test_what_is_shared_of_what_is_their_own(one, other, share):
    found = alike("3-1", {"a": marks(*one), "b": marks(*other)}, marks((1000, 1200)))
    assert [(p.first, p.second, p.share) for p in found] == ([("a", "b", share)] if share else [])


def test_what_many_have_says_nothing():
    prints = {f"s{i:02}": marks((0, 200), (1000 + 20 * i, 1020 + 20 * i)) for i in range(30)}
    assert alike("3-1", prints, marks()) == ()
    few = {name: prints[name] for name in list(prints)[:3]}
    assert len(alike("3-1", few, marks())) == 3


def test_the_most_alike_come_first_and_the_same_work_is_a_chain():
    prints = {"a": marks((0, 100)), "b": marks((20, 120)), "c": marks((500, 600)), "e": marks((500, 600))}
    prints["d"] = prints["c"]
    pairs = [(p.first, p.second, p.share) for p in alike("3-1", prints, marks())]
    assert pairs == [("c", "d", 1.0), ("d", "e", 1.0), ("a", "b", 0.8)]


def test_broken_and_empty_files_say_nothing(tmp_path):
    (tmp_path / "a.py").write_bytes(b"def (:\n\x00\xff '''")
    (tmp_path / "b.py").write_bytes(b"")
    assert len(fingerprints(tmp_path)) <= 1
    nothing = np.empty(0, np.uint32)
    assert alike("3-1", {"a": nothing, "b": nothing}, nothing) == ()
    one, other = np.arange(50, dtype=np.uint32), np.arange(50, 90, dtype=np.uint32)
    assert alike("3-1", {"a": one, "b": other}, nothing) == ()
    assert alike("3-1", {"a": one, "b": one}, one) == ()


def test_a_file_is_read_on_behind_its_mistake(tmp_path):
    broken, whole = package(tmp_path / "a", lambda s: f"x = (1 $ ]\n{s}"), package(tmp_path / "b")
    assert np.isin(whole, broken).mean() > 0.9


def circles(count, size):
    """A class in which so many at a time share most of their code, and all have some in common."""
    draw = np.random.default_rng(7)
    everybody = draw.integers(1 << 32, size=100, dtype=np.uint32)
    shared = draw.integers(1 << 32, size=(count // size + 1, 200), dtype=np.uint32)
    return {
        f"s{i:04}": np.unique(
            np.concatenate((everybody, shared[i // size], draw.integers(1 << 32, size=60, dtype=np.uint32)))
        )
        for i in range(count)
    }


def test_a_circle_is_found_and_nobody_outside_it():
    found = alike("3-1", circles(60, 3), np.empty(0, np.uint32))
    assert {(p.first, p.second) for p in found} == {
        (f"s{i:04}", f"s{j:04}") for i in range(60) for j in range(i + 1, 60) if i // 3 == j // 3
    }
    assert {p.share for p in found} == {round(200 / 260, 3)}


def test_a_class_of_thousands_is_compared_in_memory_that_grows_with_it():
    """Ten times as many take ten times as much, not a hundred times; what one of thirty happens to write, too."""
    draw = np.random.default_rng(7)
    usual = draw.integers(1 << 32, size=600, dtype=np.uint32)

    def peak(count):
        prints = {
            student: np.union1d(marks, draw.choice(usual, 20, replace=False))
            for student, marks in circles(count, 15).items()
        }
        tracemalloc.start()
        found = alike("3-1", prints, np.empty(0, np.uint32))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return len(found), most

    (few, small), (many, large) = peak(300), peak(3000)
    assert (few, many) == (500, 500)
    assert large < 20 * small
