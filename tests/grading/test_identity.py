"""Downloads of learning platforms: each student keeps a row, nobody is merged, and nothing is guessed."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import time
import tracemalloc

import pytest
from made_up import TEXT, put, tarred, zipped

from tools.grading.collect import MOST_PROBLEMS, collect
from tools.grading.identity import attempt_of_file, identify, labels
from tools.grading.notebook_file import _parsed


def notebook(number: int) -> bytes:
    """A notebook of lesson 90, another one for each number."""
    content = json.loads(TEXT)
    content["metadata"]["handed_in"] = number
    return json.dumps(content).encode()


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


ONE, TWO, THREE = notebook(1), notebook(2), notebook(3)
DAY = "2026-11-21-10-00-0"
D2L = "Nov 21, 2026 1000 AM"
DOWNLOADS = {  # what lies in SUBMISSIONS, if it is unpacked; one notebook for each of two or three students
    "Moodle": {f"Ann Lee_{n}_assignsubmission_file_/01.ipynb": c for n, c in ((1001, ONE), (1002, TWO))},
    "Moodle, no line at the end": {
        f"{name}_assignsubmission_file/01.ipynb": c for name, c in (("Ann Lee_1", ONE), ("Bob Ray_2", TWO))
    },
    "Moodle, all in one folder": {
        f"{name}_assignsubmission_file_01.ipynb": c for name, c in (("Ann Lee_1", ONE), ("Bob Ray_2", TWO))
    },
    "Moodle, anonymous": {
        f"Participant_{n}_assignsubmission_file_/x.ipynb": c for n, c in ((77, ONE), (78, TWO), (79, THREE))
    },
    "Moodle, groups and odd names": {
        f"Group 1-{name}_assignsubmission_file_/x.IPYNB": c
        for name, c in (("Å. O'Neil_de_la Cruz_5", ONE), ("Å. O'Neil_de_la Cruz_6", TWO))
    },
    "Moodle, students' zips": {
        f"Ann Lee_{n}_assignsubmission_file_/work.ZIP": zipped({"a/01.ipynb": c})
        for n, c in ((1, ONE), (2, TWO))
    },
    "Canvas": {f"leeann_{n}_900{n}_01.ipynb": c for n, c in ((101, ONE), (102, TWO))},
    "Canvas, late": {"leeann_101_9001_01.ipynb": ONE, "leeann_LATE_102_9002_01.ipynb": TWO},
    "Canvas, anonymous": {"anon_x7Yz2_9001_01.ipynb": ONE, "anon_LATE_b8Yz2_9002_01.ipynb": TWO},
    "Canvas, students' zips": {
        "leeann_101_9001_work.zip": zipped({"01.ipynb": ONE}),
        "leeann_102_9002_work.zip": zipped({"x/01.ipynb": TWO}),
    },
    "Canvas, odd file names": {
        "leeann_101_9001_bob_attempt_2026-11-21-10-00-00_01.ipynb": ONE,
        "raybob_102_9002_Ann Lee_1_assignsubmission_file_.ipynb": TWO,
        "doecem_103_9003_01.ipynb": THREE,
    },
    "Blackboard": {
        f"Exercises 1_{name}_attempt_{DAY}{n}_01.ipynb": c
        for n, (name, c) in enumerate((("alee", ONE), ("bray", TWO), ("cdoe", THREE)))
    },
    "Blackboard, underscores": {
        f"Exercises_1_{name}_attempt_{DAY}{n}_01.ipynb": c
        for n, (name, c) in enumerate((("a_lee", ONE), ("b_lee", TWO), ("lee", THREE)))
    },
    "Blackboard, students' zips": {
        f"Ex 1_{name}_attempt_{DAY}1_w.zip": zipped({"01.ipynb": c})
        for name, c in (("alee", ONE), ("bray", TWO))
    },
    "Brightspace": {
        "index.html": b"<html>",
        f"11-5 - Ann Lee - {D2L}/01.ipynb": ONE,
        f"12-5 - Ann Lee - {D2L}/01.ipynb": TWO,
    },
    "Brightspace, files": {
        f"11-5 - Ann Lee - {D2L} - 01.ipynb": ONE,
        f"12-5 - Ann-Marie Lee - {D2L} - 01.ipynb": TWO,
    },
    "Google Classroom": {"Ann Lee - Copy of 01.ipynb": ONE, "Bob Ray - Copy of 01.ipynb": TWO},
    "Google Classroom, one name twice": {"Ann Lee - 01.ipynb": ONE, "Ann Lee - 01 (1).ipynb": TWO},
    "a folder a student": {"Ann Lee/01.ipynb": ONE, "Bob Ray/01.ipynb": TWO},
    "a folder a student, deep": {"Ann Lee/a/b/01.ipynb": ONE, "Bob Ray/a/b/01.ipynb": TWO},
    "a folder a student, their folders alike": {
        "Ann Lee/week 1/01.ipynb": ONE,
        "Ann Lee/week 2/notes.txt": b"x",
        "Bob Ray/week 1/01.ipynb": TWO,
        "Bob Ray/week 2/notes.txt": b"x",
    },
    "a zip a student": {"Ann Lee.zip": zipped({"01.ipynb": ONE}), "Bob Ray.ZIP": zipped({"01.ipynb": TWO})},
    "a zip a student, with a folder": {
        "Ann Lee.zip": zipped({"work/01.ipynb": ONE}),
        "Bob Ray.zip": zipped({"work/01.ipynb": TWO}),
    },
    "a folder and a zip of one name": {"Ann Lee/01.ipynb": ONE, "Ann Lee.zip": zipped({"01.ipynb": TWO})},
    "section folders": {
        "Section A/Ann Lee/01.ipynb": ONE,
        "Section A/Bob Ray/01.ipynb": TWO,
        "Section B/Cem Doe/01.ipynb": THREE,
    },
    "section folders of Moodle": {
        "Section A/Ann Lee_1_assignsubmission_file_/01.ipynb": ONE,
        "Section B/Ann Lee_2_assignsubmission_file_/01.ipynb": TWO,
    },
    "files without a form": {"alee_01.ipynb": ONE, "alee-01.ipynb": TWO},
    "one notebook too many at the side": {"Ann Lee/01.ipynb": ONE, "01_data_loading.ipynb": TWO},
    "names in two forms of one letter": {"Zoe\u0308 Ray/01.ipynb": ONE, "Zo\u00eb Ray/01.ipynb": TWO},
    "capitals only": {"ann lee/01.ipynb": ONE, "Ann Lee/01.ipynb": TWO},
}
PACKINGS = {
    "unpacked": lambda files: files,
    "packed": lambda files: {"download.zip": zipped(files)},
    "one folder round all": lambda files: {f"handed-in/{name}": c for name, c in files.items()},
    "packed with a folder round all": lambda files: {
        "all.ZIP": zipped({f"handed-in/{name}": c for name, c in files.items()})
    },
    "a zip of a zip": lambda files: {"all.zip": zipped({"download.zip": zipped(files)})},
    "a tar": lambda files: {"all.tar.gz": tarred(files)},
}


# What has no form, in a folder of its own, is one student's folder: two notebooks in it are told.
ONE_FOLDER = {"files without a form", "one notebook too many at the side"}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("form", DOWNLOADS)
def test_nobody_is_merged_and_nobody_is_missing(tmp_path, form, packing):
    files = DOWNLOADS[form]
    put(tmp_path, PACKINGS[packing](files))
    expected = [ONE, TWO, THREE] if THREE in files.values() else [ONE, TWO]

    found = collect(tmp_path, ["90"])

    assert len({one.student for one in found}) == len(found)
    if form in ONE_FOLDER and packing == "one folder round all":
        (one,) = found
        assert "2 different notebooks were handed in" in one.submissions["90"].notes[-1]
        return
    if form.startswith("a folder a student"):
        assert [one.student for one in found] == ["Ann Lee", "Bob Ray"]
    digests = [one.submissions["90"].digest for one in found if one.submissions]
    assert sorted(digests) == sorted(map(digest_of, expected)), [one.student for one in found]


@pytest.mark.parametrize(
    ("name", "key", "attempt", "is_late"),
    [
        ("Ann Lee_1001_assignsubmission_file_", ("Moodle", "1001"), (), False),
        ("Ann_Lee_12_assignsubmission_onlinetext_onlinetext.html", ("Moodle", "12"), (), False),
        ("leeann_LATE_101_9001_x.ipynb", ("Canvas", "101"), (9001,), True),
        ("leeann_101_text.html", ("Canvas", "101"), (), False),
        ("E 1_alee_attempt_2026-11-21-10-05-00.txt", ("Blackboard", "alee"), (2026, 11, 21, 10, 5, 0), False),
        # title or login? all of it is kept
        ("E_1_alee_attempt_2026-11-21-10-05-00_x.ipynb", ("Blackboard", "E_1_alee"), None, False),
        ("11-5 - Ann Lee - Nov 21, 2026 1000 AM", ("Brightspace", "11-5"), (2026, 11, 21, 10, 0, 0), False),
        ("1-2 - Ann - Nov 1, 2026 1:05 PM", ("Brightspace", "1-2"), (2026, 11, 1, 13, 5, 0), False),
        ("Ann Lee - Copy of 01.ipynb", ("Google Classroom", "Ann Lee"), (), False),
    ],
)
def test_the_key_is_the_platforms_own_number(name, key, attempt, is_late):
    (one,) = identify([name])

    assert (one.key, one.is_late) == (key, is_late)
    assert attempt in (one.attempt, None)


def test_names_that_tell_nobody_and_numbers_in_names_of_files():
    names = ["Exercises 1 - final.ipynb", "01_data_loading.ipynb", "Ann Lee", "x_y_z.zip"]
    files = ("01-2.ipynb", "01 (3).ipynb", "attempt_4.zip", "01.ipynb")

    assert identify(names) == [None] * 4
    assert list(map(attempt_of_file, files)) == [2, 3, 4, 0]


def test_no_two_labels_are_alike():
    people = [("Ann", "1", "a"), ("ann", "2", "b"), ("Bob", "", "x"), ("Bob", "", "x"), ("", "", "")]

    found = labels(people)

    assert found[:2] == ["Ann (1)", "ann (2)"]
    assert len({one.casefold() for one in found}) == 5


HOSTILE = {
    "a zip with another's folder": {
        "Ann Lee.zip": zipped({"01.ipynb": ONE}),
        "Mallory.zip": zipped({"Ann Lee/01.ipynb": TWO}),
    },
    "a folder with another's folder": {"Ann Lee/01.ipynb": ONE, "Mallory/Ann Lee/01.ipynb": TWO},
    "a zip with another's folder as of a platform": {
        "Ann Lee.zip": zipped({"01.ipynb": ONE}),
        "Mallory.zip": zipped({"Ann Lee_1_assignsubmission_file_/01.ipynb": TWO}),
    },
    "a zip as of a platform beside a folder in a zip": {
        "Ann Lee.zip": zipped({"work/01.ipynb": ONE}),
        "Mallory.zip": zipped({"Ann Lee_1_assignsubmission_file_/01.ipynb": TWO}),
    },
    "a folder with a file as of a platform": {"Ann Lee/01.ipynb": ONE, "Mallory/leeann_1_91_01.ipynb": TWO},
    "Moodle, another's folder in a zip": {
        "Ann Lee_1_assignsubmission_file_/01.ipynb": ONE,
        "Mallory_2_assignsubmission_file_/x.zip": zipped({"Ann Lee_1_assignsubmission_file_/01.ipynb": TWO}),
    },
    "Canvas, another's name in a file's name": {
        "leeann_1_91_01.ipynb": ONE,
        "mallory_2_92_leeann_1_99_01.ipynb": TWO,
    },
    "Blackboard, another's name in a file's name": {
        "E_alee_attempt_2026-11-21-10-00-00_01.ipynb": ONE,
        "E_mallory_attempt_2026-11-22-10-00-00_E_alee_attempt_2026-11-23-10-00-00_01.ipynb": TWO,
    },
}


@pytest.mark.parametrize("packing", ["unpacked", "packed", "one folder round all"])
@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_in_a_students_file_names_the_student(tmp_path, name, packing):
    put(tmp_path, PACKINGS[packing](HOSTILE[name]))

    students = collect(tmp_path, ["90"])

    found = [one.submissions["90"].digest for one in students]
    if name.startswith("a "):
        assert [one.student for one in students] == ["Ann Lee", "Mallory"]
    assert sorted(found) == sorted(map(digest_of, (ONE, TWO)))


def test_what_seems_to_be_of_a_class_beside_single_students_is_refused_in_words(tmp_path):
    two = {f"Ann Lee_{n}_assignsubmission_file_/01.ipynb": c for n, c in ((1, TWO), (2, THREE))}
    put(tmp_path, {"Ann Lee.zip": zipped({"01.ipynb": ONE}), "Mallory.zip": zipped(two)})

    found = {one.student: one for one in collect(tmp_path, ["90"])}

    assert set(found) == {"Ann Lee", "Mallory"}
    assert found["Ann Lee"].submissions["90"].digest == digest_of(ONE)
    assert found["Mallory"].submissions == {}
    assert "grade it alone" in found["Mallory"].problems[0]


def test_one_number_in_two_downloads_is_not_guessed(tmp_path):
    monday = zipped({"leeann_1_91_01.ipynb": ONE, "raybob_2_92_01.ipynb": THREE})
    put(tmp_path, {"monday.zip": monday, "friday.zip": zipped({"leeann_1_93_01.ipynb": TWO})})

    found = {one.student: one for one in collect(tmp_path, ["90"])}

    assert found["leeann"].submissions == {}
    assert "friday.zip and with monday.zip" in found["leeann"].problems[0]
    assert list(found["raybob"].submissions) == ["90"]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"leeann_1_91_01.ipynb": ONE, "leeann_LATE_1_92_01.ipynb": TWO},
            ["2 different notebooks were handed in; the latest attempt was graded", "handed in late"],
        ),
        (
            {f"E_alee_attempt_2026-11-2{n}-10-00-00_01.ipynb": c for n, c in ((1, ONE), (2, TWO))},
            ["the latest attempt was graded"],
        ),
        (
            {"ann/01-1.ipynb": ONE, "ann/01-2.ipynb": TWO},
            ["of the same time, the highest number in a name was graded: 01-2.ipynb"],
        ),
        (
            {"ann/b.ipynb": ONE, "ann/c.ipynb": TWO},
            ["the same time and no number, so look which one counts; graded was: c.ipynb"],
        ),
    ],
)
def test_of_several_the_latest_is_graded_and_the_flag_tells_the_truth(tmp_path, files, expected):
    put(tmp_path, files)
    for path in tmp_path.rglob("*.ipynb"):
        os.utime(path, (1_700_000_000, 1_700_000_000))

    (one,) = collect(tmp_path, ["90"])

    assert one.submissions["90"].digest == digest_of(TWO)
    assert [text for text in expected if text not in "; ".join(one.submissions["90"].notes)] == []


TOLD = {
    "work.pdf": b"%PDF-1.7",
    "work.rar": b"Rar!",
    "work.tar.gz": b"\x1f\x8b",
    "link.url": b"[InternetShortcut]",
    "onlinetext.html": b"<p>my answer</p>",
    "model.keras": b"PK",
    "data.json": b"{}",
    "empty.zip": zipped({}),
    "broken.zip": b"PK\x03\x04 no more",
}


@pytest.mark.parametrize("name", TOLD)
@pytest.mark.parametrize("where", ["Ann Lee/", "Ann Lee_1_assignsubmission_file_/", ""])
def test_whoever_handed_in_something_has_a_row_that_names_it(tmp_path, name, where):
    put(tmp_path, {f"{where}{name}": TOLD[name], "Bob Ray/01.ipynb": ONE})

    found = {one.student: one for one in collect(tmp_path, ["90"])}

    assert len(found) == 2
    assert list(found.pop("Bob Ray").submissions) == ["90"]
    ((label, one),) = found.items()
    assert label == ("Ann Lee" if where else name.split(".")[0])
    assert one.submissions == {}
    assert name in one.problems[0] or name == "empty.zip"


def test_online_text_alone_an_empty_folder_a_pipe_and_a_link_have_a_row(tmp_path):
    names = ("Ann Lee_1_assignsubmission_onlinetext_/onlinetext.html", "leeann_2_text.html")
    put(tmp_path, dict.fromkeys(names, b"x"))
    (tmp_path / "Bob Ray").mkdir()
    (tmp_path / "Cem Doe").mkdir()
    os.mkfifo(tmp_path / "Cem Doe" / "01.ipynb")
    os.mkfifo(tmp_path / "Dan Poe.ipynb")
    (tmp_path / "Eve Moe").symlink_to("/etc")

    found = {one.student: one.problems[0] for one in collect(tmp_path, ["90"])}

    assert set(found) == {"Ann Lee", "leeann", "Bob Ray", "Cem Doe", "Dan Poe", "Eve Moe"}
    assert "onlinetext.html" in found["Ann Lee"]
    assert "01.ipynb is no plain file" in found["Cem Doe"]
    assert "Dan Poe.ipynb is no plain file" in found["Dan Poe"]
    assert "is a link" in found["Eve Moe"]


@pytest.mark.parametrize("name", ["01.ipynb.txt", "01.json", "01.ipynb.json", "01.IPYNB"])
def test_what_can_be_used_is_used(tmp_path, name):
    put(tmp_path, {f"Ann Lee/{name}": ONE})

    (one,) = collect(tmp_path, ["90"])

    assert list(one.submissions) == ["90"]


def test_odd_names_and_times_stop_nobody(tmp_path):
    put(tmp_path, {"Ann Lee/01.ipynb": ONE, "Bob Ray/01.ipynb": TWO})
    os.utime(tmp_path / "Ann Lee" / "01.ipynb", (2**40, 2**40))
    raw = os.fsencode(tmp_path) + b"/\xff\xfe"
    os.mkdir(raw)
    with open(raw + b"/x\xff.ipynb", "wb") as file:
        file.write(THREE)

    found = collect(tmp_path, ["90"])

    assert len(found) == 3
    assert all(one.submissions for one in found)
    assert all(one.student.encode() for one in found)


def test_two_of_one_name_are_told_apart_and_a_person_knows(tmp_path):
    put(tmp_path, {f"Ann Lee_{n}_assignsubmission_file_/01.ipynb": c for n, c in ((1, ONE), (2, TWO))})

    found = {one.student: one.submissions["90"].notes for one in collect(tmp_path, ["90"])}

    note = "several are called Ann Lee; they were told apart by number or place"
    assert found == {"Ann Lee (1)": [note], "Ann Lee (2)": [note]}


def test_of_many_files_the_first_are_looked_at(tmp_path):
    many = zipped({f"{n}.txt": b"" for n in range(1100)})
    put(tmp_path, {"ann/01.ipynb": ONE, "ann/a.zip": many, "ann/b.zip": many})

    (one,) = collect(tmp_path, ["90"])

    assert list(one.submissions) == ["90"]
    assert one.problems == ["more than 2,000 files were handed in; the rest was not looked at"]


def test_many_problems_are_counted(tmp_path):
    put(tmp_path, {"ann/bad.zip": zipped({f"{'x' * 90}{n}.keras": b"" for n in range(1500)})})

    (one,) = collect(tmp_path, ["90"])

    assert len(one.problems) == MOST_PROBLEMS + 1
    assert one.problems[-1] == "and 1,480 more problems"
    assert len("; ".join(one.problems)) < 5000


def test_reading_looks_for_no_garbage_in_between():
    """In a process that holds much, this took most of the time."""
    content, seen = json.loads(TEXT), []
    content["metadata"]["x"] = [[]] * 100_000
    data = json.dumps(content).encode()
    gc.callbacks.append(lambda phase, info: seen.append(phase))
    try:
        _parsed(data)
    finally:
        gc.callbacks.pop()

    assert seen.count("start") <= 1  # when it is over
    assert gc.isenabled()


@pytest.mark.parametrize("kind", ["outputs", "cells", "numbers", "zips"])
def test_work_for_one_student_is_bounded(tmp_path, kind):
    content = json.loads(TEXT)
    if kind == "outputs":
        output = {"output_type": "stream", "name": "stdout", "text": "password = " * 1_700_000}
        content["cells"][2]["outputs"] = [output]
    elif kind == "cells":
        content["cells"] += [{"cell_type": "code", "source": "a = 1 + b # x\n" * 1300} for _ in range(900)]
    elif kind == "numbers":
        content["metadata"]["x"] = [[]] * 4_500_000
    data = json.dumps(content).encode()
    files = {"ann/01.ipynb": data, "bob/01.ipynb": ONE}
    if kind == "zips":
        inner = zipped({f"{n}.ipynb": ONE + b" " * 200_000 for n in range(300)})
        files["ann/all.zip"] = zipped({f"{n}.zip": inner for n in range(300)})
    put(tmp_path, files)
    started = time.process_time()  # other tests run beside it

    found = {one.student: one for one in collect(tmp_path, ["90"])}

    assert time.process_time() - started < 20
    assert list(found["bob"].submissions) == ["90"]
    assert found["ann"].submissions or found["ann"].problems


@pytest.mark.parametrize(("name", "most"), [("01.ipynb", 24_000_000), ("x.tgz", 75_000_000)])
def test_contents_are_not_kept(tmp_path, name, most):
    """Twelve students with 4 MB each take less than half of it at any time."""
    content = json.loads(TEXT)
    content["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 4_000_000}]
    data = json.dumps(content).encode()
    data = data if name == "01.ipynb" else tarred({"01.ipynb": data})
    put(tmp_path, {f"student {n}/{name}": data for n in range(12)})
    tracemalloc.start()

    found = collect(tmp_path, ["90"])

    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found) == 12
    assert kept < 4_000_000
    assert peak < most
