"""What varies with the class word: one random generator for each class word, exercise and part."""

from __future__ import annotations

import hashlib
import unicodedata

import numpy as np

from course_utils.errors import CourseError

LONGEST_WORD = 200


def normal_class_word(word: object) -> str:
    """Return a class word without the differences that typing brings: spaces around it, capitals.

    Raises:
        CourseError: it is no text, or longer than 200 characters.
    """
    if type(word) is not str or len(word) > LONGEST_WORD:
        raise CourseError(
            "CLASS_WORD cannot be used.",
            cause=f"Expected a text of at most {LONGEST_WORD} characters, found {type(word).__name__}.",
            next_step='write your instructor\'s word between quotes, or CLASS_WORD = "" for none.',
        )
    return unicodedata.normalize("NFKC", word).strip().casefold()


def generator(exercise: str, class_word: str, part: str = "graded") -> np.random.Generator:
    """Return the random generator of an exercise's data.

    Args:
        exercise: name of the visible exercise, for example ``"03.2"``.
        class_word: see ``normal_class_word``. Examples are the same for all class words.
        part: ``"graded"``, ``"hidden"`` or ``"example"``; each has other data.
    """
    word = "" if part == "example" else normal_class_word(class_word)
    digest = hashlib.sha256("\0".join(("exercise", part, exercise, word)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))
