"""labs.yaml itself, and every way a hand can break it: each ends in `file:line: path: problem`."""

from __future__ import annotations

import contextlib
import os
import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labbench import catalogue, resources
from labbench.errors import LabbenchError
from labbench.results import Profile
from labbench.texts import Lang, render

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
    "unknown key of a scenario": ("one: {}", "one: {limit: 3}", 11, "labs.first.scenarios.one.limit",
                                  "there is no key limit; there are: limits, lead, "),
    "unknown key in the second lab": ("four: {}", "four: {x: 3}", 25, "labs.second.scenarios.four.x", "no key x;"),
    "unknown key at the top": ("version: 1", "version: 1\nextra: 2", 2, "extra",
                               "no key extra; there are: version, labs"),
    "other version": ("version: 1", "version: 2", 1, "version", "got 2, expected one of: 1"),
    "wrong type": ("cpu_seconds: 7", "cpu_seconds: soon", 12, "labs.first.scenarios.two.limits.cpu_seconds",
                   "got the text soon, expected a whole number"),
    "no time at all": ("cpu_seconds: 7", "cpu_seconds: 0", 12, "labs.first.scenarios.two.limits.cpu_seconds",
                       "got 0, expected a number >= 1"),
    "a number for a list": ("observe: [x], norm: l2", "observe: 3, norm: l2", 14, "labs.first.checks.0.observe",
                            "got a whole number, expected a list"),
    "nothing observed": ("observe: [x], norm: l2", "observe: [], norm: l2", 14, "labs.first.checks.0.observe",
                         "at least 1 entry"),
    "negative tolerance": ("tolerance: 1.0e-4", "tolerance: -1.0e-4", 14, "labs.first.checks.0.tolerance", "> 0"),
    "tolerance 0": ("tolerance: 0.01", "tolerance: 0", 15, "labs.first.checks.1.tolerance", "> 0"),
    "tolerance NaN": ("tolerance: 0.01", "tolerance: .nan", 15, "labs.first.checks.1.tolerance", "> 0"),
    "tolerance that zeros pass": ("tolerance: 1.0e-4", "tolerance: 1.0", 14, "labs.first.checks.0.tolerance", "< 1"),
    "infinite tolerance": ("tolerance: 0.1", "tolerance: .inf", 27, "labs.second.checks.0.tolerance", "< 1"),
    # YAML 1.1 takes 1e-4 for a string.
    "tolerance without a point": ("tolerance: 1.0e-4", "tolerance: 1e-4", 14, "labs.first.checks.0.tolerance",
                                  "got the text 1e-4, expected a number, with a point"),
    "unknown kind": ("kind: class", "kind: colour", 15, "labs.first.checks.1.kind",
                     "got colour, expected one of: close, class, speedup"),
    "no kind": ("kind: close, tier: 60, scenario: one", "tier: 60, scenario: one", 14, "labs.first.checks.0",
                "the key kind is missing"),
    "unknown norm": ("norm: max", "norm: l3", 27, "labs.second.checks.0.norm", "got l3, expected one of: l2, max"),
    "unknown tier": ("tier: 100", "tier: 80", 15, "labs.first.checks.1.tier", "60, 100"),
    "unknown scenario": ("scenario: three", "scenario: tree", 27, "labs.second.checks.0.scenario",
                         "got tree, expected one of: three, four"),
    "id twice": ("id: klass", "id: same", 15, "labs.first.checks.1.id", "twice"),
    "dot in an id": ("id: klass", "id: kl.ass", 15, "labs.first.checks.1.id", "got 'kl.ass', expected letters, digits"),
    "key twice": ("      one: {}", "      one: {}\n      one: {}", 12, "labs.first.scenarios.one", "twice"),
    "lab twice": ("  second:", "  first:", 16, "labs.first", "twice"),
    "one language only": ("{en: b, zh: 乙}", "{en: b}", 19, "labs.second.summary", "the key zh is missing"),
    "no tiers": ("tiers: {60: {en: a, zh: 甲}}", "tiers: {}", 22, "labs.second.tiers", "at least 1 entry"),
    "tier that is no number": ("tiers: {60: {en: a, zh: 甲}}", "tiers: {x: {en: a, zh: 甲}}", 22,
                               "labs.second.tiers.x", "got the text x, expected a whole number"),
    "no files": ("files: [b.py]", "files: []", 20, "labs.second.files", "at least 1 entry"),
    "tier worth nothing": ("tiers: {60: {en: a, zh: 甲}}", "tiers: {0: {en: a, zh: 甲}}", 22, "labs.second.tiers.0",
                           "got 0, expected a number >= 1"),
    "tier without a check": ("tiers: {60: {en: a, zh: 甲}}", "tiers: {60: {en: a, zh: 甲}, 80: {en: a, zh: 甲}}", 22,
                             "labs.second.tiers.80", "no check has this tier"),
    "judged though it leads": ("      three: {}", "      three: {lead: [x]}", 27, "labs.second.checks.0.observe",
                               "`lead` or `measured` of three"),
    "judged without a golden": ("      three: {}", "      three: {golden: [y]}", 27, "labs.second.checks.0.observe",
                                "got x, expected one of: y"),
    "a folder elsewhere": ("folder: second", "folder: ../second", 17, "labs.second.folder",
                           "got '../second', expected letters"),
    "a file elsewhere": ("files: [b.py]", "files: [/b.py]", 20, "labs.second.files.0",
                         "expected the name of a .py file"),
    "main that is not handed in": ("main: b.py", "main: c.py", 21, "labs.second.main",
                                   "got c.py, expected one of: b.py"),
    "escape sequence in a title": ("zh: 乙", 'zh: "\\e[31m"', 19, "labs.second.summary.zh",
                                   "without control characters"),
    "no words": ("{en: b, zh: 乙}", '{en: "", zh: 乙}', 19, "labs.second.summary.en", "the text is empty"),
    "a name that cannot be typed": ("  second:", "  b/../c:", 16, "labs.b/../c", "small letters and digits"),
    "a name that is a number": ("  second:", "  3.1:", 16, "labs.3.1", "got a number, expected a text"),
    "more memory than there is": ("cpu_seconds: 7", "memory_mib: 99999999999999999999", 12,
                                  "labs.first.scenarios.two.limits.memory_mib", "expected a number <= 1048576"),
    "nothing where a lab should be": ("  second:", "  third:\n  second:", 16, "labs.third",
                                      "got nothing, expected a mapping"),
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
        (SMALL.replace("  second:", "  second: x: y"), 16, "a colon where none can be"),
        (SMALL.replace("folder: first", "folder: fir\x01st"), 4, "control"),
        (SMALL.encode().replace(b"main: a.py", b"main: \xb5.py", 1), 8, "UTF-8"),
        (SMALL.encode("utf-16"), 1, "UTF-8"),
        (SMALL.replace("version: 1", "version: " + "9" * 5000), 1, "digits"),
        (SMALL.replace("main: a.py", "main: 2026-13-40"), 8, "month"),
        (SMALL.replace("one: {}", "one: *nobody"), 11, "names nothing"),
        (SMALL.replace("main: a.py", 'main: "a.py'), None, "colon|quote|expected"),
        (SMALL.replace("    files: [b.py]", "   files: [b.py]"), 20, "indentation"),
        (SMALL + "---\n" + SMALL, 28, "second document"),
        (SMALL.replace("main: a.py", "main: !!python/name:os.system x"), 8, "tag"),
        ("[" * 100_000, 1, "nested too deep"),
        ("{a: " * 900, 2, "expected a value"),
    ],
    ids=[
        "tab",
        "bracket",
        "colons",
        "control character",
        "latin-1",
        "utf-16",
        "digits",
        "date",
        "alias",
        "quote",
        "indentation",
        "two documents",
        "tag",
        "deep list",
        "deep mapping",
    ],
)
def test_what_is_no_yaml_is_refused_with_its_line(tmp_path, content, line, problem):
    message = refused(tmp_path, content)
    assert re.match(rf":{line or '[0-9]+'}: not valid YAML", message), message
    assert re.search(problem, message), message


@pytest.mark.parametrize("content", ["", "# nothing\n", "- a\n- b\n", "just words", "3"])
def test_what_is_no_mapping_is_refused(tmp_path, content):
    assert re.match(r":1: \(top\): got .*, expected a mapping", refused(tmp_path, content))


def laughs(one, many):
    """Nine levels of aliases, nine of each: 9**9 of them, unfolded."""
    levels = [f"a{n + 1}: &a{n + 1} {many.format(*[f'*a{n}'] * 9)}" for n in range(9)]
    return "\n".join([f"a0: &a0 {one}", *levels])


@pytest.mark.parametrize(
    "content",
    [
        laughs("[x]", "[{}, {}, {}, {}, {}, {}, {}, {}, {}]"),
        laughs("{x: 1}", "{{a: {}, b: {}, c: {}, d: {}, e: {}, f: {}, g: {}, h: {}, i: {}}}"),
        laughs("{x: 1}", "{{<<: [{}, {}, {}, {}, {}, {}, {}, {}, {}]}}"),
        "version: &a {x: *a}",
        "version: &a [*a]",
        SMALL + "\n".join(f"k{i}: {{}}" for i in range(10_001)),
    ],
    ids=["lists", "mappings", "merges", "mapping in itself", "list in itself", "many"],
)
def test_what_unfolds_without_end_is_refused_at_once(tmp_path, content):
    started = time.process_time()
    assert refused(tmp_path, content).startswith(":1: (top): it has more than 20000 entries")
    assert time.process_time() - started < 3


def test_a_file_that_would_not_end(tmp_path):
    os.mkfifo(tmp_path / "labs.yaml")
    with pytest.raises(LabbenchError, match="cannot be read: it is a pipe or a device"):
        catalogue.load(tmp_path / "labs.yaml")
    with (tmp_path / "large.yaml").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(LabbenchError, match="cannot be read: it has more than 1 MiB"):
        catalogue.load(tmp_path / "large.yaml")


def test_a_byte_order_mark_and_other_line_ends(tmp_path):
    for content in (b"\xef\xbb\xbf" + SMALL.encode(), SMALL.replace("\n", "\r\n").encode()):
        assert load(tmp_path, content) == load(tmp_path, SMALL)


#: What YAML takes for something.
ODD = ["", "\t", "\n", " ", "{", "]", ": ", "- ", "'", '"', "*x", "&x", "!!binary ", "<<: ", "? ", "null", "\0", "😀",
       "1e999", ".nan", "---", "%YAML 9.9\n", "|", ">", "\u2028", "0x", "~", "0o7", "2026-01-01", "\x85"]  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_a_hand_does_to_it(tmp_path, data):
    """Pieces cut out, doubled, put elsewhere: a catalogue or a refusal, and nothing else."""
    start, length, to = (data.draw(st.integers(0, len(SMALL))) for _ in range(3))
    piece = data.draw(st.one_of(st.just(SMALL[start : start + length]), st.sampled_from(ODD)))
    content = SMALL[:to] + piece + SMALL[to + data.draw(st.integers(0, 40)) :]
    with contextlib.suppress(LabbenchError):
        assert load(tmp_path, content).labs


@pytest.mark.parametrize("name", BROKEN)
def test_refusals_in_chinese(tmp_path, name):
    old, new, line, path, _ = BROKEN[name]
    with pytest.raises(LabbenchError) as caught:
        load(tmp_path, SMALL.replace(old, new))
    said = render(caught.value.text, Lang.ZH).removeprefix(f"{tmp_path}/labs.yaml:{line}：{path}：")
    assert not re.search(r"\b(got|expected|the|is|no|of|a)\b", said), said


def test_a_catalogue_that_is_not_there(tmp_path):
    with pytest.raises(LabbenchError, match="cannot be read: No such file"):
        catalogue.load(tmp_path / "labs.yaml")


@pytest.mark.parametrize("name", ["3-1", "3_1", "lab3-1", "lab3_1", "LAB3-1", "Lab 3-1"])
def test_a_lab_is_found_by_all_its_names(name):
    assert catalogue.name_of(catalogue.load(), name) == "3-1"


def test_an_unknown_lab_names_the_known_ones_nearest_first(tmp_path):
    with pytest.raises(LabbenchError, match=r"no lab secnd; there are: second, first\."):
        catalogue.find(load(tmp_path, SMALL), "secnd")
