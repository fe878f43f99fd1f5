"""Whose hand-ins lie in a folder: as each platform delivers them."""

from __future__ import annotations

import os

import pytest

from labbench.errors import LabbenchError
from labbench.gradebook.discovery import distinct, find, gathered, safe
from labbench.handin import limits
from labbench.results import Student


def lay(folder, *names):
    """Files by name; a name that ends with / is a folder with one file in it."""
    for at, name in enumerate(names, start=1):
        path = folder / name
        if name.endswith("/"):
            path.mkdir(parents=True)
            path = path / "layers_1.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n")
        os.utime(folder / name, (at, at))


def shown(found, folder):
    """By student: (what counts, what does not)."""
    return {
        one.student.id: (
            [str(p.relative_to(folder)) for p in one.delivery.paths],
            [str(p.relative_to(folder)) for d in one.others for p in d.paths],
        )
        for one in found
    }


MOODLE = (("张三_12345", "file"), ("李四_12346", "file"), ("李四_12346", "onlinetext"))
CASES = {
    "by hand: folders, archives and single files": (
        ["zhang/", "li.zip", "wang.tar.gz", "zhao.py", ".DS_Store", ".cache/", "__MACOSX/", "notes.txt"],
        {"zhang": (["zhang"], []), "li": (["li.zip"], []), "wang": (["wang.tar.gz"], []), "zhao": (["zhao.py"], [])},
    ),
    "by hand: a folder's name has no ending": (
        ["zhang.py/", "li.zip/"],
        {"zhang.py": (["zhang.py"], []), "li.zip": (["li.zip"], [])},
    ),
    "by hand: the latest of two archives counts": (
        ["li.zip", "li.tar"],
        {"li": (["li.tar"], ["li.zip"])},
    ),
    "Moodle: folders": (
        [f"{n}_assignsubmission_{k}_/" for n, k in MOODLE],
        {
            "张三_12345": (["张三_12345_assignsubmission_file_"], []),
            "李四_12346": (["李四_12346_assignsubmission_file_"], []),
        },
    ),
    "Moodle: files, not in folders": (
        ["Ann Lee_7_assignsubmission_file_hw.zip", "Ann Lee_7_assignsubmission_file_second.zip"],
        {"Ann_Lee_7": (["Ann Lee_7_assignsubmission_file_second.zip"], ["Ann Lee_7_assignsubmission_file_hw.zip"])},
    ),
    "Moodle: single files are as late as the latest of them": (
        [f"Ann_7_assignsubmission_file_{n}" for n in ("layers_1.py", "old.zip", "layers_2.py")],
        {"Ann_7": ([f"Ann_7_assignsubmission_file_layers_{i}.py" for i in (1, 2)],
                   ["Ann_7_assignsubmission_file_old.zip"])},
    ),
    "Canvas: one archive; a later attempt, whatever its date; late": (
        ["leeann_12_855_stu_upload-1.zip", "leeann_12_901_stu_upload.zip", "wubob_LATE_13_902_hw.zip"],
        {
            "leeann_12": (["leeann_12_855_stu_upload-1.zip"], ["leeann_12_901_stu_upload.zip"]),
            "wubob_13": (["wubob_LATE_13_902_hw.zip"], []),
        },
    ),
    "Canvas: files attached one by one belong together": (
        ["leeann_12_901_layers_1.py", "leeann_12_902_layers_2.py", "leeann_12_903_vgg_cpu.py"],
        {"leeann_12": ([f"leeann_12_90{i}_{n}.py" for i, n in ((1, "layers_1"), (2, "layers_2"), (3, "vgg_cpu"))], [])},
    ),
    "GitHub Classroom": (
        ["lab-3-1-ann/.git/x", "lab-3-1-abe/.git/x"],
        {n: ([f"lab-3-1-{n}"], []) for n in ("abe", "ann")},
    ),
    "by hand: not all are clones": (
        ["lab-3-1-ann/.git/x", "lab-3-1-bob/"],
        {n: ([n], []) for n in ("lab-3-1-ann", "lab-3-1-bob")},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("names", "expected"), CASES.values(), ids=CASES)
def test_found(tmp_path, names, expected):
    lay(tmp_path, *names)
    assert shown(find(tmp_path), tmp_path) == expected


def test_single_files_are_gathered_under_their_own_names(tmp_path):
    lay(tmp_path, "leeann_12_901_layers_1.py", "leeann_12_902_layers_2-2.py")
    (tmp_path / "leeann_12_901_layers_1.py").rename(tmp_path / "leeann_12_901_layers_1-2.py")
    (one,) = find(tmp_path)
    with gathered(one.delivery) as folder:
        assert sorted(p.name for p in folder.iterdir()) == ["layers_1.py", "layers_2.py"]
    assert not folder.exists()


def test_a_folder_called_like_a_file_is_taken_as_it_is(tmp_path):
    lay(tmp_path, "wang.py/")
    (one,) = find(tmp_path)
    with gathered(one.delivery) as path:
        assert path == tmp_path / "wang.py"


def test_a_single_file_that_is_gone_again_is_refused_in_a_sentence(tmp_path):
    lay(tmp_path, "wang.py")
    (one,) = find(tmp_path)
    (tmp_path / "wang.py").unlink()
    with pytest.raises(LabbenchError, match=r"wang\.py"), gathered(one.delivery):
        pass


def test_a_single_file_that_is_too_large_is_refused_in_a_sentence(tmp_path):
    lay(tmp_path, "leeann_12_901_layers_1.py")
    os.truncate(tmp_path / "leeann_12_901_layers_1.py", limits.MAX_BYTES + 1)
    (one,) = find(tmp_path)
    with pytest.raises(LabbenchError) as refused, gathered(one.delivery):
        pass
    assert "layers_1.py is too large for a hand-in" in str(refused.value)


def test_gradescope_names_the_members_of_a_group(tmp_path):
    lay(tmp_path, "submission_11/", "submission_12/", "submission_13/", "submission_14/")
    (tmp_path / "submission_metadata.yml").write_text(
        """
submission_11:
  :submitters:
  - :name: Ann Lee
    :sid: 2020E01
    :email: ann@x.edu
  - :name: Bob Wu
    :sid: ''
    :email: bob@x.edu
  :created_at: 2026-11-02 10:00:00.000000000 Z
submission_12:
  :submitters:
  - :name: Ann Lee
    :sid: 2020E01
    :email: ann@x.edu
  :created_at: 2026-11-01 10:00:00.000000000 Z
submission_13:
  :submitters: []
""",
        encoding="utf-8",
    )
    found = find(tmp_path)
    assert shown(found, tmp_path) == {
        "2020E01": (["submission_11"], ["submission_12"]),
        "bob@x.edu": (["submission_11"], []),
        "submission_13": (["submission_13"], []),
        "submission_14": (["submission_14"], []),  # of which nothing is said
    }
    assert found[0].student == Student("2020E01", "Ann Lee", "ann@x.edu", {"SID": "2020E01"})


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"- 1\n- 2\n", b"a: [", b""])
def test_broken_metadata_is_refused_in_a_sentence(tmp_path, content):
    lay(tmp_path, "submission_11/")
    (tmp_path / "submission_metadata.yml").write_bytes(content)
    with pytest.raises(LabbenchError, match="submission_metadata"):
        find(tmp_path)


def test_metadata_beyond_all_measure_is_not_read(tmp_path):
    lay(tmp_path, "submission_11/", "submission_metadata.yml")
    os.truncate(tmp_path / "submission_metadata.yml", 1 << 30)
    with pytest.raises(LabbenchError, match="more than 64 MiB"):
        find(tmp_path)


def test_names_in_gbk_are_read_as_such(tmp_path):
    folder = os.fsencode(tmp_path / "in")
    for name in ("张三", "李四_12346_assignsubmission_file_"):
        os.makedirs(os.path.join(folder, name.encode("gbk")))
    os.mkdir(os.path.join(folder, b"\xff"))
    found = find(tmp_path / "in")
    assert [(one.student.id, one.student.name) for one in found] == [
        ("unnamed", "\udcff"), ("张三", "张三"), ("李四_12346", "李四"),
    ]  # fmt: skip


def test_ids_that_differ_by_case_alone_get_files_of_their_own(tmp_path):
    lay(tmp_path, "Li.zip", "li.tar")
    assert [one.student.id for one in find(tmp_path)] == ["Li", "li-2"]
    again = distinct(find(tmp_path), taken=["LI"])
    assert [one.student.id for one in again] == ["Li-2", "li-2-2"]


@pytest.mark.parametrize("name", ["../../etc", "a/b\\c", "..", "", "\x1b[31m", "con\n", " x ", "九" * 200, "‮abc"])
def test_ids_are_file_names(name):
    made = safe(name)
    assert made
    assert made.isprintable()
    assert not set(made) & set('/\\:*?"<>| ')
    assert made.strip(".") == made
    assert len(made.encode()) <= 240


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda p: None, "grade.no_such_folder"),
        (lambda p: p.mkdir(), "grade.empty"),
        (lambda p: p.write_text(""), "grade.no_folder"),
    ],
)
def test_a_folder_without_hand_ins_is_refused(tmp_path, make, key):
    make(tmp_path / "in")
    with pytest.raises(LabbenchError, match=str(tmp_path / "in")) as refused:
        find(tmp_path / "in")
    assert refused.value.text.key == key
