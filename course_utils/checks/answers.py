"""The file in which a student's answers to a lesson are kept: plain data, nothing else.

``OUT/answers/03.json`` holds ``{"lesson": "03", "answers": {"03.2": {"kind": …}, …}}``.
"""

from __future__ import annotations

import json
from pathlib import Path

from course_utils.checks.names import lesson_of
from course_utils.checks.plain import Plain
from course_utils.errors import CourseError
from course_utils.system.whole_file import write_whole


def keep(exercise: str, plain: Plain, folder: Path) -> None:
    """Keep the answer of an exercise; an earlier answer of it is replaced.

    Args:
        exercise: its name.
        plain: the answer, from ``to_plain``.
        folder: for the answers of all lessons, made if it is missing.

    Raises:
        CourseError: the file cannot be written; the old one is whole.
    """
    path = folder / f"{lesson_of(exercise)}.json"
    answers = read_answers(path) | {exercise: plain}
    content = {"lesson": lesson_of(exercise), "answers": answers}
    try:
        write_whole(path, json.dumps(content, allow_nan=False))
    except OSError as error:
        raise CourseError(
            f"The answer could not be kept: {error.strerror or type(error).__name__}.",
            cause=f"Answers of this lesson are kept in {path}.",
            next_step="remove what stands in the way, or set OUT to a folder that you may write to.",
        ) from error


def read_answers(path: Path) -> dict[str, Plain]:
    """Return the kept answers of a lesson's file by exercise; none where the file is missing or damaged."""
    try:
        return dict(json.loads(path.read_bytes())["answers"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
