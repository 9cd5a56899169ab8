"""How far a student is in a lesson: which of the answers that are kept were found right here.

``OUT/answers/right/03.json`` holds ``{"03.2": digest of answer and class word, …}``. An answer counts as
long as it is the one that is kept. So it counts after a restart too, and no answer has to be judged again.
Grading never reads this file.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from course_utils.checks.answers import read_answers
from course_utils.checks.names import lesson_of
from course_utils.checks.plain import Plain
from course_utils.system.whole_file import write_whole


def note_right(exercise: str, plain: Plain, class_word: str, folder: Path) -> None:
    """Note that an answer is right.

    Raises:
        OSError: the note cannot be written.
    """
    path = _path(exercise, folder)
    write_whole(path, json.dumps(_noted(path) | {exercise: _digest(plain, class_word)}))


def right_answers(lesson: str, class_word: str, folder: Path) -> set[str]:
    """Return the names of a lesson's exercises whose kept answer was found right."""
    answers, noted = read_answers(folder / f"{lesson}.json"), _noted(_path(lesson, folder))
    return {name for name, plain in answers.items() if noted.get(name) == _digest(plain, class_word)}


def _path(name: str, folder: Path) -> Path:
    return folder / "right" / f"{lesson_of(name)}.json"


def _noted(path: Path) -> dict[str, str]:
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _digest(plain: Plain, class_word: str) -> str:
    content = json.dumps([plain, class_word], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()
