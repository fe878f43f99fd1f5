"""The folder of a gradebook: what Moodle and Canvas import of it, what a spreadsheet sees, the numbers on its index."""

from __future__ import annotations

import csv
import dataclasses
import io
import json as plain_json
import re
import tracemalloc
from pathlib import PurePosixPath

import jsonschema
import pytest

from labbench.report import formats, gradebook, html, json, sheets, statistics, view
from labbench.report.escape import file_name
from labbench.results import Gradebook, Level, Likeness, Row, Student, Verdict, text
from labbench.texts import Lang, say
from tests import books
from tests.books import CARDS, HOSTILE, RIGHT, SPECS, UNCLEAR, WRONG

BOOK = books.gradebook()
FORMULA = re.compile(r"^[=+\-@\t\r\n＝＋－＠]")


def lines_of(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def folder(book=BOOK, lang=Lang.EN):
    return dict(gradebook.write(book, SPECS, lambda _: (books.table(HOSTILE[0]),), lang))


FOLDER = folder()


# -- the folder -------------------------------------------------------------------------------------------------


def test_the_folder_has_all_that_was_promised():
    top = {"index.html", "gradebook.csv", "gradebook.json", "moodle.csv", "canvas.csv"}
    pages = {f"{view.place(row)}{end}" for row in BOOK.rows if row.card for end in (".html", ".json")}
    assert set(FOLDER) == top | pages
    assert {"students/s0/3-3.json", "students/s0/3-3.html"} <= pages
    assert len(pages) == 2 * sum(row.card is not None for row in BOOK.rows)


def test_no_path_leaves_the_folder():
    for path in FOLDER:
        parts = PurePosixPath(path).parts
        assert ".." not in parts
        assert not path.startswith("/")
        assert all(re.fullmatch(r"[\w.@+-]+", part) and len(part.encode()) < 255 for part in parts)


def test_names_of_files_are_told_apart():
    names = ["a", "A", "a/b", "a_b", "a:b", "..", ".", "", "con", "con.txt", "张三", "x" * 300, "x" * 301, "a.", ".a",
             "\ud800", "张" * 100]  # fmt: skip
    made = [file_name(n) for n in names]
    assert len(set(made)) == len(names)
    assert made[:2] == ["a", "A"]
    assert made[names.index("张三")] == "张三"
    for name in made:
        assert re.fullmatch(r"[\w@+-][\w.@+-]*[\w@+-]|[\w@+-]", name)
        assert len(name.encode()) < 200
        assert name.partition(".")[0] != "con"


def test_it_comes_one_file_at_a_time():
    """What has been written is not kept: memory does not grow with the number of students."""
    rows = tuple(Row(Student(f"s{i:04}"), "3-3", f"s{i}", RIGHT) for i in range(12))

    def peak(book):
        files = gradebook.write(book, SPECS, lambda _: (), Lang.EN)
        head = [next(files) for _ in range(5)]
        assert not any(path.startswith("students") for path, _ in head)
        next(files)
        tracemalloc.start()
        total = sum(len(content) for _, content in files)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return total, found

    few, many = peak(Gradebook(("3-3",), rows[:3])), peak(Gradebook(("3-3",), rows))
    assert many[0] > 3 * few[0]
    assert many[1] < 1.5 * few[1]


@pytest.mark.parametrize("lang", list(Lang))
@pytest.mark.parametrize("form", formats.GRADEBOOK)
def test_every_format_of_a_gradebook(form, lang):
    content = formats.GRADEBOOK[form].of_gradebook(BOOK, SPECS, lang)
    assert content == formats.GRADEBOOK[form].of_gradebook(BOOK, SPECS, lang)
    content.decode()


def test_an_empty_gradebook_is_one():
    files = folder(Gradebook(("3-3",), ()))
    assert set(files) == {"index.html", "gradebook.csv", "gradebook.json", "moodle.csv", "canvas.csv"}


# -- JSON -------------------------------------------------------------------------------------------------------


def validator(kind):
    schema = plain_json.loads(json.schema(kind))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def closed(schema):
    """The schema, refusing what it does not name: the published one lets properties be added."""
    if isinstance(schema, dict):
        found = {k: closed(v) for k, v in schema.items()}
        if "properties" in schema and "required" in schema:
            assert set(schema["required"]) == set(schema["properties"])
            found["additionalProperties"] = False
        return found
    return [closed(v) for v in schema] if isinstance(schema, list) else schema


@pytest.mark.parametrize("kind", ["scorecard", "gradebook"])
def test_what_is_written_is_what_the_schema_says(kind):
    strict = jsonschema.Draft202012Validator(closed(plain_json.loads(json.schema(kind))))
    if kind == "gradebook":
        strict.validate(plain_json.loads(FOLDER["gradebook.json"]))
        return
    for path, content in FOLDER.items():
        if path.startswith("students") and path.endswith(".json"):
            strict.validate(plain_json.loads(content))
    nan = dataclasses.replace(RIGHT.checks[0], figures={"error": float("nan")})
    strict.validate(plain_json.loads(json.encode(dataclasses.replace(RIGHT, checks=(nan,)), SPECS["3-3"], Lang.EN)))


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("scorecard", {"version": 2}),
        ("scorecard", {"score": "100"}),
        ("scorecard", {"checks": [{"id": "conv"}]}),
        ("gradebook", {"rows": [{}]}),
        ("gradebook", {"labs": None}),
    ],
)
def test_the_schema_can_refuse(kind, change):
    content = FOLDER["gradebook.json" if kind == "gradebook" else "students/s0/3-3.json"]
    data = plain_json.loads(content)
    assert validator(kind).is_valid(data)
    assert not validator(kind).is_valid({**data, **change})


def test_the_schema_knows_every_verdict():
    verdicts = plain_json.loads(json.schema("scorecard"))["$defs"]["check"]["properties"]["verdict"]["enum"]
    assert verdicts == [v.value for v in Verdict]


def test_json_survives_whatever_it_holds():
    for words in HOSTILE:
        card = books.hostile(words)
        content = json.encode(card, SPECS["3-3"], Lang.EN)
        assert b"##[" not in content
        if words.isprintable() or "\ud800" not in words:
            assert json.decode(content) == card


def test_the_rows_lead_to_the_scorecards():
    for row in plain_json.loads(FOLDER["gradebook.json"])["rows"]:
        if row["scorecard"] is not None:
            card = plain_json.loads(FOLDER[row["scorecard"]])
            assert (card["score"], card["final"]) == (row["score"], row["grade"] is not None)
        else:
            assert row["state"] in ("failed", "unread", "missing")


# -- CSV --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gradebook.csv", "moodle.csv", "canvas.csv"])
def test_no_cell_is_a_formula(name):
    content = FOLDER[name]
    assert b"\r\n" in content
    lines = lines_of(content)
    assert len({len(line) for line in lines}) == 1
    for line in lines:
        for cell in line:
            assert not FORMULA.match(cell) or cell == "-", cell
            assert not re.search("[\x00-\x08\x0e-\x1f\x7f]", cell)


#: What a spreadsheet may compute, as somebody's name: in a cell of its own, after the other separator, on a new line.
COMPUTED = ("=1+1", "a;=1+1", 'a"; =1+1', "a;\t-1", "a\n=1+1", "a\r\n@x", " ＝1+1", "a,=1+1;+1")


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("name", ["gradebook.csv", "moodle.csv", "canvas.csv"])
def test_no_cell_is_a_formula_wherever_cells_end(name, separator):
    rows = tuple(Row(Student(f"s{i}", said), "3-3", said) for i, said in enumerate(COMPUTED))
    content = folder(Gradebook(("3-3",), rows))[name].decode("utf-8-sig")
    assert len(content.split("\r\n")) == 1 + 1 + len(rows) + (name == "canvas.csv")
    # Excel knows one separator and does not mind quotes in the middle of a cell.
    for line in csv.reader(io.StringIO(content, newline=""), delimiter=separator):
        for cell in line:
            # A dash of ours, where nobody is known, computes nothing.
            assert not re.match(r"\s*[=+\-@＝＋－＠]", cell) or cell.partition(",")[0] == "-", cell


def test_words_are_one_cell_to_libreoffice():
    book = Gradebook(("3-3",), (Row(Student("s", "a;b\tc"), "3-3", ""),))
    for name in ("gradebook.csv", "canvas.csv"):
        # It knows commas, semicolons and tabs at once.
        content = folder(book)[name].decode("utf-8-sig").replace("\t", ";")
        for line in content.split("\r\n"):
            assert ";" not in re.sub('"[^"]*"', "", line)


def test_ours_is_what_excel_reads_as_utf8():
    assert FOLDER["gradebook.csv"].startswith(b"\xef\xbb\xbf")
    assert not FOLDER["canvas.csv"].startswith(b"\xef\xbb\xbf")
    header, *lines = lines_of(FOLDER["gradebook.csv"])
    rows = [dict(zip(header, line, strict=True)) for line in lines]
    assert len(rows) == len(BOOK.rows)
    by_id = {row["student"]: row for row in rows}
    assert by_id["s0"]["name"] == "张 0"
    found = {who: (r["grade"], r["score so far"], r["at most"], r["state"]) for who, r in by_id.items()}
    assert found["s0"] == ("100", "100", "100", "graded")
    assert found["s3"] == ("", "80", "100", "not final")
    assert found["late"] == ("0", "", "", "nothing handed in")
    assert found["torn"] == ("0", "", "", "unreadable")
    assert found["lost"] == ("", "", "", "labbench failed")
    assert by_id["torn"]["why there is no scorecard"] == "The archive torn.zip is empty."
    assert by_id["s0"]["not counted"] == "old.zip"


def imported_by_moodle(content, new, key="ID number"):
    """Moodle's grade importer: grades by a key; `new` says whether the columns become new grade items."""
    header, *lines = lines_of(content)
    header = [name.strip() for name in header]
    grades = {}
    student = None
    for line in lines:
        row = dict(zip(header, line, strict=True))
        # What PHP takes for empty changes nothing: the line goes to the student of the line above.
        if row[key].strip() not in ("", "0"):
            student = row[key].strip()
        assert student is not None
        assert student not in grades or student == "-"
        value = row["Lab 3-3"]
        if new:
            # '-' has no finalgrade; the database makes a 0 of an empty one.
            grade = None if value.strip() == "-" else float(value or 0)
        else:
            grade = None if value in ("", "-") else float(value)
        assert grade is None or grade <= 100
        assert grade is not None or row["Lab 3-3 feedback"] == ""
        grades[student] = grade
    return grades


@pytest.mark.parametrize("new", [True, False])
def test_moodle_imports_grades_and_only_grades(new):
    grades = imported_by_moodle(sheets.moodle(BOOK, SPECS, Lang.EN), new)
    assert [grades[f"2024{i}"] for i in range(6)] == [c.score if c.final else None for c in CARDS.values()]
    assert (grades["late"], grades["torn"], grades["lost"]) == (0, 0, None)


@pytest.mark.parametrize("key", ["Email address", "ID number", "Username"])
def test_moodle_gives_no_line_to_the_student_above(key):
    first = Student("s1", "", "s1@example.org", {"Username": "s1"})
    rows = tuple(Row(who, "3-3", "") for who in (first, Student("s2"), Student("0"), Student("s3", "", " ")))
    grades = imported_by_moodle(sheets.moodle(Gradebook(("3-3",), rows), SPECS, Lang.EN), new=False, key=key)
    # Of "-" there is no user, so Moodle imports nothing and says so.
    assert list(grades) == {"ID number": ["s1", "s2", "-", "s3"], "Email address": ["s1@example.org", "-"]}.get(
        key, ["s1", "-"]
    )


def test_moodle_gets_feedback_in_words():
    header, *lines = lines_of(sheets.moodle(BOOK, SPECS, Lang.EN))
    told = {line[1]: line[header.index("Lab 3-3 feedback")] for line in lines}
    assert told["20240"] == "Score 100 / 100"
    assert told["20241"] == "Score 60 / 100. Not passed: style loss and its gradient, Adam step by step."
    assert told["late"] == "nothing handed in"
    assert told["torn"] == "The archive torn.zip is empty."


def imported_by_canvas(content, course):
    """Canvas' importer: (assignments with their points, grades by student), of a course {key: student}."""
    header, *lines = lines_of(content)
    assert len(header) > 3
    assert "Student" in header[0]
    assert "ID" in header[1]
    columns = 3
    if re.search(r"SIS\s+User\s+ID", header[2]) and re.search(r"SIS\s+Login\s+ID", header[3]):
        columns += 2
    assert "Section" in header[columns - 1]
    # Wherever it stands: the last such line holds.
    points = [line for line in lines if "Points Possible" in line[0]][-1]
    lines = [line for line in lines if "Points Possible" not in line[0]]
    assignments = {name: float(points[i]) for i, name in enumerate(header) if i >= columns}
    grades = {}
    for line in lines:
        who = next((course[key] for key in (line[1], line[2], line[3], line[0]) if key and key in course), None)
        cell = line[columns].strip()
        assert cell == "" or float(cell) <= 100
        if who is not None:
            grades[who] = float(cell) if cell else None
    return assignments, grades


def test_canvas_finds_students_and_assignment():
    course = {"login0": "a", "login1": "b", "login3": "d", "Li, Lei": "late"}
    assignments, grades = imported_by_canvas(sheets.canvas(BOOK, SPECS, Lang.EN), course)
    assert assignments == {"Lab 3-3": 100}
    assert grades == {"a": 100, "b": 60, "d": None, "late": 0}


def test_canvas_takes_no_student_for_the_maxima():
    book = Gradebook(("3-3",), (Row(Student("a", "Points Possible"), "3-3", ""),))
    assignments, grades = imported_by_canvas(sheets.canvas(book, SPECS, Lang.EN), {"points possible": "a"})
    assert (assignments, grades) == ({"Lab 3-3": 100}, {"a": 0})


def test_several_labs_stand_side_by_side():
    one, two = Student("a", "A"), Student("b", "B")
    rows = (Row(one, "3-1", ""), Row(one, "3-3", "a", RIGHT), Row(two, "3-3", "b", UNCLEAR))
    book = Gradebook(("3-1", "3-3"), rows)
    header, *lines = lines_of(sheets.canvas(book, SPECS, Lang.EN))
    assert header[-2:] == ["Lab 3-1", "Lab 3-3"]
    assert [line[-2:] for line in lines] == [["100", "100"], ["0", "100"], ["", ""]]
    moodle = lines_of(sheets.moodle(book, SPECS, Lang.ZH))
    assert moodle[0][3:] == ["实验 3-1", "实验 3-1 反馈", "实验 3-3", "实验 3-3 反馈"]
    assert [line[3::2] for line in moodle[1:]] == [["0", "100"], ["-", "-"]]


# -- statistics -------------------------------------------------------------------------------------------------


def of(*cards, more=()):
    rows = [Row(Student(f"s{i}"), "3-3", f"s{i}", card) for i, card in enumerate(cards)]
    return statistics.of_labs(iter([*rows, *more]), {"3-3": SPECS["3-3"]}, Lang.EN)["3-3"]


def test_scores_are_counted():
    missing = Row(Student("m"), "3-3", "")
    lost = Row(Student("l"), "3-3", "l", blameless=True, why=text("fault.zygote_lost"))
    found = of(RIGHT, RIGHT, WRONG, UNCLEAR, more=(missing, lost))
    assert found.scores == {0: 0, 60: 1, 80: 0, 100: 2}
    assert found.states == {"final": 3, "undecided": 1, "missing": 1, "failed": 1}
    assert found.mean == (100 + 100 + 60 + 0) / 4
    assert found.median == 80
    nothing = of()
    assert (nothing.mean, nothing.shares, nothing.noise, sum(nothing.scores.values())) == (None, (), None, 0)


def test_checks_pass_as_a_whole_or_not():
    found = {
        s.title: (s.passed, s.failed, s.skipped, s.undecided) for s in of(RIGHT, WRONG, UNCLEAR, CARDS["ours"]).shares
    }
    assert found["style loss and its gradient"] == (2, 1, 0, 1)
    assert found["Adam step by step"] == (3, 1, 0, 0)
    assert found["speed-up of convolution, both together"] == (3, 0, 0, 1)


def test_a_mistake_counts_once_where_it_came_first():
    found = of(WRONG, WRONG, CARDS["nothing"], CARDS["ours"]).mistakes
    assert [(m.title, m.label, m.verdict, m.count) for m in found] == [
        ("style loss and its gradient", "loss", Verdict.WRONG, 2),
        ("Adam step by step", "image_1", Verdict.SHAPE, 2),
        ("convolution forward and backward, loops", "output", Verdict.ERROR, 1),
        ("max pooling forward and backward, loops", "output", Verdict.NOT_IMPLEMENTED, 1),
    ]


def knowing(en, zh):
    """A scorecard whose first wrong result names a known mistake."""
    why = text("check.known", why=text("check.wrong", error="0.5", tolerance="0.0001"), en=en, zh=zh)
    checks = [dataclasses.replace(c, why=why) if c.check == "style.loss" else c for c in WRONG.checks]
    return dataclasses.replace(WRONG, checks=tuple(checks))


@pytest.mark.parametrize("lang", list(Lang))
def test_known_mistakes_are_counted_by_name(lang):
    cards = [knowing("sum <i>", "求和"), knowing("sum <i>", "求和"), knowing("mean", "平均"), WRONG]
    rows = tuple(Row(Student(f"s{i}"), "3-3", f"s{i}", card) for i, card in enumerate(cards))
    found = statistics.of_labs(rows, {"3-3": SPECS["3-3"]}, lang)["3-3"].mistakes
    style = [(m.known, m.count) for m in found if m.label == "loss"]
    assert style == [({"en": "sum <i>", "zh": "求和"}[lang], 2), ({"en": "mean", "zh": "平均"}[lang], 1), ("", 1)]
    page = html.gradebook(Gradebook(("3-3",), rows), SPECS, lang).decode()
    assert {"en": "<b>sum &lt;i&gt;</b>", "zh": "<b>求和</b>"}[lang] in page


def test_a_text_within_a_text_is_what_the_schema_says():
    card = knowing("sum", "求和")
    content = json.encode(card, SPECS["3-3"], Lang.EN)
    jsonschema.validate(plain_json.loads(content), plain_json.loads(json.schema("scorecard")))
    assert json.decode(content) == card
    assert "Relative error up to 0.5, allowed 0.0001. A known mistake gives just this: sum." in content.decode()


def test_the_fastest_lead_and_what_does_not_count_is_not_there():
    cards = [books.scorecard(ratio=r) for r in (10.0, 40.0, 20.0)]
    cheat = books.scorecard({"speedup_conv": Verdict.FORBIDDEN}, ratio=900.0)
    boards = {b.title: [(p.student.id, p.value) for p in b.places] for b in of(*cards, cheat).boards}
    assert boards["speed-up of convolution, both together"] == [("s1", 40.0), ("s2", 20.0), ("s0", 10.0)]
    assert [p.student.id for p in of(WRONG, RIGHT).quickest] == ["s1"]


def test_isolation_and_noise_are_counted():
    found = of(RIGHT, books.scorecard(level=Level.LIMITED))
    assert found.levels == {Level.STRONG: 1, Level.LIMITED: 1}
    assert found.inactive == (("no namespaces", 1),)
    assert found.noise.middle == found.noise.widest == pytest.approx((1.3 - 0.8) / 2)


# -- the index --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", list(Lang))
def test_pages_hold_no_markup_but_ours(lang):
    for path, content in folder(lang=lang).items():
        if path.endswith(".html"):
            said = content.decode()
            assert not re.search(
                r"<(script|img|iframe|object|embed|form|base)\b|\bon\w+=\"|javascript:[^a]", said, re.IGNORECASE
            )
            assert not re.search(r"(?:src|href)=\"(?:https?:)?//", said)
            assert not re.search("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", said)


def test_likes_are_linked_to_their_pages():
    said = FOLDER["index.html"].decode()
    section = said[said.index('id="alike"') : said.index('id="students"')]
    assert "97%" in section
    assert 'href="students/s0/3-3.html"' in section
    assert "unknown.zip" in section
    none = folder(dataclasses.replace(BOOK, alike=()))["index.html"].decode()
    assert say("book.none_alike", Lang.EN) in none
    by_handin = dataclasses.replace(BOOK, alike=(Likeness("3-3", "s0.zip", "s1.zip", 0.5),))
    assert 'students/s1/3-3.html">张 1' in folder(by_handin)["index.html"].decode().split('id="students"')[0]


def test_a_page_says_the_verdict_of_one_observation_once():
    card = books.scorecard({"speedup_conv": Verdict.WRONG, "adam": Verdict.WRONG})
    page = html.scorecard(books.report(card)).decode()
    checks = {part.split("</span>")[1].split("<")[0].strip(): part for part in page.split('<li class="check">')[1:]}
    word = f">{say('verdict.wrong', Lang.EN)}<"
    assert checks["speed-up of convolution, both together"].count(word) == 1
    assert checks["Adam step by step"].count(word) > 2  # in its head, its table, and at what it says of each


def test_a_page_of_what_is_not_final_shows_no_grade():
    said = FOLDER["students/s3/3-3.html"].decode()
    assert "no grade yet" in said
    assert "not final: up to 100" in said
    assert '<p class="score' in said
    assert "Score 80 / 100</p>" not in said
