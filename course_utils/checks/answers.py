"""The file that carries a lesson's answers from the student's process to grading: plain data, nothing else.

``OUT/answers/03.json`` holds ``{"format": 1, "lesson": "03", "answers": {"03.2": {"kind": …}, …}}``.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from course_utils.checks import limits
from course_utils.checks.names import NAME, lesson_of
from course_utils.checks.plain import Plain
from course_utils.checks.validation import Invalid, checked_plain
from course_utils.errors import CourseError
from course_utils.system.whole_file import write_whole

FORMAT = 1


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
    answers = _earlier_answers(path) | {exercise: plain}
    content = {"format": FORMAT, "lesson": lesson_of(exercise), "answers": answers}
    try:
        write_whole(path, json.dumps(content, allow_nan=False))
    except OSError as error:
        raise CourseError(
            f"The answer could not be kept: {error.strerror or type(error).__name__}.",
            cause=f"Answers of this lesson are kept in {path}.",
            next_step="remove what stands in the way, or set OUT to a folder that you may write to.",
        ) from error


def _earlier_answers(path: Path) -> dict[str, Plain]:
    try:
        return read_answers(path)[0]
    except (OSError, CourseError):
        return {}


def read_answers(path: Path) -> tuple[dict[str, Plain], dict[str, str]]:
    """Read kept answers, trusting nothing: for grading, what a stranger's notebook left.

    Args:
        path: of one lesson's file.

    Returns:
        The answers by exercise, each in the form of ``to_plain``; and what was left out, exercise -> why.

    Raises:
        OSError: there is no such file, or it cannot be read.
        CourseError: it is no plain file of answers, or too large.
    """
    content = _parsed(_content(path), path.name)
    lesson = path.stem
    answers, left_out = {}, {}
    for exercise, plain in content.items():
        if not NAME.fullmatch(exercise) or lesson_of(exercise) != lesson:
            left_out[exercise[:20]] = f"no exercise of lesson {lesson}"
            continue
        try:
            answers[exercise] = checked_plain(plain)
        except Invalid as error:
            left_out[exercise] = str(error)
    return answers, left_out


def _content(path: Path) -> bytes:
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _unreadable(path.name, "It is no plain file.")
    with os.fdopen(handle, "rb") as file:
        content = file.read(limits.FILE_BYTES + 1)
    if len(content) > limits.FILE_BYTES:
        raise _unreadable(path.name, f"It is larger than {limits.FILE_BYTES:,} bytes.")
    return content


def _parsed(content: bytes, name: str) -> dict[str, object]:
    try:
        parsed = json.loads(content, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _unreadable(name, "It is no JSON.") from error
    answers = parsed.get("answers") if type(parsed) is dict and parsed.get("format") == FORMAT else None
    if type(answers) is not dict:
        raise _unreadable(name, "It is not in the form that check() writes.")
    if len(answers) > limits.ANSWERS:
        raise _unreadable(name, f"It holds {len(answers):,} answers, at most {limits.ANSWERS} are allowed.")
    return answers


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _unreadable(name: str, cause: str) -> CourseError:
    return CourseError(
        f"The answers in {name} cannot be read.",
        cause=cause,
        next_step="run the notebook again from the top; a person should look at what it does.",
    )
