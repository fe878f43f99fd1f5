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
    return [Found(s, Delivery((s,), (Path(s.id),))) for s in students]


def names(ones):
    return [(one.student.id, str(one.delivery.paths[0])) for one in ones]


def test_hand_ins_find_their_students(tmp_path):
    roster = read(written(tmp_path, "id,name,email,group\n1,Ann Lee,ann@x.edu,\n2,Bob Wu,,G7\n3,Cem,,G7\n4,Dan,,\n"))
    handed = found(Student("Ann_Lee_99", "Ann Lee"), Student("G7"), Student("stranger"))
    here, missing = merged(roster, handed)
    assert names(here) == [("1", "Ann_Lee_99"), ("2", "G7"), ("3", "G7"), ("stranger", "stranger")]
    assert [s.id for s in missing] == ["4"]
    assert here[0].student.email == "ann@x.edu"


@pytest.mark.parametrize("called", ["7", "s12", "ann@x.edu", "ann", "Ann Lee", "Ann_Lee", "ANN_LEE"])
def test_a_hand_in_is_a_students_by_whatever_names_them_alone(tmp_path, called):
    roster = read(written(tmp_path, "id,SIS User ID,name,email\n7,s12,Ann Lee,ann@x.edu\n8,s13,Bob Lee,bob@x.edu\n"))
    (one,) = found(Student(called))
    old = Delivery((one.student,), (Path("old"),))
    here, missing = merged(roster, [dataclasses.replace(one, others=(old,))])
    assert (names(here), here[0].others) == ([("7", called)], (old,))
    assert [s.id for s in missing] == ["8"]


def test_of_two_hand_ins_of_one_name_none_is_guessed(tmp_path):
    roster = read(written(tmp_path, "id,name\n1,Ann\n"))
    here, missing = merged(roster, found(Student("Ann_5", "Ann"), Student("Ann_6", "Ann")))
    assert (names(here), [s.id for s in missing]) == ([("Ann_5", "Ann_5"), ("Ann_6", "Ann_6")], ["1"])


def test_nobody_gets_the_id_of_a_student_whose_hand_in_is_not_known(tmp_path):
    roster = read(written(tmp_path, "id,name\nann,Ann Lee\n"))
    here, missing = merged(roster, found(Student("ann"), Student("ANN")))
    ids = [s.id.casefold() for s in (*(one.student for one in here), *missing)]
    assert len(set(ids)) == len(ids) == 3


def test_two_of_one_name_are_told_apart_by_nobody(tmp_path):
    roster = read(written(tmp_path, "id,name\n1,Ann\n2,Ann\n"))
    here, missing = merged(roster, found(Student("Ann_5", "Ann"), Student("Ann_6", "Ann")))
    assert names(here) == [("Ann_5", "Ann_5"), ("Ann_6", "Ann_6")]
    assert [s.id for s in missing] == ["1", "2"]
    here, missing = merged(roster, found(Student("Ann_5", "Ann")))
    assert (names(here), len(missing)) == ([("Ann_5", "Ann_5")], 2)


def test_ids_are_the_same_in_capitals(tmp_path):
    roster = read(written(tmp_path, "id,name\nann,Ann Lee\n"))
    here, missing = merged(roster, found(Student("x", "", "", {}), Student("ANN")))
    assert names(here) == [("ann", "ANN"), ("x", "x")]
    assert missing == ()
