"""labs.yaml itself, and every way a hand can break it: each ends in `file:line: path: problem`."""

from __future__ import annotations

import re

import pytest

from labbench import catalogue, resources
from labbench.errors import LabbenchError
from labbench.results import Profile

WORDS = "{en: a, zh: 甲}"
SMALL = f"""\
version: 1
labs:
  first:
    folder: first
    title: {WORDS}
    summary: {WORDS}
    files: [a.py]
    main: a.py
    tiers: {{60: {WORDS}, 100: {WORDS}}}
    scenarios:
      one: {{}}
      two: {{profile: full, limits: {{cpu_seconds: 7}}}}
    checks:
      - {{id: same, kind: close, tier: 60, scenario: one, observe: [x], norm: l2, tolerance: 1.0e-4, title: {WORDS}}}
      - {{id: klass, kind: class, tier: 100, scenario: two, observe: [x], tolerance: 0.01, title: {WORDS}}}
  second:
    folder: second
    title: {WORDS}
    summary: {{en: b, zh: 乙}}
    files: [b.py]
    main: b.py
    tiers: {{60: {WORDS}}}
    scenarios:
      three: {{}}
      four: {{}}
    checks:
      - {{id: same, kind: close, tier: 60, scenario: three, observe: [x], norm: max, tolerance: 0.1, title: {WORDS}}}
"""


def load(tmp_path, content):
    file = tmp_path / "labs.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return catalogue.load(file)


def refused(tmp_path, content):
    with pytest.raises(LabbenchError) as caught:
        load(tmp_path, content)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "labs.yaml"))
    assert "\n" not in message
    return message.removeprefix(str(tmp_path / "labs.yaml"))


def test_the_catalogue_that_comes_with_labbench():
    entries = catalogue.load()
    for name, spec in entries.labs.items():
        assert resources.template(spec.folder).is_dir(), name
        assert spec.main in [catalogue.spellings(f)[0] for f in spec.files]
        quick = {c.tier for c in spec.checks if spec.scenarios[c.scenario].profile is Profile.QUICK}
        assert set(spec.tiers) <= quick  # a tier without a check in a profile cannot be reached in it
        assert all(len(set(c.observe)) == len(c.observe) for c in spec.checks)


def test_the_small_one_is_right(tmp_path):
    entries = load(tmp_path, SMALL)
    first = entries.labs["first"]
    assert list(first.scenarios_of(Profile.QUICK)) == ["one"]
    assert list(first.scenarios_of(Profile.FULL)) == ["one", "two"]
    assert first.scenarios["two"].limits.cpu_seconds == 7
    assert [c.id for c in first.checks_of("one", "any")] == ["same"]


# (what is replaced, by what, line, path, part of the problem)
BROKEN = {
    "unknown key of a scenario": ("one: {}", "one: {limit: 3}", 11, "labs.first.scenarios.one.limit", "unknown field"),
    "unknown key in the second lab": ("four: {}", "four: {x: 3}", 25, "labs.second.scenarios.four.x", "unknown field"),
    "unknown key at the top": ("version: 1", "version: 1\nextra: 2", 2, "extra", "unknown field"),
    "other version": ("version: 1", "version: 2", 1, "version", "2"),
    "wrong type": ("cpu_seconds: 7", "cpu_seconds: soon", 12, "labs.first.scenarios.two.limits.cpu_seconds", "`int`"),
    "no time at all": ("cpu_seconds: 7", "cpu_seconds: 0", 12, "labs.first.scenarios.two.limits.cpu_seconds", ">= 1"),
    "a number for a list": ("observe: [x], norm: l2", "observe: 3, norm: l2", 14, "labs.first.checks.0.observe",
                            "`array`"),
    "nothing observed": ("observe: [x], norm: l2", "observe: [], norm: l2", 14, "labs.first.checks.0.observe",
                         "length >= 1"),
    "negative tolerance": ("tolerance: 1.0e-4", "tolerance: -1.0e-4", 14, "labs.first.checks.0.tolerance", "> 0"),
    "tolerance 0": ("tolerance: 0.01", "tolerance: 0", 15, "labs.first.checks.1.tolerance", "> 0"),
    "tolerance NaN": ("tolerance: 0.01", "tolerance: .nan", 15, "labs.first.checks.1.tolerance", "> 0"),
    "tolerance that zeros pass": ("tolerance: 1.0e-4", "tolerance: 1.0", 14, "labs.first.checks.0.tolerance", "< 1"),
    "infinite tolerance": ("tolerance: 0.1", "tolerance: .inf", 27, "labs.second.checks.0.tolerance", "< 1"),
    # YAML 1.1 takes 1e-4 for a string.
    "tolerance without a point": ("tolerance: 1.0e-4", "tolerance: 1e-4", 14, "labs.first.checks.0.tolerance",
                                  "`float`"),
    "unknown kind": ("kind: class", "kind: colour", 15, "labs.first.checks.1.kind", "'colour'"),
    "no kind": ("kind: close, tier: 60, scenario: one", "tier: 60, scenario: one", 14, "labs.first.checks.0", "`kind`"),
    "unknown norm": ("norm: max", "norm: l3", 27, "labs.second.checks.0.norm", "'l3'"),
    "unknown tier": ("tier: 100", "tier: 80", 15, "labs.first.checks.1.tier", "60, 100"),
    "unknown scenario": ("scenario: three", "scenario: tree", 27, "labs.second.checks.0.scenario", "three, four"),
    "id twice": ("id: klass", "id: same", 15, "labs.first.checks.1.id", "twice"),
    "dot in an id": ("id: klass", "id: kl.ass", 15, "labs.first.checks.1.id", "matching"),
    "key twice": ("      one: {}", "      one: {}\n      one: {}", 12, "labs.first.scenarios.one", "twice"),
    "lab twice": ("  second:", "  first:", 16, "labs.first", "twice"),
    "one language only": ("{en: b, zh: 乙}", "{en: b}", 19, "labs.second.summary", "`zh`"),
    "no tiers": ("tiers: {60: {en: a, zh: 甲}}", "tiers: {}", 22, "labs.second.tiers", "length >= 1"),
    "tier that is no number": ("tiers: {60: {en: a, zh: 甲}}", "tiers: {x: {en: a, zh: 甲}}", 22,
                               "labs.second.tiers", "`int`"),
    "no files": ("files: [b.py]", "files: []", 20, "labs.second.files", "length >= 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_not_allowed_is_refused_with_its_place(tmp_path, name):
    old, new, line, path, problem = BROKEN[name]
    assert SMALL.count(old) == 1
    message = refused(tmp_path, SMALL.replace(old, new))
    assert message.startswith(f":{line}: {path}: "), message
    assert problem in message


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        (SMALL.replace("    folder: first", "\tfolder: first"), 4, "tab|token"),
        (SMALL.replace("files: [a.py]", "files: [a.py", 1), 8, "flow|expected|,"),
        (SMALL.replace("  second:", "  second: x: y"), 16, "mapping"),
        (SMALL.replace("folder: first", "folder: fir\x01st"), 4, "control"),
        (SMALL.encode().replace(b"main: a.py", b"main: \xb5.py", 1), 8, "UTF-8"),
        (SMALL.encode("utf-16"), 1, "UTF-8"),
    ],
    ids=["tab", "bracket", "colons", "control character", "latin-1", "utf-16"],
)
def test_what_is_no_yaml_is_refused_with_its_line(tmp_path, content, line, problem):
    message = refused(tmp_path, content)
    assert message.startswith(f":{line}: not valid YAML"), message
    assert re.search(problem, message), message


@pytest.mark.parametrize("content", ["", "# nothing\n", "- a\n- b\n", "just words", "3"])
def test_what_is_no_mapping_is_refused(tmp_path, content):
    assert refused(tmp_path, content).startswith(":1: (top): Expected `object`")


def test_a_catalogue_that_is_not_there(tmp_path):
    with pytest.raises(LabbenchError, match="cannot be read: No such file"):
        catalogue.load(tmp_path / "labs.yaml")


@pytest.mark.parametrize("name", ["3-1", "3_1", "lab3-1", "lab3_1", "LAB3-1", "Lab 3-1"])
def test_a_lab_is_found_by_all_its_names(name):
    assert catalogue.name_of(catalogue.load(), name) == "3-1"


def test_an_unknown_lab_names_the_known_ones_nearest_first(tmp_path):
    with pytest.raises(LabbenchError, match=r"no lab secnd; there are: second, first\."):
        catalogue.find(load(tmp_path, SMALL), "secnd")
