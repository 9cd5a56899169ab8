"""``check``: reduce an answer to plain data, keep it, judge it, and say what was found."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from course_utils.checks import show
from course_utils.checks.answers import keep
from course_utils.checks.names import checked_name, lesson_of
from course_utils.checks.plain import Plain, to_plain
from course_utils.checks.progress import note_right, right_answers
from course_utils.checks.registry import has_judges
from course_utils.checks.session import answers_folder, current_class_word
from course_utils.errors import CourseError

if TYPE_CHECKING:
    from course_utils.checks.judges import Verdict

UNDER_NBGRADER = ("NBGRADER_EXECUTION", "NBGRADER_VALIDATING")  # set where nbgrader runs a notebook
_MISSING = object()


def check(exercise: object = _MISSING, answer: object = _MISSING) -> None:
    """Say at once whether an answer is right, or give a specific hint; keep the answer for grading.

    Raises nothing in a notebook: whatever is wrong with the call or the answer is said in words. Where
    nbgrader runs it, what is not right fails, because nbgrader counts a cell without an error as solved.

    Args:
        exercise: its name, for example ``"03.2"``.
        answer: what the task asks for; see ``plain.to_plain`` for the types.
    """
    try:
        name = _checked_call(exercise, answer)
        missing = _check(name, answer)
    except CourseError as error:
        show.trouble(exercise if type(exercise) is str else "", error)
        missing = str(error)
    if missing and any(name in os.environ for name in UNDER_NBGRADER):
        raise AssertionError(missing)


def _check(exercise: str, answer: object) -> str:
    """Return what is not right yet, or an empty text."""
    if not _is_judged_here(exercise):
        keep(exercise, to_plain(answer), answers_folder())
        show.kept(exercise)
        return ""
    from course_utils.checks.judges import find_exercise, judge_answer

    known = find_exercise(exercise)
    plain = to_plain(answer)
    verdict = judge_answer(exercise, plain, current_class_word(), thorough=False)
    note = _kept_note(exercise, plain)
    if known.by_person and verdict.is_right:
        show.for_person(exercise, note)
        return ""
    show.verdict(verdict, note=note, progress="" if note else _progress(verdict, plain))
    return "" if verdict.is_right else verdict.message


def _is_judged_here(exercise: str) -> bool:
    """False in the sandbox of grading, and for an assignment from an instructor's private folder."""
    if not has_judges():
        return False
    from course_utils.checks.judges import exercises

    return bool(exercises(lesson_of(exercise)))


def _progress(verdict: Verdict, plain: Plain) -> str:
    """Return how many exercises of the lesson are right by now; of a question, how many questions."""
    from course_utils.checks.judges import exercises, find_exercise

    lesson, class_word, folder = lesson_of(verdict.exercise), current_class_word(), answers_folder()
    if verdict.is_right:
        with contextlib.suppress(OSError):  # then it only is not counted
            note_right(verdict.exercise, plain, class_word, folder)
    is_quiz = find_exercise(verdict.exercise).is_quiz
    names = {one.name for one in exercises(lesson) if one.is_quiz == is_quiz and not one.by_person}
    right = names & right_answers(lesson, class_word, folder)
    return f"{len(right)} of {len(names)} {'questions' if is_quiz else 'exercises'} right"


def _kept_note(exercise: str, plain: dict) -> str:
    """Keep an answer, and return a note where that failed: the student still gets the verdict."""
    try:
        keep(exercise, plain, answers_folder())
    except CourseError as error:
        return str(error)
    return ""


def _checked_call(exercise: object, answer: object) -> str:
    if exercise is _MISSING or (type(exercise) is str and answer is _MISSING):
        name = exercise if type(exercise) is str else "01.2"
        raise CourseError(
            "check() was called without an answer.",
            cause="It needs two things: the exercise and your answer.",
            next_step=f'write `check("{name[:10]}", answer)`.',
        )
    name = checked_name(exercise)
    if answer is Ellipsis or answer is NotImplementedError or type(answer) is NotImplementedError:
        raise CourseError(
            "The gap is still open: the answer is only a placeholder.",
            cause="The cell above still holds `...` or `NotImplementedError`.",
            next_step="fill the gap, run that cell, then check again.",
        )
    return name
