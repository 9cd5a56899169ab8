"""Data that exercises start from, made anew for each class word. Holds no right answer.

A module ``lesson_NN`` holds one function an exercise, under ``@given_for("NN.1")``: it takes a random
generator, and returns the data as name -> value.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from course_utils.checks.names import checked_name, lesson_of
from course_utils.checks.registry import load_lesson
from course_utils.checks.variants import generator
from course_utils.errors import CourseError
from course_utils.pictures.stand_in import draw_images

Maker = Callable[[np.random.Generator], dict[str, object]]
_makers: dict[str, Maker] = {}


def given_for(exercise: str) -> Callable[[Maker], Maker]:
    """Register a function as the maker of an exercise's data: random generator -> name -> value."""

    def register(maker: Maker) -> Maker:
        _makers[checked_name(exercise)] = maker
        return maker

    return register


def pictures(rng: np.random.Generator, count: int) -> np.ndarray:
    """Draw uint8 pictures (count, 32, 32, 3) of random classes."""
    return draw_images(rng.integers(0, 10, size=count), seed=int(rng.integers(2**31)))


def has_given(exercise: str) -> bool:
    """True if the exercise starts from data."""
    load_lesson("givens", lesson_of(exercise))
    return exercise in _makers


def make_given(exercise: str, class_word: str, part: str = "graded") -> dict[str, object]:
    """Return an exercise's data, new objects in each call.

    Args:
        exercise: its visible name.
        class_word: that the data vary with.
        part: ``"graded"``, ``"hidden"`` or ``"example"``.

    Raises:
        CourseError: the exercise has no data.
    """
    if not has_given(checked_name(exercise)):
        raise CourseError(
            f"Exercise {exercise} has no data of its own.",
            cause="Its name may be mistyped.",
            next_step="look at the number in the exercise's title.",
        )
    return _makers[exercise](generator(exercise, class_word, part))
