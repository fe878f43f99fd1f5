"""The journal: what a kill leaves can be gone on with, and nobody else writes meanwhile."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import stat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labbench.errors import LabbenchError
from labbench.gradebook.journal import Journal
from labbench.results import CheckResult, Verdict, text
from labbench.scoring import Part, Pieces, Reference
from tests import books


def card(score=60, figure=0.5):
    verdict = Verdict.PASS if score else Verdict.WRONG
    return books.bare(CheckResult("conv", 60, verdict, {"error": figure}, text("check.not_run")), levels=(60,))


def filled(path):
    with Journal(path) as journal:
        journal.seed("3-1", "s")
        journal.card("a", card(), alone=True)
        journal.failed("b", text("grade.stopped"))
        journal.card("b", card(0), alone=True)
        journal.failed("c", text("grade.stopped"))
        journal.ran("2026-11-24T10:00:00+08:00", 2.0)
        journal.ran("2026-11-25T10:00:00+08:00", 3.0)
        assert (journal.started, journal.seconds) == ("2026-11-24T10:00:00+08:00", 5.0)


def test_what_was_written_is_read(tmp_path):
    path = tmp_path / "journal.jsonl"
    filled(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with Journal(path) as journal:
        assert journal.seeds == {"3-1": "s"}
        assert journal.found("a") == card()
        assert journal.found("b").score == 0
        assert journal.found("x") is None
        assert journal.failures == {"c": text("grade.stopped")}
        assert (journal.started, journal.seconds) == ("2026-11-24T10:00:00+08:00", 5.0)


@pytest.mark.parametrize("figure", [math.inf, -math.inf, math.nan])
def test_numbers_that_json_has_not_come_back(tmp_path, figure):
    with Journal(tmp_path / "j") as journal:
        journal.card("a", card(figure=figure), alone=True)
    with Journal(tmp_path / "j") as journal:
        read = journal.found("a").checks[0].figures["error"]
    assert read == figure or (math.isnan(read) and math.isnan(figure))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_cut_off_anywhere_it_goes_on_from_the_last_whole_line(tmp_path, data):
    path = tmp_path / "journal.jsonl"
    path.unlink(missing_ok=True)
    filled(path)
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    lines = whole[:cut].count(b"\n")
    with Journal(path) as journal:
        assert (journal.found("a") is not None) == (lines >= 3)
        journal.card("z", card(), alone=True)
    kept = path.read_bytes()
    assert kept.startswith(b"".join(line + b"\n" for line in whole.split(b"\n")[:lines]))
    assert all(json.loads(line) for line in kept.splitlines())
    with Journal(path) as journal:
        assert journal.found("z") == card()


def test_of_a_cut_off_line_nothing_is_left_behind_a_shorter_one(tmp_path):
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.card("a", card(), alone=True)
    path.write_bytes(path.read_bytes()[:-1])
    with Journal(path) as journal:
        journal.seed("3-1", "s")
    assert [json.loads(line)["kind"] for line in path.read_bytes().splitlines()] == ["journal", "seed"]


def test_file_names_that_are_not_utf8_come_back(tmp_path):
    why = text("handin.damaged", path=os.fsdecode("张三.zip".encode("gbk")), reason="x")
    with Journal(tmp_path / "j") as journal:
        journal.failed("a", why)
    with Journal(tmp_path / "j") as journal:
        assert journal.failures == {"a": why}


def part(scenario, case):
    return Pieces(parts=(Part(scenario, case, (), {"output": 0.5}),))


def test_pieces_come_back_but_for_those_that_no_longer_count(tmp_path):
    path = tmp_path / "journal.jsonl"

    def kept(journal):
        return {key: [(p.scenario, p.case) for p in journal.graded(key).parts] for key in ("a", "b", "c")}

    with Journal(path) as journal:
        for key in ("a", "b"):
            for scenario, case in (("conv", "1"), ("pool", "1"), ("conv", "2")):
                journal.pieces(key, part(scenario, case))
        journal.again("a", {"conv"})
        journal.pieces("a", part("conv", "3"))
        journal.again("b")
        journal.pieces("c", Pieces(references=(Reference("conv", "1", {}),)))
        now = kept(journal)
    assert now == {"a": [("pool", "1"), ("conv", "3")], "b": [], "c": []}
    with Journal(path) as journal:
        assert kept(journal) == now
        assert journal.graded("c").references == (Reference("conv", "1", {}),)


@pytest.mark.parametrize(
    ("verdict", "why", "notes", "alone", "settled"),
    [
        (Verdict.PASS, None, (), False, True),
        (Verdict.INCONCLUSIVE, None, (), True, False),
        (Verdict.TIMEOUT, "fault.cpu", (), False, True),
        (Verdict.TIMEOUT, "fault.wall", (), False, False),
        (Verdict.TIMEOUT, "fault.wall", (), True, True),
        (Verdict.SKIPPED, None, (text("note.cut"),), False, False),
        (Verdict.SKIPPED, None, (text("note.cut"),), True, True),
        (Verdict.MEMORY, "fault.killed", (), False, False),
        (Verdict.MEMORY, "fault.killed", (), True, True),
        (Verdict.MEMORY, "fault.memory", (), False, True),
        (Verdict.FORBIDDEN, "fault.zygote_lost", (), False, False),
    ],
)
def test_what_needs_another_look(tmp_path, verdict, why, notes, alone, settled):
    result = CheckResult("conv", 60, verdict, why=why and text(why, limit=1))
    with Journal(tmp_path / "j") as journal:
        journal.card("a", dataclasses.replace(card(), checks=(result,), notes=notes), alone=alone)
        assert journal.settled("a") == settled
        assert not journal.settled("b")
    with Journal(tmp_path / "j") as journal:
        assert journal.settled("a") == settled
        journal.card("a", card(), alone=True)
        assert journal.settled("a")


def test_one_writer_at_a_time(tmp_path):
    path = tmp_path / "journal.jsonl"
    with Journal(path), pytest.raises(LabbenchError, match=r"journal\.jsonl"):
        Journal(path)
    Journal(path).close()


def test_restart_begins_anew(tmp_path):
    path = tmp_path / "journal.jsonl"
    filled(path)
    with Journal(path, restart=True) as journal:
        assert (journal.seeds, journal.found("a"), journal.failures) == ({}, None, {})
        journal.seed("3-1", "new")
    with Journal(path) as journal:
        assert (journal.seeds, journal.found("a"), journal.failures) == ({"3-1": "new"}, None, {})


def test_until_the_first_line_is_added_a_restart_has_lost_nothing(tmp_path):
    """What is refused only then (a pack, a scheduler) must not cost the results of a week."""
    path = tmp_path / "journal.jsonl"
    filled(path)
    before = path.read_bytes()
    Journal(path, restart=True).close()
    assert path.read_bytes() == before
    with Journal(path, restart=True) as journal:
        journal.card("z", card(), alone=True)
        assert journal.found("z") == card()


BAD = [
    b"{}\n",
    b"[1]\n",
    b"not json\n",
    b"\xff\xfe\n",
    b'{"kind": "card", "key": "a", "card": {}}\n',
    b'{"kind": "journal", "version": 99}\n',
    b'{"kind": "pieces", "key": "a", "scenario": "conv", "pieces": {"parts": 1}}\n',
    b'{"kind": "failed", "key": "a", "why": 1}\n',
    b"[" * 100_000 + b"\n",
]


@pytest.mark.parametrize("content", BAD, ids=range(len(BAD)))
def test_what_is_no_journal_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "journal.jsonl"
    path.write_bytes(content)
    with pytest.raises(LabbenchError, match="line 1"):
        Journal(path)
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(LabbenchError):
        Journal(tmp_path / "none" / "journal.jsonl")
    with pytest.raises(LabbenchError):
        Journal(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LabbenchError):
        Journal(tmp_path / "link")
