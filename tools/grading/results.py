"""What was graded, on disk: a file for each notebook, so that a second run goes on where one stopped."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.system.whole_file import replacing
from tools.grading.score import Score

# Signs that begin a formula, at the start of a cell or behind what some program takes for a separator.
FORMULA = re.compile(r"""(^|[,;|])([\s"'\u3000]*)([=+\-@\uff1d\uff0b\uff0d\uff20])""")
COLUMNS = ("student", "assignment", "exercise", "points", "max_points", "flag")


@dataclass
class Graded:
    """One student's scores for one assignment."""

    student: str  # name of the folder
    assignment: str  # number of the lesson; empty for what could not be assigned
    scores: list[Score] = field(default_factory=list)  # of its exercises
    flags: list[str] = field(default_factory=list)  # about the notebook as a whole
    name: str = ""  # of the file that was graded

    @property
    def is_open(self) -> bool:
        """True if a person must decide about some points."""
        return any(score.points is None for score in self.scores)

    @property
    def points(self) -> float:
        """Points so far."""
        return sum(score.points or 0.0 for score in self.scores)

    @property
    def max_points(self) -> float:
        """Points that all exercises together bring."""
        return sum(score.max_points for score in self.scores)


def write_whole(path: Path, content: str) -> None:
    """Write a file whole or not at all.

    Raises:
        CourseError: it cannot be written; an earlier one is as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            part.write_text(content, encoding="utf-8", errors="replace", newline="")
    except OSError as error:
        raise CourseError(
            f"{path.name} could not be written: {error.strerror or type(error).__name__}.",
            cause=f"Its place is {path.parent}. What was graded before is kept.",
            next_step="make room, close what has it open, or name another OUT; then run it again.",
        ) from error


def file_name(student: str) -> str:
    """Return a name for a student's files that is safe, and another one for each student."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", student).strip("-.")[:60] or "student"
    return f"{plain}-{hashlib.sha256(student.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def save_result(folder: Path, graded: Graded, key: str) -> None:
    """Keep a result under its key."""
    content = json.dumps({"key": key, "graded": asdict(graded)}, indent=1)
    write_whole(_result_path(folder, graded.student, graded.assignment), content)


def load_result(folder: Path, student: str, assignment: str, key: str) -> Graded | None:
    """Return a kept result if it was made from the same, else None."""
    try:
        content = json.loads(_result_path(folder, student, assignment).read_text(encoding="utf-8"))
        if content["key"] != key:
            return None
        graded = Graded(**content["graded"])
        graded.scores = [Score(**score) for score in graded.scores]
        return graded
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _result_path(folder: Path, student: str, assignment: str) -> Path:
    return folder / file_name(student) / f"{assignment}.json"


def grades_csv(graded: list[Graded]) -> str:
    """Return the table of all points: with a byte order mark, by which table programs know UTF-8."""
    text = io.StringIO("\ufeff")
    text.seek(1)
    table = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    table.writerow(COLUMNS)
    for one in graded:
        whole = "; ".join(one.flags)
        rows = [[s.exercise, _number(s.points), _number(s.max_points), s.flag] for s in one.scores]
        for *row, flag in rows or [["", "", "", ""]]:
            flags = "; ".join(part for part in (flag, whole) if part)
            table.writerow([harmless(cell) for cell in (one.student, one.assignment, *row, flags)])
    return text.getvalue()


def _number(points: float | None) -> str:
    return "" if points is None else f"{points:g}"


def harmless(cell: str) -> str:
    """Keep table programs from taking a text for a formula, whatever they take for a separator."""
    printable = "".join(letter if letter.isprintable() else " " for letter in cell)
    return FORMULA.sub(r"\1\2'\3", printable)
