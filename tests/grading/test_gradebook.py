"""Gradebooks of platforms: the right row or none, names as they came, and no points where nothing came."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import made_up
import pytest
from messages import message_of

from course_utils.errors import CourseError
from tools.grading.cli import main
from tools.grading.collect import collect
from tools.grading.gradebook import Gradebook
from tools.grading.results import Graded
from tools.grading.score import Score

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Essay (7),Exercises 03 (4711),Current Score
,,,,,,Manual Posting,
    Points Possible,,,,,10,3.0,(read only)
"Lee, Ann",101,S1,alee,A,8,,80
"Lee, Ann",102,S2,alee2,A,9,,90
"=cmd|'/c calc'!A1",103,S3,o.neil,B,,2,
"Ñandú, “Zoë”",104,S4,zoe,B,7,,70
"""
WORKSHEET = """Identifier,Full name,Status,Grade,Maximum Grade,Last modified (grade),Feedback comments
Participant 1001,Ann Lee,Submitted,,3.00,-,
Participant 1002,Ann Lee,Submitted,1.00,3.00,-,before
"""
PEOPLE = """First name,Last name,ID number,Email address,Assignment: Exercises 03 (Real),Last downloaded
Ann,Lee,S1,Ann@x.org,-,1700000000
Bob,Ray,S2,bob@x.org,2.00,1700000000
"""


def graded(student: str, *points: float | None, assignment: str = "03") -> Graded:
    scores = [Score(f"{assignment}.{n}", "A", got, 1.5) for n, got in enumerate(points, start=1)]
    return Graded(student, assignment, scores)


def filled(
    tmp_path: Path, roster: str | bytes, people: dict, *results: Graded
) -> tuple[list[list[str]], str]:
    """Fill a roster in, and return the rows that were written and what was said."""
    path = tmp_path / "roster.csv"
    path.write_bytes(roster if isinstance(roster, bytes) else roster.encode())
    book = Gradebook(path, {"03"})
    said = book.write(tmp_path, list(results), people)
    text = (tmp_path / f"{book.platform.lower()}.csv").read_text(encoding="utf-8")
    return list(csv.reader(io.StringIO(text))), "\n".join(said)


def test_canvas_gets_points_by_number_and_nothing_else_changes(tmp_path: Path):
    people = {"Ann Lee (102)": ("Canvas", "102"), "zoe": ("Canvas", "104")}
    rows, said = filled(tmp_path, CANVAS, people, graded("Ann Lee (102)", 1.5, 0.75), graded("zoe", 0, 0))
    before = [[*row[:5], row[6]] for row in csv.reader(io.StringIO(CANVAS))]
    before[4][5], before[6][5] = "2.25", "0"

    assert rows == before  # names, also odd ones, as they came; who handed in nothing keeps an empty cell
    assert [row[5] for row in rows] == ["Exercises 03 (4711)", "Manual Posting", "3.0", "", "2.25", "2", "0"]
    assert said == f"{tmp_path / 'canvas.csv'}: 2 students filled in."


@pytest.mark.parametrize(
    "roster",
    [
        b"\xef\xbb\xbf" + CANVAS.encode(),
        CANVAS.replace(",", ";").replace("Lee; Ann", "Lee, Ann").replace("Ñandú; ", "Ñandú, ").encode(),
        CANVAS.replace(",", "\t").replace("Lee\t Ann", "Lee, Ann").replace("Ñandú\t ", "Ñandú, ").encode(),
    ],
)
def test_byte_order_marks_and_other_separators_are_read(roster: bytes, tmp_path: Path):
    rows, _ = filled(tmp_path, roster, {"a": ("Canvas", "101")}, graded("a", 1))

    assert rows[0][0] == "Student"
    assert rows[3] == ["Lee, Ann", "101", "S1", "alee", "A", "1"]


def test_moodle_worksheet_gets_points_and_feedback_by_number(tmp_path: Path):
    keys = {"Ann Lee (1001)": ("Moodle", "1001")}
    rows, _ = filled(tmp_path, WORKSHEET, keys, graded("Ann Lee (1001)", 1, 0))
    _, ann, other = (line.split(",") for line in WORKSHEET.splitlines())

    assert rows[1] == [*ann[:3], "1", "3.00", "-", "03.1: 1 of 1.5; 03.2: 0 of 1.5"]
    assert rows[2] == other


def test_moodle_gradebook_gets_points_by_login_and_only_rows_with_points(tmp_path: Path):
    rows, said = filled(tmp_path, PEOPLE, {"ann@x.org": ("", "ann@x.org")}, graded("ann@x.org", 1))

    assert rows[0] == [*PEOPLE.split(",")[:4], "Exercises 03", "Feedback comments"]
    assert rows[1:] == [["Ann", "Lee", "S1", "Ann@x.org", "1", "03.1: 1 of 1.5"]]
    assert "1 students filled in" in said


@pytest.mark.parametrize(
    "key",
    [
        ("", "Lee, Ann"),  # a name is no login
        ("Canvas", "999"),
        ("Canvas", "S1"),  # another column's number
        ("Moodle", "101"),  # another platform's number
        ("", ""),
    ],
)
def test_who_is_not_in_the_roster_is_told_and_not_guessed(key: tuple[str, str], tmp_path: Path):
    rows, said = filled(tmp_path, CANVAS, {"Lee": key}, graded("Lee", 1))

    assert f"Lee: no row of the roster has the number or login {key[1]}; not filled in" in said
    assert [row[5] for row in rows[3:]] == ["", "", "2", ""]


def test_who_is_matched_twice_is_told_and_not_filled_in(tmp_path: Path):
    people = {"a": ("Canvas", "101"), "b": ("", "ALEE"), "c": ("", "zoe")}
    twice = CANVAS.replace(",o.neil,", ",zoe,")
    rows, said = filled(tmp_path, twice, people, graded("a", 1), graded("b", 1), graded("c", 1))

    assert said.count("row 4 fits others, too; not filled in") == 2
    assert "c: rows 6 and 7 of the roster could be meant; not filled in" in said
    assert [row[5] for row in rows[3:]] == ["", "", "2", ""]


def test_open_points_and_notebooks_that_were_not_found_leave_the_cell(tmp_path: Path):
    people = {"a": ("Canvas", "101"), "b": ("Canvas", "103")}
    rows, said = filled(tmp_path, CANVAS, people, graded("a", 1, None), graded("b"))

    assert "a, 03: some points wait for you; not filled in" in said
    assert [row[5] for row in rows[3:]] == ["", "", "2", ""]


def test_other_points_at_canvas_are_told(tmp_path: Path):
    _, said = filled(tmp_path, CANVAS, {"a": ("Canvas", "101")}, graded("a", 1))

    assert "03: Points Possible is 3.0, the exercises bring 1.5" in said


def test_a_formula_in_what_is_written_is_harmless(tmp_path: Path):
    one = graded("a", 1)
    one.scores[0].exercise = "=HYPERLINK(1)"
    rows, _ = filled(tmp_path, WORKSHEET, {"a": ("Moodle", "1001")}, one)

    assert rows[1][6].startswith("'=")


@pytest.mark.parametrize(
    ("roster", "words"),
    [
        (CANVAS.replace(",ID,", ",Number,"), "has no column ID"),
        (CANVAS.replace("Section", "Group"), "has no column Section"),
        (CANVAS.replace("Exercises 03 (", "Exercises 13 ("), "has no column for assignment 03"),
        (CANVAS.replace("Essay (", "Essay 3 ("), "has several columns for assignment 03"),
        (WORKSHEET.replace("Last modified (grade)", "Changed"), "has no column Last modified (grade)"),
        ("Name,Points\nAnn,1\n", "has no column SIS Login ID, Identifier"),
        ("", "cannot be read"),
        (b"Student\xff,ID", "cannot be read"),
    ],
)
def test_a_column_that_is_missing_is_named(roster: str | bytes, words: str, tmp_path: Path):
    assert words in message_of(filled, tmp_path, roster, {})


def test_a_roster_that_is_not_there_and_two_assignments_of_moodle_are_refused(tmp_path: Path):
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")

    with pytest.raises(CourseError, match="cannot be read"):
        Gradebook(tmp_path / "gone.csv", {"03"})
    with pytest.raises(CourseError, match="one assignment at a time"):
        Gradebook(tmp_path / "people.csv", {"03", "04"})


def test_keys_are_what_downloads_tell(tmp_path: Path):
    for name in ("leeann_101_9001_90.ipynb", "leeann_102_9002_90.ipynb"):
        (tmp_path / name).write_bytes(made_up.TEXT)

    assert [one.key for one in collect(tmp_path, ["90"])] == [("Canvas", "101"), ("Canvas", "102")]


def test_make_grade_writes_it_beside_grades(private, stage, hand_in, tmp_path: Path, capsys):
    roster = tmp_path / "roster.csv"
    roster.write_text(CANVAS.replace("Exercises 03 (", "Exercises 90 ("), encoding="utf-8")
    out = tmp_path / "grades"
    command = [str(hand_in(alee=made_up.half(), bob=made_up.half())), "--assignment", "90"]
    command += ["--private", str(private), "--out", str(out), "--class-word", "tulip"]
    command += ["--roster", str(roster)]

    assert main(command) == 0
    said = capsys.readouterr().out
    assert "bob: no row of the roster has the number or login bob; not filled in" in said
    rows = list(csv.reader(io.StringIO((out / "canvas.csv").read_text(encoding="utf-8"))))
    assert float(rows[3][5]) > 0
    assert rows[4][5] == ""
    assert (out / "grades.csv").is_file()

    decided = tmp_path / "copy.csv"
    decided.write_text("student,assignment,exercise,points\nalee,90,90.2,1\n", encoding="utf-8")
    assert main([*command, "--points", str(decided)]) == 0
    again = list(csv.reader(io.StringIO((out / "canvas.csv").read_text(encoding="utf-8"))))
    assert float(again[3][5]) == float(rows[3][5]) + 1
    assert "1 exercises have a person's points; 1 of these are new" in capsys.readouterr().out
