"""A class graded by a stand-in for the jobs: what is graded, what is not graded again, and what becomes of the rest."""

from __future__ import annotations

import csv
import dataclasses
import errno
import io
import json
import os
import shutil
import tracemalloc
import zipfile
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace

import pytest

from labbench import catalogue, handin, policy, resources, scratch
from labbench.cli.command_line import run
from labbench.errors import LabbenchError
from labbench.gradebook import discovery, keys, output, reading, rosters, running
from labbench.gradebook.job import Event
from labbench.gradebook.journal import Journal
from labbench.report import sheets, view
from labbench.results import (
    CheckResult,
    Gradebook,
    Isolation,
    Level,
    Profile,
    Student,
    Verdict,
    text,
)
from labbench.scoring import Part, Pieces
from labbench.texts import Lang
from tests import books

SPECS = {"3-1": catalogue.load().labs["3-1"]}
FILES = ("layers_1.py", "layers_2.py", "vgg_cpu.py")


class Packs:
    """Goldens that nobody looks at."""

    def __init__(self, digest="pack", log=None):
        self._digest = digest
        self.built = [] if log is None else log

    def digest(self, _lab):
        return self._digest

    def path(self, lab, _progress=None):
        self.built.append(lab)
        return Path("/nonexistent")


class Executor:
    """Gives each hand-in what `verdicts` says for the mark in its files, one verdict for each time it is graded.

    An event may stand for a verdict; else there is a piece that the verdict is about, and one that is right.
    """

    jobs = 2

    def __init__(self, verdicts=()):
        self.verdicts = dict(verdicts)
        self.graded = []
        self.kept = []

    def submit(self, job, on_event):
        future = Future()
        with discovery.gathered(job.delivery) as path, handin.opened(path, SPECS["3-1"].files) as snapshot:
            mark = (snapshot.package / "layers_1.py").read_text()
            digest = snapshot.digest
        self.graded.append(mark)
        said = self.verdicts.get(mark, Verdict.PASS)
        verdict = said.pop(0) if isinstance(said, list) else said
        self.kept.append(job.kept)
        if isinstance(verdict, Event):
            future.set_result(verdict)
            return future
        for name, its in (("conv", verdict), ("pool", Verdict.PASS)):
            on_event(Event(pieces=Pieces(parts=(Part(name, mark, (CheckResult(name, 100, its),), {}),))))
        if verdict is Verdict.INTERNAL:
            future.set_result(Event(why=text("grade.job_died", status=-9)))
        else:
            future.set_result(Event(card=card(digest, verdict, said_of(verdict))))
        return future


def said_of(verdict):
    """What these say: that something ended them that may not have been theirs."""
    said = {
        Verdict.TIMEOUT: text("fault.wall", limit=65),
        Verdict.MEMORY: text("fault.killed"),
        Verdict.FORBIDDEN: text("fault.zygote_lost"),
    }
    return said.get(verdict)


def card(digest, verdict, why=None):
    return books.bare(CheckResult("conv", 100, verdict, why=why), handin=digest, levels=(100,))


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "in"
    for student in ("ann", "bob", "cem"):
        (folder / student).mkdir(parents=True)
        for file in FILES:
            (folder / student / file).write_text(student)
    return folder


def grade(folder, executor, packs=None, missing=(), **changes):
    task = reading.Class(
        folder, discovery.find(folder), tuple(missing), SPECS, Profile.QUICK, Level.STRONG, 60.0,
        {"3-1": resources.template("lab3_1")},
    )  # fmt: skip
    with Journal(folder.parent / "journal.jsonl") as journal:
        book = running.grade(dataclasses.replace(task, **changes), journal, packs or Packs(), executor)
        return dataclasses.replace(book, rows=tuple(book.rows))


def scores(book):
    return {row.student.id: row.grade for row in book.rows}


def test_each_is_graded_once_and_a_changed_one_again(folder):
    first = Executor({"bob": Verdict.WRONG})
    book = grade(folder, first)
    assert scores(book) == {"ann": 100, "bob": 0, "cem": 100}
    assert sorted(first.graded) == ["ann", "bob", "cem"]
    second, packs = Executor(), Packs()
    assert dataclasses.replace(grade(folder, second, packs), seconds=book.seconds) == book
    assert (second.graded, packs.built) == ([], [])  # nor is a pack built for nothing
    (folder / "bob" / "layers_1.py").write_text("bob 2")
    third = Executor()
    assert scores(grade(folder, third)) == {"ann": 100, "bob": 100, "cem": 100}
    assert third.graded == ["bob 2"]


@pytest.mark.parametrize("change", [{"profile": Profile.FULL}, {"level": Level.LIMITED}, {"packs": Packs("other")}])
def test_another_profile_pack_or_isolation_grades_all_again(folder, change):
    grade(folder, Executor())
    again = Executor()
    grade(folder, again, **change)
    assert len(again.graded) == 3


def test_the_same_work_twice_is_graded_once(folder):
    for file in FILES:
        (folder / "cem" / file).write_text("ann")
    executor = Executor({"ann": Verdict.WRONG})
    book = grade(folder, executor)
    assert sorted(executor.graded) == ["ann", "bob"]
    assert scores(book) == {"ann": 0, "bob": 100, "cem": 0}


def test_what_is_not_final_is_graded_again_alone_and_if_it_stays_so_has_no_grade(folder):
    executor = Executor({"ann": [Verdict.INCONCLUSIVE, Verdict.PASS], "bob": [Verdict.INCONCLUSIVE] * 2})
    book = grade(folder, executor)
    assert executor.graded[:3] == ["ann", "bob", "cem"]
    assert executor.graded[3:] == ["ann", "bob"]
    assert scores(book) == {"ann": 100, "bob": None, "cem": 100}
    later = Executor({"bob": Verdict.WRONG})
    assert scores(grade(folder, later)) == {"ann": 100, "bob": 0, "cem": 100}
    assert later.graded == ["bob"]


def test_our_own_failure_is_tried_again_and_is_no_grade(folder):
    executor = Executor({"ann": [Verdict.INTERNAL, Verdict.PASS], "bob": [Verdict.INTERNAL] * 2})
    book = grade(folder, executor)
    assert executor.graded[3:] == ["ann", "bob"]
    (bob,) = (row for row in book.rows if row.student.id == "bob")
    assert (bob.grade, bob.blameless, bob.why) == (None, True, text("grade.job_died", status=-9))
    assert scores(book)["ann"] == 100


def test_what_cannot_be_read_through_our_fault_is_no_grade(folder, monkeypatch):
    genuine = reading.likeness.fingerprints

    def fails_for_bob(package):
        if any(file.read_text() == "bob" for file in package.glob("layers_1.py")):
            raise RuntimeError("ours")
        return genuine(package)

    monkeypatch.setattr(reading.likeness, "fingerprints", fails_for_bob)
    rows = {row.student.id: row for row in grade(folder, Executor()).rows}
    assert (rows["bob"].grade, rows["bob"].blameless, rows["bob"].why.key) == (None, True, "cli.internal")
    assert (rows["ann"].grade, rows["cem"].grade) == (100, 100)


def test_packs_are_built_before_anything_is_graded(folder):
    log = []
    executor = Executor()
    executor.graded = log
    both = {lab: catalogue.load().labs[lab] for lab in ("3-1", "3-3")}
    stubs = {lab: resources.template(spec.folder) for lab, spec in both.items()}
    grade(folder, executor, Packs(log=log), specs=both, templates=stubs)
    assert log[:2] == ["3-1", "3-3"]


def test_a_result_rests_on_all_that_went_into_it(monkeypatch):
    given = ("handin", "3-1", Profile.QUICK, "pack", "source", Level.STRONG)
    other = ("x", "3-3", Profile.FULL, "x", "x", Level.LIMITED)
    variants = [given, *((*given[:i], other[i], *given[i + 1 :]) for i in range(len(given)))]
    found = {keys.key(*variant) for variant in variants}
    monkeypatch.setattr(keys, "environment", lambda: {"numpy": "0"})
    found.add(keys.key(*given))
    assert len(found) == len(variants) + 1


def test_the_source_of_a_result_is_the_plug_in_and_the_catalogue_too(monkeypatch, tmp_path):
    plugin, entries = tmp_path / "plugin", tmp_path / "labs.yaml"
    plugin.mkdir()
    monkeypatch.setattr(keys.labs, "load", lambda _: SimpleNamespace(reference=plugin / "reference" / "stu_upload"))
    monkeypatch.setattr(resources, "catalogue_file", lambda: entries)
    entries.touch()
    found = [keys.sources("x")]
    for file in (plugin / "cases.py", plugin / "cases.npz", entries, plugin / "cases.txt"):
        file.write_text("changed")
        found.append(keys.sources("x"))
    assert len(set(found[:4])) == 4
    assert found[4] == found[3]


@pytest.mark.parametrize("verdict", [Verdict.TIMEOUT, Verdict.MEMORY, Verdict.FORBIDDEN])
def test_what_others_may_have_ended_is_tried_once_more_alone_and_then_believed(folder, verdict):
    executor = Executor({"ann": [verdict, Verdict.PASS], "bob": [verdict] * 2})
    book = grade(folder, executor)
    assert executor.graded[3:] == ["ann", "bob"]
    assert scores(book) == {"ann": 100, "bob": 0, "cem": 100}
    kept = [[p.scenario for p in pieces.parts] for pieces in executor.kept]
    assert kept == [[], [], [], ["pool"], ["pool"]]  # what ran out is not kept
    again = Executor()
    grade(folder, again)
    assert again.graded == []


def test_what_was_settled_before_stands_when_it_is_tried_once_more_alone(folder):
    """A walk goes on from the right value after a wrong one: the hand-in may have kept it, and ended itself."""

    def walked(*verdicts):
        names = ("trunk.conv1_1", "trunk.relu1_1", "trunk.conv1_2", "trunk.relu1_2")
        checks = (CheckResult(n, 100, v, why=said_of(v)) for n, v in zip(names, verdicts, strict=True))
        return Event(card=books.bare(*checks, handin="d", levels=(100,)))

    right, wrong, ended, left_out = Verdict.PASS, Verdict.WRONG, Verdict.MEMORY, Verdict.SKIPPED
    executor = Executor({
        "ann": [walked(right, wrong, ended, left_out), walked(right, right, right, right)],
        "bob": [walked(right, right, ended, left_out), walked(right, right, right, right)],
    })  # fmt: skip
    book = grade(folder, executor)
    assert executor.graded[3:] == ["ann", "bob"]
    assert scores(book) == {"ann": 0, "bob": 100, "cem": 100}
    (row,) = (row for row in book.rows if row.student.id == "ann")
    assert [c.verdict for c in row.card.checks] == [right, wrong, right, right]


def test_alone_from_the_first_it_is_believed_at_once(folder):
    executor = Executor({"bob": Verdict.TIMEOUT})
    executor.jobs = 1
    assert scores(grade(folder, executor))["bob"] == 0
    assert len(executor.graded) == 3


class Broken(Executor):
    """Killed when it has graded a piece of everything."""

    def submit(self, job, on_event):
        super().submit(job, on_event)
        future = Future()
        if len(self.graded) == 3:
            future.set_exception(KeyboardInterrupt())
        return future


def test_a_broken_off_grading_goes_on_from_its_pieces(folder):
    with pytest.raises(KeyboardInterrupt):
        grade(folder, Broken())
    later = Executor()
    assert scores(grade(folder, later)) == {"ann": 100, "bob": 100, "cem": 100}
    kept = [(p.scenario, p.case) for pieces in later.kept for p in pieces.parts]
    assert kept == [(scenario, mark) for mark in later.graded for scenario in ("conv", "pool")]


def test_asked_for_by_name_nothing_is_kept(folder):
    grade(folder, Executor())
    later = Executor({"bob": Verdict.WRONG})
    assert scores(grade(folder, later, only=reading.Only(students=frozenset({"bob"}))))["bob"] == 0
    assert (later.graded, later.kept) == (["bob"], [Pieces()])


def test_of_two_deliveries_the_latest_with_the_labs_work_counts(folder):
    """The other may be a report, or another lab's work."""
    for name, files in (("Ann_7_assignsubmission_file_work.zip", FILES), ("Ann_7_assignsubmission_file_more.zip", ())):
        with zipfile.ZipFile(folder / name, "w") as archive:
            for file in (*files, "report.md"):
                archive.writestr(f"stu_upload/{file}", name)
    os.utime(folder / "Ann_7_assignsubmission_file_work.zip", (1, 1))
    (folder / "Ben_8_assignsubmission_file_broken.zip").write_bytes(b"no archive")
    os.utime(folder / "Ben_8_assignsubmission_file_broken.zip", (1, 1))
    shutil.copy(folder / "Ann_7_assignsubmission_file_more.zip", folder / "Ben_8_assignsubmission_file_more.zip")
    rows = {row.student.id: row for row in grade(folder, Executor()).rows}
    assert rows["Ann_7"].grade == 100
    assert rows["Ann_7"].handin == "Ann_7_assignsubmission_file_work.zip"
    assert rows["Ann_7"].others == ("Ann_7_assignsubmission_file_more.zip",)
    assert (rows["Ben_8"].grade, rows["Ben_8"].why.key) == (0, "handin.no_package")


def test_nothing_handed_in_and_nothing_readable_are_zeros_with_a_reason(folder):
    (folder / "dan.zip").write_bytes(b"no archive")
    book = grade(folder, Executor(), missing=[Student("eve"), Student("Bea")])
    rows = {row.student.id: row for row in book.rows}
    assert list(rows) == ["ann", "Bea", "bob", "cem", "dan", "eve"]
    assert book.started
    assert (rows["dan"].grade, rows["dan"].why.key, rows["dan"].handin) == (0, "handin.damaged", "dan.zip")
    assert (rows["eve"].grade, rows["eve"].why.key, rows["eve"].handin) == (0, "grade.nothing", "")


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """Temporary files find no room, as on a full disk."""

    def full(*_args, **_more):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(scratch, "folder", full)


def test_a_full_disk_is_nobodys_zero(folder, nowhere):
    book = grade(folder, Executor())
    assert [(row.grade, row.why.key, row.blameless) for row in book.rows] == [(None, "handin.not_written", True)] * 3


def test_what_cannot_be_read_is_told_in_words_of_what_was_handed_in(folder):
    """Wherever it lies or was copied to: a student reads this, and another run says the same."""
    (folder / "dan.zip").write_bytes(b"no archive")
    (folder / "eve.py").write_bytes(b"")
    (folder / "f_1_assignsubmission_file_").mkdir()
    (folder / "f_1_assignsubmission_file_" / "hw.zip").write_bytes(b"no archive")
    for name in ("report.py", "more.py"):
        (folder / f"g_2_assignsubmission_file_{name}").write_bytes(b"")
    rows = {row.student.id: str(row.why) for row in grade(folder, Executor()).rows if row.card is None}
    whys = {one: [v for v in text.split("'") if "/" in v] for one, text in rows.items()}
    assert list(rows) == ["dan", "eve", "f_1", "g_2"]
    assert whys == {"dan": [], "eve": [], "f_1": ["f_1_assignsubmission_file_/hw.zip"], "g_2": []}
    assert "eve.py" in rows["eve"]


def test_what_was_gone_while_it_was_graded_is_tried_again(folder):
    """It could be read a moment before, so that it cannot now is not its fault."""

    class Gone(Executor):
        def submit(self, job, on_event):
            super().submit(job, on_event)
            future = Future()
            future.set_result(Event(why=text("handin.not_there", path="x")))
            return future

    assert scores(grade(folder, Gone())) == {"ann": None, "bob": None, "cem": None}
    assert scores(grade(folder, Executor())) == {"ann": 100, "bob": 100, "cem": 100}


def test_of_whom_nobody_can_tell_there_is_no_grade(folder):
    (handed, *_) = discovery.find(folder)
    book = grade(folder, Executor(), unclear=(rosters.Unclear(Student("7", "Ann"), (handed,)),))
    (row,) = (row for row in book.rows if row.student.id == "7")
    assert (row.grade, row.handin, row.why, view.state(row)) == (
        None, "", text("grade.whose", handins="ann"), "undecided",
    )  # fmt: skip
    assert scores(book)["ann"] == 100
    lines = csv.DictReader(io.StringIO(sheets.moodle(book, SPECS, Lang.EN).decode()))
    assert [(line["ID number"], line["Lab 3-1"]) for line in lines][:2] == [("7", "-"), ("ann", "100")]


def test_only_some(folder):
    for file in FILES:
        (folder / "dan").mkdir(exist_ok=True)
        (folder / "dan" / file).write_text("dan")
    open_ones = {"bob": Verdict.INCONCLUSIVE, "dan": Verdict.INTERNAL}
    grade(folder, Executor({**open_ones, "cem": Verdict.WRONG}))
    (folder / "ann" / "layers_1.py").write_text("ann 2")

    def graded(**wanted):
        executor = Executor(open_ones)
        book = grade(folder, executor, only=reading.Only(**wanted))
        return sorted(set(executor.graded)), scores(book)

    assert graded(failed=True) == (["bob", "dan"], {"ann": None, "bob": None, "cem": 0, "dan": None})
    assert graded(students=frozenset({"cem"}))[0] == ["cem"]
    assert graded(changed=True) == (["ann 2"], {"ann": 100, "bob": None, "cem": 100, "dan": None})


def test_copies_are_listed_side_by_side(folder):
    source = (resources.PACKAGE / "lab3_1" / "reference" / "stu_upload" / "layers_2.py").read_text()
    for student in ("ann", "cem"):
        (folder / student / "layers_2.py").write_text(source.replace("height", f"h_{student}"))
    (pair,) = grade(folder, Executor()).alike
    assert (pair.first, pair.second, pair.share) == ("ann", "cem", 1.0)


def test_progress_counts_what_is_done(folder):
    executor = Executor({"bob": Verdict.WRONG})
    executor.jobs = 1
    first = told(folder, executor)
    assert (first[0][0].total, first[0][0].done, first[0][0].seconds_left, first[0][1]) == (3, 0, None, "")
    assert {s for _, s in first[1:]} == {"ann", "bob", "cem"}
    assert max(tally.running for tally, _ in first) == 1
    last = first[-1][0]
    assert (last.done, last.kept, last.failing, last.undecided, last.running) == (3, 0, 1, 0, 0)
    assert last.seconds_left == 0


def test_progress_knows_what_an_earlier_run_did_and_what_stays_open(folder):
    told(folder, Executor())
    for student in ("bob", "cem"):
        (folder / student / "layers_1.py").write_text(f"{student} 2")
    executor = Executor({"bob 2": Verdict.INCONCLUSIVE, "cem 2": Verdict.INTERNAL})
    again = told(folder, executor)
    assert (again[0][0].total, again[0][0].kept, again[0][0].done) == (3, 1, 1)
    last = again[-1][0]
    assert (last.done, last.kept, last.failing, last.undecided, last.running) == (3, 1, 1, 2, 0)


def told(folder, executor):
    """Every tally of a run, with the student it came with."""
    heard = []
    task = reading.Class(folder, discovery.find(folder), (), SPECS, Profile.QUICK, Level.STRONG, 60.0,
                         {"3-1": resources.template("lab3_1")})  # fmt: skip
    with Journal(folder.parent / "j") as journal:
        watcher = running.Watcher(lambda tally, student, _: heard.append((tally, student)))
        running.grade(task, journal, Packs(), executor, watcher)
    return heard


@pytest.mark.parametrize(
    "wrong", [["--pack", "none"], ["--executor", "nowhere"], ["--require-sandbox", Level.STRONG.value]]
)
def test_a_restart_that_is_refused_loses_nothing(folder, tmp_path, monkeypatch, wrong):
    out = tmp_path / "out"
    out.mkdir()
    with Journal(out / output.JOURNAL) as journal:
        journal.seed("3-1", "s")
        journal.card("a", card("d", Verdict.PASS), alone=True)
    before = (out / output.JOURNAL).read_bytes()
    monkeypatch.setattr(policy, "probe", lambda: Isolation(Level.LIMITED, ()))
    arguments = ["grade", folder, "--lab", "3-1", "--out", out, "--restart", *wrong]
    assert run([str(a) for a in arguments]) in (2, 5)
    assert (out / output.JOURNAL).read_bytes() == before


def test_two_runs_do_not_write_one_folder_at_once(folder, tmp_path, monkeypatch):
    """Nor their pages, when all is graded: one would take the other's for those of students who are gone."""
    written = []

    def write(_book, _specs, out, *_):
        with pytest.raises(LabbenchError, match="Another run"):
            Journal(out / output.JOURNAL)
        written.append(out)

    monkeypatch.setattr(running, "grade", lambda *_: Gradebook(("3-1",), ()))
    monkeypatch.setattr(output, "write", write)
    pack = resources.practice_pack("lab3_1")
    arguments = ["grade", folder, "--lab", "3-1", "--pack", pack, "--out", tmp_path / "out"]
    assert run([str(a) for a in arguments]) == 0
    assert written == [tmp_path / "out"]


def test_a_folder_that_is_no_gradebook_is_left_alone(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "text.tex").write_text("x")
    wrong = {"thesis": "grade.not_ours", "in": "grade.out_inside", "in/out": "grade.out_inside",
             ".": "grade.out_inside", "thesis/text.tex": "output.not_written"}  # fmt: skip
    for place, key in wrong.items():
        with pytest.raises(LabbenchError) as refused:
            output.prepare(tmp_path / place, tmp_path / "in")
        assert refused.value.text.key == key
    output.prepare(tmp_path / "out" / "new", tmp_path / "in")
    (tmp_path / "out" / "new" / output.JOURNAL).touch()
    output.prepare(tmp_path / "out" / "new", tmp_path / "in")


def test_a_report_that_cannot_be_written_is_said_in_a_sentence(folder, tmp_path):
    (tmp_path / "out" / "gradebook.csv").mkdir(parents=True)
    with pytest.raises(LabbenchError, match=f"{tmp_path}/out"):
        output.write(grade(folder, Executor()), SPECS, tmp_path / "out", Lang.EN)


def test_each_student_gets_the_formats_that_are_asked_for(folder, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    book = grade(folder, Executor({"bob": Verdict.WRONG}))
    output.write(book, SPECS, out, Lang.EN, ["junit", "gradescope", "moodle", "json"])
    files = {p.name for p in (out / "students" / "bob").iterdir()}
    assert files == {"3-1.json", "3-1.html", "3-1.junit.xml", "3-1.gradescope.json"}
    assert json.loads((out / "students" / "bob" / "3-1.gradescope.json").read_bytes())["score"] == 0
    assert json.loads((out / "students" / "ann" / "3-1.gradescope.json").read_bytes())["score"] == 100
    assert {"gradebook.csv", "moodle.csv", "canvas.csv"} <= {p.name for p in out.iterdir()}
    output.write(book, SPECS, out, Lang.EN)
    assert {p.name for p in (out / "students" / "bob").iterdir()} == {"3-1.json", "3-1.html"}


def test_pages_of_students_who_are_gone_go(folder, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    book = grade(folder, Executor())
    output.write(book, SPECS, out, Lang.EN)
    assert sorted(p.name for p in (out / "students").iterdir()) == ["ann", "bob", "cem"]
    (out / "students" / "bob" / "talked to him.txt").write_text("on Monday")
    output.write(
        dataclasses.replace(book, rows=[row for row in book.rows if row.student.id == "ann"]), SPECS, out, Lang.EN
    )
    left = sorted(p.relative_to(out / "students").as_posix() for p in (out / "students").rglob("*.*"))
    assert left == ["ann/3-1.html", "ann/3-1.json", "bob/talked to him.txt"]  # a teacher's own stays


def test_what_was_graded_is_not_kept_in_memory(folder, tmp_path):
    """Scorecards stay in the journal while the class is graded, walked and written; only one is looked at."""
    long = text("check.wrong", error="0.5" * 100_000, tolerance="0.1")

    class Wordy(Executor):
        def submit(self, job, on_event):
            future = super().submit(job, on_event)
            whole = future.result().card
            done = Future()
            done.set_result(Event(card=dataclasses.replace(whole, notes=(long,))))
            return done

    for number in range(60):
        (folder / f"s{number}").mkdir()
        for file in FILES:
            (folder / f"s{number}" / file).write_text(f"s{number}")
    task = reading.Class(folder, discovery.find(folder), (), SPECS, Profile.QUICK, Level.STRONG, 60.0,
                         {"3-1": resources.template("lab3_1")})  # fmt: skip
    with Journal(tmp_path / "journal.jsonl") as journal:
        tracemalloc.start()
        book = running.grade(task, journal, Packs(), Wordy())
        assert sum(len(row.card.notes) for row in book.rows) == len(book.rows) == 63
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most < 20 * 300_000  # a third of them all
