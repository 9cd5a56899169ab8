"""Names of exercises: ``"03.2"``, its hidden part ``"03.2h"``, a quiz question ``"03.q2"``."""

from __future__ import annotations

import re

from course_utils.errors import CourseError

NAME = re.compile(r"\d\d\.q?\d{1,2}h?")


def checked_name(exercise: object) -> str:
    """Return the name of an exercise, or raise.

    Raises:
        CourseError: it is no name of an exercise.
    """
    if type(exercise) is str and NAME.fullmatch(exercise):
        return exercise
    shown = repr(exercise) if type(exercise) in (str, int, float) else f"of type {type(exercise).__name__}"
    raise CourseError(
        f"The first argument is {shown[:60]}, which is no name of an exercise.",
        cause='Expected a text such as "01.2".',
        next_step='write `check("01.2", answer)`, first the name, then your answer.',
    )


def lesson_of(exercise: str) -> str:
    """Return the lesson's number, for example ``"03"`` of ``"03.2h"``."""
    return exercise[:2]


def is_hidden(exercise: str) -> bool:
    """True for the part of an exercise that only grading runs."""
    return exercise.endswith("h")
