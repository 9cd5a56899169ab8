"""The course's own exercises, graded: the instructor's notebook gets all points, the student edition none."""

from __future__ import annotations

import copy
from pathlib import Path

import made_up
import nbformat
import pytest
from nbformat import NotebookNode

from course_utils.system.paths import PROJECT
from tools.grading.assignments import load_assignments
from tools.grading.collect import collect
from tools.grading.grade import Class, grade_all
from tools.grading.judging import Judges
from tools.grading.results import Graded
from tools.grading.sandbox import Limits
from tools.lessons.masters import student_folder
from tools.lessons.standalone import CODE, standalone, zipped

MASTERS = sorted((PROJECT / "exercises").glob("[0-9][0-9]_*.ipynb"))
FOR_A_PERSON = {"03.9"}


def half(master: NotebookNode, student: NotebookNode) -> tuple[NotebookNode, set[str]]:
    """Every second gap filled; returns the notebook and the ids of the filled gaps."""
    solutions = {cell.id: cell.source for cell in master.cells}
    gaps = [cell for cell in student.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    for cell in gaps[::2]:
        cell.source = solutions[cell.id]
    return student, {cell.id for cell in gaps[::2]}


@pytest.fixture
def grade_real(stage, tmp_path):
    def run(folder: Path, lesson: str) -> dict[str, Graded]:
        (assignment,) = load_assignments([lesson])
        with Judges() as judges:
            exercises = {lesson: judges.exercises(lesson)}
        limits = Limits(seconds=900, cell_seconds=300)
        course = Class({lesson: assignment}, exercises, stage, tmp_path / "results", "Tulip 7", limits=limits)
        graded = grade_all(course, collect(folder, [lesson]))
        return {one.student: one for one in graded}

    return run


def test_one_lesson_in_short(grade_real, tmp_path):
    look_at(MASTERS[0], grade_real, tmp_path, ["perfect", "half-stripped", "half-alone"])


@pytest.mark.full
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("path", MASTERS, ids=lambda path: path.stem)
def test_instructor_full_student_none_half_in_between(path, grade_real, tmp_path):
    names = ["perfect", "stripped", "half", "half-stripped", "half-alone", "empty"]
    look_at(path, grade_real, tmp_path, names)


def look_at(path, grade_real, tmp_path, names) -> None:
    master = nbformat.read(path, as_version=4)
    student = nbformat.read(student_folder(path.parent) / path.name, as_version=4)
    some, filled = half(master, nbformat.read(student_folder(path.parent) / path.name, as_version=4))
    notebooks = {
        "perfect": master,
        "stripped": made_up.stripped(master),
        "half": some,
        "half-stripped": made_up.stripped(some),
        "half-alone": standalone(copy.deepcopy(some), student_folder(path.parent), zipped(CODE)),
        "empty": student,
    }
    for name in names:
        (tmp_path / "in" / name).mkdir(parents=True)
        nbformat.write(notebooks[name], tmp_path / "in" / name / f"{path.stem}.ipynb")

    graded = grade_real(tmp_path / "in", path.name[:2])

    for name in {"perfect", "stripped"} & set(names):
        lost = [(s.exercise, s.flag, s.message) for s in graded[name].scores if s.points != s.max_points]
        assert [one for one in lost if one[0] not in FOR_A_PERSON] == [], name
        assert all(flag == "for a person to read: open points 2" for _, flag, _ in lost), name
        assert graded[name].flags == []
    for name in {"half", "half-stripped", "half-alone"} & set(names):
        full = {s.exercise for s in graded[name].scores if s.points == s.max_points or s.text}
        assert full == {exercise_of(gap) for gap in filled}, name
        assert {s.exercise for s in graded[name].scores if s.points is None} <= FOR_A_PERSON, name
    if "empty" in names:
        assert [score.flag for score in graded["empty"].scores if score.points != 0 or score.flag] == []
    assert all(len(one.scores) >= 12 for one in graded.values())


def exercise_of(gap: str) -> str:
    _, lesson, number, *_ = gap.split("-")
    return f"{lesson}.{number}"
