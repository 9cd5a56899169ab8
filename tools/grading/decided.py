"""Points that a person decided, handed back to grading: a copy of grades.csv with numbers filled in."""

from __future__ import annotations

import re
from pathlib import Path

from course_utils.errors import CourseError
from tools.grading.cells import read_cells
from tools.grading.results import Graded, harmless

COLUMNS = ("student", "assignment", "exercise", "points")
NUMBER = re.compile(r"\d+([.,]\d+)?")

Decided = dict[tuple[str, str, str], float]


def read_decided(path: Path) -> Decided:
    """Return points by student, assignment and exercise; rows without points decide nothing.

    Raises:
        CourseError: the file cannot be read, lacks a column, or holds what is no number of points.
    """
    next_step = "fill in the column points of a copy of grades.csv, and keep the other columns."
    table = read_cells(path, "file of points", next_step)
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        cause = f"It has no column {missing[0]}."
        raise CourseError(f"The file of points {path} cannot be used.", cause=cause, next_step=next_step)
    decided = {}
    for student, number, exercise, points in table[[*COLUMNS]].itertuples(index=False):
        if points.strip() and not NUMBER.fullmatch(points.strip()):
            cause = f"{student}, {exercise}: {points!r} is no number of points."
            raise CourseError(f"The file of points {path} cannot be used.", cause=cause, next_step=next_step)
        if points.strip():
            # Table programs make 3 of 03.
            decided[student, number.zfill(2), exercise] = float(points.strip().replace(",", "."))
    return decided


def decide(graded: list[Graded], decided: Decided) -> list[str]:
    """Put a person's points in the place of those that were graded, and say in words what was done.

    Raises:
        CourseError: more points than the exercise brings.
    """
    used, changed = set(), 0
    for one in graded:
        for score in one.scores:
            key = harmless(one.student), one.assignment, score.exercise
            if key not in decided:
                continue
            used.add(key)
            if decided[key] > score.max_points:
                raise CourseError(
                    f"{one.student} cannot get {decided[key]:g} points for {score.exercise}.",
                    cause=f"It brings {score.max_points:g} at most.",
                    next_step="correct the file of points.",
                )
            if score.points != decided[key]:
                changed += 1
                score.points, score.flag, score.message = decided[key], "", "Your instructor decided."
    unknown = [f"{student}, {exercise}" for student, _, exercise in sorted(decided.keys() - used)]
    told = f"{len(used)} exercises have a person's points; {changed} of these are new or differ."
    return [told, *(f"{who}: in the file of points, but not graded" for who in unknown)]
