"""The assignments that can be graded: masters with their student edition, and what each cell is for."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

from course_utils.errors import CourseError
from tools.lessons.masters import MASTERS, student_folder

CHECKED = re.compile(r"""\bcheck\(\s*["'](\d\d\.q?\d{1,2})h?["']""")
EXERCISE_ID = re.compile(r"ex-(\d\d)-(q?\d{1,2})-")


@dataclass(frozen=True)
class MasterCell:
    """One code cell of a master."""

    name: str  # its id, the same in all editions
    source: str  # its text, hidden parts included
    stub: str  # its text in the student edition
    is_gap: bool  # students fill it in
    is_run: bool  # grading runs it; cells that only show an expected output are not run
    exercise: str | None  # that it belongs to, or None
    is_parameters: bool = False


@dataclass(frozen=True)
class Assignment:
    """The exercises of one lesson, as they are graded."""

    lesson: str
    title: str
    cells: tuple[MasterCell, ...]
    digest: str

    def gaps(self, exercise: str) -> list[MasterCell]:
        """Return the cells that students fill in for an exercise."""
        return [cell for cell in self.cells if cell.is_gap and cell.exercise == exercise]

    def cells_of(self, exercise: str) -> list[str]:
        """Return the ids of the cells of an exercise, in order."""
        return [cell.name for cell in self.cells if cell.exercise == exercise]


def load_assignments(wanted: list[str], *, private: Path | None = None) -> list[Assignment]:
    """Read the masters of the wanted lessons, or of all; those of a private folder come first.

    Args:
        wanted: numbers of lessons; none: all.
        private: folder that may hold ``exercises/NN_name.ipynb`` and ``exercises/student/NN_name.ipynb``.

    Raises:
        CourseError: a lesson has no exercises, or a master has no student edition.
    """
    folders = [MASTERS, *([private / "exercises"] if private else [])]
    found = {path.name[:2]: path for folder in folders for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}
    unknown = [number for number in wanted if number not in found]
    if unknown or not found:
        raise CourseError(
            f"There are no exercises for lesson {', '.join(unknown) or 'any'}.",
            cause=f"There are some for: {', '.join(sorted(found)) or 'none'}.",
            next_step="name a lesson, for example ASSIGNMENT=03, or none for all.",
        )
    return [_load(found[number]) for number in sorted(found) if not wanted or number in wanted]


def _load(path: Path) -> Assignment:
    student = student_folder(path.parent) / path.name
    if not student.is_file():
        raise CourseError(
            f"{path.name} has no student edition.",
            cause=f"There is no file {student.parent.name}/{student.name} beside it.",
            next_step="build it: make exercises.",
        )
    master = nbformat.read(path, as_version=4)
    stubs = {cell.id: cell.source for cell in nbformat.read(student, as_version=4).cells}
    cells = [cell for cell in master.cells if cell.cell_type == "code"]
    read = tuple(_cell(cell, stubs.get(cell.id, "")) for cell in cells)
    digest = hashlib.sha256(path.read_bytes() + student.read_bytes()).hexdigest()
    return Assignment(path.name[:2], _title(master, path.stem), read, digest)


def _title(master: nbformat.NotebookNode, otherwise: str) -> str:
    lines = master.cells[0].source.splitlines() if master.cells else []
    return next((line[2:] for line in lines if line.startswith("# ")), otherwise)


def _cell(cell: nbformat.NotebookNode, stub: str) -> MasterCell:
    tags = cell.metadata.get("tags", [])
    return MasterCell(
        name=cell.id,
        source=cell.source,
        stub=stub,
        is_gap=bool(cell.metadata.get("nbgrader", {}).get("solution")),
        is_run="expected-output" not in tags,
        exercise=_exercise(cell),
        is_parameters="parameters" in tags,
    )


def _exercise(cell: nbformat.NotebookNode) -> str | None:
    named = EXERCISE_ID.match(cell.id)
    checked = CHECKED.search(cell.source)
    if named:
        return f"{named[1]}.{named[2]}"
    return checked[1] if checked else None
