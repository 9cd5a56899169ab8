"""Points that a person decided come back from a copy of grades.csv, whatever table program wrote it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from course_utils.errors import CourseError
from tools.grading.decided import decide, read_decided
from tools.grading.feedback import flagged, to_read
from tools.grading.results import Graded, grades_csv
from tools.grading.score import Score


@pytest.fixture
def results() -> list[Graded]:
    def scores() -> list[Score]:
        text = Score("03.9", "Say it", None, 2.0, "for a person to read: open points 2", text="Because …")
        return [Score("03.1", "A", 1.0, 1.0), Score("03.2", "B", 0.0, 1.0, "slow"), text]

    return [Graded("Ann Lee (101)", "03", scores()), Graded("=cmd", "03", scores())]


def copy(tmp_path: Path, results: list[Graded], points: dict, sign: str = ",", zero: str = "0") -> Path:
    """The copy of grades.csv in which a person filled in points."""
    rows = list(csv.DictReader(io.StringIO(grades_csv(results).removeprefix("\ufeff"))))
    for row in rows:
        row["points"] = points.get((row["student"], row["exercise"]), row["points"])
        row["assignment"] = row["assignment"].removeprefix("0").rjust(1 + len(zero), "0")
    path = tmp_path / "copy.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, rows[0], delimiter=sign)
        table.writeheader()
        table.writerows(rows)
    return path


@pytest.mark.parametrize(("sign", "zero"), [(",", "0"), (";", ""), ("\t", "")])
def test_open_points_are_filled_in_and_others_stay(results, tmp_path: Path, sign: str, zero: str):
    path = copy(tmp_path, results, {("Ann Lee (101)", "03.9"): "1,5", ("'=cmd", "03.9"): "0"}, sign, zero)

    said = decide(results, read_decided(path))

    assert [one.points for one in results] == [2.5, 1.0]
    assert not any(one.is_open for one in results)
    assert said == ["6 exercises have a person's points; 2 of these are new or differ."]
    assert to_read(results) == {}
    assert flagged(results) == {one.student: [("03.2", "slow")] for one in results}


def test_a_persons_points_take_the_place_of_graded_ones(results, tmp_path: Path):
    decide(results, read_decided(copy(tmp_path, results, {("Ann Lee (101)", "03.2"): "1"})))

    assert results[0].scores[1].points == 1
    assert results[0].scores[1].message == "Your instructor decided."
    assert results[0].is_open  # 03.9 was left empty
    assert "Ann Lee (101)" not in flagged(results)


def test_what_was_not_graded_is_told(results, tmp_path: Path):
    path = copy(tmp_path, results, {})
    results[1].student = "somebody"

    said = decide(results, read_decided(path))

    assert said[1:] == [f"'=cmd, 03.{n}: in the file of points, but not graded" for n in (1, 2)]


@pytest.mark.parametrize("points", ["2.5", "9"])
def test_more_points_than_an_exercise_brings_are_refused(results, tmp_path: Path, points: str):
    path = copy(tmp_path, results, {("Ann Lee (101)", "03.9"): points})

    with pytest.raises(CourseError, match=rf"(?s)Ann Lee \(101\) cannot get {points} .*03\.9.*2 at most"):
        decide(results, read_decided(path))


@pytest.mark.parametrize("points", ["-1", "two", "1e3", "nan", "½"])
def test_what_is_no_number_is_refused(results, tmp_path: Path, points: str):
    with pytest.raises(CourseError, match=r"Ann Lee \(101\), 03\.9: .* is no number of points"):
        read_decided(copy(tmp_path, results, {("Ann Lee (101)", "03.9"): points}))


def test_another_file_is_refused(tmp_path: Path):
    path = tmp_path / "copy.csv"
    path.write_text("student,points\na,1\n")

    with pytest.raises(CourseError, match="no column assignment"):
        read_decided(path)
    with pytest.raises(CourseError, match=r"file of points .* cannot be read"):
        read_decided(tmp_path / "none.csv")
