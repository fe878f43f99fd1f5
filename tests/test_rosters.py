"""Class lists, as schools and platforms export them."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from labbench.errors import LabbenchError
from labbench.gradebook.discovery import Delivery, Found
from labbench.gradebook.rosters import merged, read
from labbench.results import Student


def written(folder, text, encoding="utf-8"):
    path = folder / "roster.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("comma", [",", ";", "\t"])
def test_chinese_heading_in_any_encoding(tmp_path, encoding, comma):
    text = "学号,姓名,邮箱,组\r\n2020E01,张三,zhang@x.cn,A\r\n\r\n2020E02,李四,,\r\n".replace(",", comma)
    first, second = read(written(tmp_path, text, encoding))
    assert first.student == Student("2020E01", "张三", "zhang@x.cn", {"学号": "2020E01"})
    assert (first.group, second.student.name, second.group) == ("A", "李四", "")


def test_canvas_and_moodle_headings(tmp_path):
    (canvas,) = read(written(tmp_path, 'Student,ID,SIS User ID,Section\n"Lee, Ann",12,s12,1\n'))
    assert (canvas.student.id, canvas.student.name) == ("12", "Lee, Ann")
    assert canvas.student.identifiers["SIS User ID"] == "s12"
    (moodle,) = read(written(tmp_path, "First name,Surname,ID number,Email address\nAnn,Lee,12,a@x.edu\n"))
    assert (moodle.student.id, moodle.student.name, moodle.student.email) == ("12", "Ann Lee", "a@x.edu")


def test_the_maxima_of_a_canvas_export_are_no_student(tmp_path):
    text = 'Student,ID,SIS User ID,Section,Lab 3-1 (9)\n"    Points Possible",,,,100\n"Lee, Ann",12,s12,1,\n'
    assert [entry.student.id for entry in read(written(tmp_path, text))] == ["12"]


@pytest.mark.parametrize("text", ["", "\n\n", "colour,size\nred,1\n", "id\na\nA\n", "id\n" + "x" * 200_000 + "\n"])
def test_broken_rosters_are_refused(tmp_path, text):
    with pytest.raises(LabbenchError, match=r"roster\.csv"):
        read(written(tmp_path, text))


def test_lines_may_be_short_or_name_nobody_and_of_two_columns_of_a_name_the_first_counts(tmp_path):
    roster = read(written(tmp_path, "id,name,id,colour\n1,Ann,x,red\n2\n,,3,blue\n"))
    assert [entry.student.id for entry in roster] == ["1", "2"]


def test_a_roster_beyond_all_measure_is_not_read(tmp_path):
    os.truncate(written(tmp_path, "id\n"), (16 << 20) + 1)
    with pytest.raises(LabbenchError, match="more than 16 MiB"):
        read(tmp_path / "roster.csv")


def test_who_stands_there_twice_is_named_with_the_line_in_the_file(tmp_path):
    with pytest.raises(LabbenchError, match=r"roster\.csv, line 6: A "):
        read(written(tmp_path, 'id,name\n\na,"of two\nlines"\n\nA,x\n'))


def test_missing_and_binary_files_are_refused(tmp_path):
    with pytest.raises(LabbenchError, match="none"):
        read(tmp_path / "none.csv")
    (tmp_path / "roster.csv").write_bytes(b"\xff\x00\xfe\x81" * 9)
    with pytest.raises(LabbenchError, match=r"roster\.csv"):
        read(tmp_path / "roster.csv")


def found(*students):
    return [Found(s, Delivery((s,), (Path(s.id),), at=(i,))) for i, s in enumerate(students)]


def account(name, number):
    """Of a platform's user."""
    return Student(f"{name}_{number}", name, identifiers={"ID": str(number)})


def roll(tmp_path, roster, *handed):
    """(whose is what and what else is theirs, who handed in nothing, what may be whose)."""
    made = merged(read(written(tmp_path, roster)), found(*handed))
    here = [(one.student.id, *(str(d.paths[0]) for d in (one.delivery, *one.others))) for one in made.found]
    unclear = {one.student.id: [maybe.student.id for maybe in one.maybe] for one in made.unclear}
    return here, [s.id for s in made.missing], unclear


def test_hand_ins_find_their_students(tmp_path):
    handed = account("Ann Lee", 99), Student("G7"), Student("stranger")
    text = "id,name,email,group\n1,Ann Lee,ann@x.edu,\n2,Bob Wu,,G7\n3,Cem,,G7\n4,Dan,,\n"
    here, missing, unclear = roll(tmp_path, text, *handed)
    assert here == [("1", "Ann Lee_99"), ("2", "G7"), ("3", "G7"), ("stranger", "stranger")]
    assert (missing, unclear) == (["4"], {})
    assert merged(read(written(tmp_path, text)), found(*handed)).found[0].student.email == "ann@x.edu"


@pytest.mark.parametrize("called", ["7", "s12", "ann@x.edu", "ann", "Ann Lee", "Ann_Lee", "ANN_LEE"])
def test_a_hand_in_is_a_students_by_whatever_names_them_alone(tmp_path, called):
    roster = read(written(tmp_path, "id,SIS User ID,name,email\n7,s12,Ann Lee,ann@x.edu\n8,s13,Bob Lee,bob@x.edu\n"))
    (one,) = found(Student(called))
    old = Delivery((one.student,), (Path("old"),))
    made = merged(roster, [dataclasses.replace(one, others=(old,))])
    assert [(f.student.id, str(f.delivery.paths[0]), f.others) for f in made.found] == [("7", called, (old,))]
    assert ([s.id for s in made.missing], made.unclear) == (["8"], ())


@pytest.mark.parametrize(
    ("called", "whose"),
    [
        ("2021001_张三_lab3", ["2021001"]),
        ("张三 实验3-1", ["2021001"]),
        ("2021001张三", ["2021001"]),
        ("实验一-2021002", ["2021002"]),
        ("lab3", ["lab3"]),  # short words may mean anything
        ("张三丰", ["张三丰"]),
        ("Lee", ["Lee"]),
        ("12021001", ["12021001"]),
    ],
)
def test_amid_other_words_an_id_or_a_name_is_found(tmp_path, called, whose):
    text = "学号,姓名\n2021001,张三\n2021002,李四\n3,Ann Lee\n"
    here, _, unclear = roll(tmp_path, text, Student(called))
    assert ([name for name, _ in here], unclear) == (whose, {})


def test_an_account_whose_name_holds_the_id_is_found(tmp_path):
    here, missing, unclear = roll(tmp_path, "学号,姓名\n2021001,张三\n", account("2021001张三", 77))
    assert (here, missing, unclear) == ([("2021001", "2021001张三_77")], [], {})


def test_what_names_two_amid_other_words_is_of_neither(tmp_path):
    text = "学号,姓名\n2021001,张三\n2021002,李四\n"
    here, missing, unclear = roll(tmp_path, text, Student("2021001_李四"))
    assert ([name for name, _ in here], missing, list(unclear)) == (["2021001_李四"], [], ["2021001", "2021002"])


TWO = "id,name\n1,Ann\n2,Ann\n3,Bob\n"


@pytest.mark.parametrize(
    ("roster", "handed", "expected"),
    [
        # Neither a stranger's grade nor a zero for work that is there.
        (TWO, [account("Ann", 5), account("Ann", 6)],
         ([("Ann_5", "Ann_5"), ("Ann_6", "Ann_6")], ["3"], {"1": ["Ann_5", "Ann_6"], "2": ["Ann_5", "Ann_6"]})),
        (TWO, [account("Ann", 5)], ([("Ann_5", "Ann_5")], ["3"], {"1": ["Ann_5"], "2": ["Ann_5"]})),
        # What the roster says surely is no question any more.
        ("id,name,No\n1,Ann,5\n2,Ann,6\n", [account("Ann", 5), account("Ann", 6)],
         ([("1", "Ann_5"), ("2", "Ann_6")], [], {})),
        (TWO, [Student("1"), account("Ann", 6)], ([("1", "1"), ("Ann_6", "Ann_6")], ["3"], {"2": ["Ann_6"]})),
        ("id,name,No\n1,Ann,5\n2,Ann,\n", [account("Ann", 5)], ([("1", "Ann_5")], ["2"], {})),
        # Moodle's grading worksheet.
        ("Identifier,Full name\nParticipant 5,Ann\nParticipant 6,Ann\n", [account("Ann", 5), account("Ann", 6)],
         ([("Participant_5", "Ann_5"), ("Participant_6", "Ann_6")], [], {})),
        # One on the roster, two of that name on the platform.
        ("id,name\n1,Ann\n", [account("Ann", 5), account("Ann", 6)],
         ([("Ann_5", "Ann_5"), ("Ann_6", "Ann_6")], [], {"1": ["Ann_5", "Ann_6"]})),
        ("name\nAnn\n", [account("Ann", 5), account("Ann", 6)],
         ([("Ann_5", "Ann_5"), ("Ann_6", "Ann_6")], [], {"Ann": ["Ann_5", "Ann_6"]})),
        # One hand-in that bears one student's number and another's name.
        ("id,name\n5,Cem\n7,Ann\n", [account("Ann", 5)],
         ([("Ann_5", "Ann_5")], [], {"5": ["Ann_5"], "7": ["Ann_5"]})),
        # A group is called like a number of somebody else's.
        ("id,name,group\n1,Ann,5\n2,Cem,5\n", [account("Dan", 5)], ([("Dan_5", "Dan_5")], ["1", "2"], {})),
    ],
)  # fmt: skip
def test_what_may_be_somebody_elses_is_nobodys_and_no_zero_either(tmp_path, roster, handed, expected):
    assert roll(tmp_path, roster, *handed) == expected


def test_what_one_student_handed_in_under_several_names_is_one_students(tmp_path):
    """As Li.zip and li.tar are; the latest counts."""
    handed = Student("Li", "Li"), Student("li-2", "li")
    assert roll(tmp_path, "id,name\nli,Li Lei\n", *handed) == ([("li", "li-2", "Li")], [], {})


def test_a_stranger_under_a_missing_students_id_keeps_a_file_of_their_own(tmp_path):
    here, missing, unclear = roll(tmp_path, "id,name\nann,Ann Lee\n", Student("x", "", "", {}), Student("ANN"))
    assert (here, missing, unclear) == ([("ann", "ANN"), ("x", "x")], [], {})
    here, missing, unclear = roll(tmp_path, "id,name\nann_5,Ann\n6,Ann\n", account("Ann", 7), Student("ann_5", "x"))
    assert (here, missing, unclear) == ([("ann_5", "ann_5"), ("Ann_7", "Ann_7")], [], {"6": ["Ann_7"]})
