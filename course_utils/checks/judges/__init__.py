"""Right answers: what makes the answer of each exercise right, and hints for what goes wrong.

This folder never enters the sandbox of grading: there, answers are kept, and judged outside.

A module ``lesson_NN`` holds one function an exercise, under ``@judge("NN.1", points=…, title=…)``: it takes
the plain answer and the exercise's data, raises ``Hint`` while something is not right, and returns nothing
or one more sentence. Questions stand in ``lesson_NN.yaml`` beside it, or are registered by ``quiz``; what a
person reads is registered by ``read_by_person``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from course_utils.checks.givens import has_given, make_given
from course_utils.checks.names import checked_name, is_hidden, lesson_of
from course_utils.checks.plain import Plain
from course_utils.checks.registry import load_lesson
from course_utils.errors import CourseError

OPTIONS = "abcd"
LONGEST_TEXT = 600  # characters of an answer that a person reads


class Hint(Exception):
    """What is not right yet: specific, kind, and never the answer."""


@dataclass(frozen=True)
class Exercise:
    """One exercise or quiz question.

    Attributes:
        name: for example ``"03.2"`` or ``"03.q1"``.
        title: as in the notebook.
        points: for all its parts together.
        judge: plain answer, data -> None or one more sentence; raises Hint.
        has_hidden: grading also runs ``"03.2h"`` on hidden data, for half of the points.
        by_person: the answer is a text, and a person gives all points.
    """

    name: str
    title: str
    points: int
    judge: Callable[[Plain, dict[str, object]], str | None]
    has_hidden: bool = False
    by_person: bool = False

    @property
    def is_quiz(self) -> bool:
        """True for a question with options."""
        return ".q" in self.name

    @property
    def parts(self) -> dict[str, float]:
        """Return the names under which answers are kept, with the points of each."""
        if not self.has_hidden:
            return {self.name: float(self.points)}
        return {self.name: self.points / 2, f"{self.name}h": self.points / 2}


@dataclass(frozen=True)
class Verdict:
    """What a judge says.

    Attributes:
        exercise: name of the part that was judged, for example ``"03.2h"``.
        is_right: the answer is right; of a text that a person reads, it can be read.
        message: a hint, or one more sentence about a right answer; may be empty then.
        points: that this part brings.
        is_broken: the judge itself failed on this answer; a person should look.
    """

    exercise: str
    is_right: bool
    message: str
    points: float
    is_broken: bool = False


_exercises: dict[str, Exercise] = {}
_is_thorough = True


def judge(exercise: str, *, points: int, title: str, hidden: bool = False) -> Callable:
    """Register a function as the judge of an exercise.

    Args:
        exercise: its name, for example ``"03.2"``.
        points: whole number from 1 on.
        title: as in the notebook.
        hidden: the notebook's hidden part checks ``"03.2h"`` with ``given("03.2", hidden=True)``.
    """

    def register(function: Callable) -> Callable:
        _exercises[exercise] = Exercise(checked_name(exercise), title, points, function, hidden)
        return function

    return register


def read_by_person(exercise: str, *, points: int, title: str) -> None:
    """Register an exercise that asks for a few sentences: a person reads them, and gives the points.

    Here, only their length is looked at. The arguments are those of ``judge``.
    """

    def judge_length(answer: Plain, data: dict[str, object]) -> None:
        if answer["kind"] != "text":
            raise Hint("A text between quotes is expected.")
        if len(answer["value"].split()) < 5:
            raise Hint("There is no sentence between the quotes yet.")
        letters = len(answer["value"])
        if letters > LONGEST_TEXT:
            raise Hint(f"Your text has {letters:,} characters, {LONGEST_TEXT} are read. Say it shorter.")

    _exercises[exercise] = Exercise(checked_name(exercise), title, points, judge_length, by_person=True)


def quiz(exercise: str, *, right: str, hints: dict[str, str], title: str = "", why: str = "") -> None:
    """Register a question with the options a, b, c and d, for one point.

    Args:
        exercise: its name, for example ``"03.q1"``.
        right: the right option.
        hints: one for each other option.
        title: of the question; empty: made from its number.
        why: one sentence that is shown with the right answer.

    Raises:
        ValueError: an option has no hint, or the right one has.
    """
    if set(hints) | {right} != set(OPTIONS) or right in hints:
        raise ValueError(
            f"{exercise}: each of the options {', '.join(OPTIONS)} but the right one needs a hint"
        )

    def judge_option(answer: Plain, data: dict[str, object]) -> str:
        option = answer["value"].strip().lower() if answer["kind"] == "text" else ""
        if option not in tuple(OPTIONS):
            raise Hint('Choose one option and write its letter between quotes, for example `answer = "a"`.')
        if option in hints:
            raise Hint(hints[option])
        return why

    judge(exercise, points=1, title=title or f"Question {exercise[4:]}")(judge_option)


def questions_of(module: str) -> None:
    """Register the questions of a lesson: name -> the arguments of ``quiz``, in a YAML file.

    Args:
        module: path of the lesson's module, beside which the file lies under the same name.
    """
    questions = yaml.safe_load(Path(module).with_suffix(".yaml").read_text(encoding="utf-8"))
    for exercise, question in questions.items():
        quiz(exercise, **question)


def exercises(lesson: str) -> list[Exercise]:
    """Return the exercises of a lesson in order, then its questions."""
    load_lesson("judges", lesson)
    found = [exercise for name, exercise in _exercises.items() if lesson_of(name) == lesson]
    return sorted(found, key=lambda one: (one.is_quiz, int(one.name[3:].lstrip("q"))))


def find_exercise(exercise: str) -> Exercise:
    """Return the exercise of a name, hidden parts included.

    Raises:
        CourseError: there is none.
    """
    known = {name: one for one in exercises(lesson_of(checked_name(exercise))) for name in one.parts}
    if exercise in known:
        return known[exercise]
    visible = [name for name in known if not is_hidden(name)]
    raise CourseError(
        f"There is no exercise {exercise}.",
        cause=f"Known: {', '.join(visible)}." if visible else f"Lesson {lesson_of(exercise)} has none.",
        next_step="take the number from the exercise's title.",
    )


def is_thorough() -> bool:
    """True if a judge may take seconds, to do an experiment again: when answers are graded."""
    return _is_thorough


def judge_answer(exercise: str, plain: Plain, class_word: str = "", *, thorough: bool = True) -> Verdict:
    """Judge a plain answer. Never trusts it, and never raises because of it.

    Args:
        exercise: name of the part, for example ``"03.2"`` or ``"03.2h"``.
        plain: from ``to_plain``.
        class_word: that the right answer varies with.
        thorough: experiments are done again; False: an answer at once.

    Raises:
        CourseError: there is no such exercise.
    """
    global _is_thorough
    _is_thorough = thorough
    known = find_exercise(exercise)
    part = "hidden" if is_hidden(exercise) else "graded"
    data = make_given(known.name, class_word, part) if has_given(known.name) else {}
    is_right = is_broken = False
    try:
        if plain["kind"] == "nothing":
            raise Hint("Your answer is None. Does a function end without `return`?")
        message = known.judge(plain, data) or ""
        is_right = True
    except Hint as hint:
        message = str(hint)
    except Exception as error:
        message = (
            f"The check could not read this answer ({type(error).__name__}). "
            "Compare its type and shape with what the task asks for; if they agree, tell your instructor."
        )
        is_broken = True
    points = 0.0 if known.by_person else known.parts[exercise] * is_right
    return Verdict(exercise, is_right, message, points, is_broken)
