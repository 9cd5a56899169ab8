"""What one notebook of exercises has set: its class word, and where its answers are kept."""

from __future__ import annotations

import os
from pathlib import Path

from course_utils.checks.gaps import speak_plainly_about_gaps
from course_utils.checks.givens import make_given
from course_utils.checks.names import checked_name
from course_utils.checks.variants import normal_class_word
from course_utils.system.paths import out_folder

_session = {"class_word": "", "out": None}  # as start_exercises was given them


def start_exercises(lesson: str, *, class_word: str = "", out: str | Path | None = None) -> None:
    """Begin a notebook of exercises, and print what holds for it.

    Args:
        lesson: number of the lesson, for example ``"03"``.
        class_word: the instructor's word, which data and right answers vary with; empty: none.
        out: folder of the run, where answers are kept; None: ``build/course``.

    Raises:
        CourseError: the class word is no text, or the folder cannot be made.
    """
    normal_class_word(class_word)
    out_folder(out)
    _session.update(class_word=class_word, out=out)
    speak_plainly_about_gaps()
    word = current_class_word()
    told = f'Class word: "{word}".' if word else "No class word: the data that everyone can see."
    print(f"Exercises of lesson {lesson}. {told}")


def current_class_word() -> str:
    """Return the class word in use. ``COURSE_CLASS_WORD``, which grading sets, wins over the notebook's."""
    return normal_class_word(os.environ.get("COURSE_CLASS_WORD") or _session["class_word"])


def answers_folder() -> Path:
    """Return the folder for kept answers. ``COURSE_ANSWERS``, which grading sets, wins over the notebook's.

    Raises:
        CourseError: it cannot be made.
    """
    named = os.environ.get("COURSE_ANSWERS")
    return Path(named) if named else out_folder(_session["out"]) / "answers"


def given(exercise: str, *, hidden: bool = False, example: bool = False) -> dict[str, object]:
    """Return the data of an exercise as name -> value.

    Args:
        exercise: its name, for example ``"03.2"``.
        hidden: other data of the same kind, which grading uses.
        example: other data of the same kind, the same for all class words, to look at.

    Raises:
        CourseError: no exercise of this name has data.
    """
    part = "hidden" if hidden else "example" if example else "graded"
    return make_given(checked_name(exercise), current_class_word(), part)
