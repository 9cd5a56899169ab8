"""One run of a sweep: what it runs, where its results lie, and whether they are there already."""

from __future__ import annotations

import dataclasses
import datetime
import json
from dataclasses import dataclass
from pathlib import Path

import nbformat

from course_utils.records import read_records
from course_utils.running.execution import code_cells, find_lessons
from course_utils.running.report import read_run_facts
from course_utils.system import run_folder

INJECTED = "injected-parameters"  # papermill's tag of the cell that it adds


@dataclass(frozen=True)
class Run:
    """What one run of a sweep does.

    Attributes:
        lessons: numbers, in order, for example ``("02", "03")``.
        parameters: for the lessons, as JSON can hold them, without OUT.
        axes: those of its values that differ between the runs of the grid.
        out: its own folder, absolute; the folder's name is the name of the run.
        folder: where the lessons lie, absolute.
    """

    lessons: tuple[str, ...]
    parameters: dict[str, object]
    axes: dict[str, object]
    out: Path
    folder: Path

    @property
    def name(self) -> str:
        """Name that is shown."""
        return self.out.name

    def notebooks(self) -> list[Path]:
        """Return the lessons that it runs.

        Raises:
            CourseError: a lesson is not there.
        """
        return find_lessons(self.lessons, folder=self.folder)

    def to_json(self) -> str:
        """Return the run as one line of text."""
        return json.dumps(dataclasses.asdict(self), default=str)


def from_json(text: str) -> Run:
    """Return the run that ``Run.to_json`` wrote."""
    values = json.loads(text)
    paths = {name: Path(values[name]) for name in ("out", "folder")}
    return Run(**values | paths | {"lessons": tuple(values["lessons"])})


def is_finished(run: Run) -> bool:
    """Say whether the results of a run are there.

    They are, if the last run in its folder brought every lesson to its end with the same parameters and
    the same code cells, and its records are there and can be read.
    """
    facts = read_run_facts(run.out)
    try:
        told = read_records(run_folder.records(run.out))["lesson"]
        return set(run.lessons) <= set(told) and all(
            _has_run(lesson, run, facts) for lesson in run.notebooks()
        )
    except (ValueError, AttributeError, KeyError, TypeError):  # run.json is damaged, or a record
        return False


def _has_run(lesson: Path, run: Run, facts: dict) -> bool:
    told = facts.get("lessons", {}).get(lesson.stem, {})
    if told.get("status") != "finished" or _time(told["finished"]) < _time(facts["started"]):
        return False
    given = {name: value for name, value in told["parameters"].items() if name != "OUT"}
    return given == run.parameters and _code(run.out / lesson.name) == _code(lesson)


def _code(notebook: Path) -> list[str] | None:
    """Return the code of a lesson as it was written, also of an executed one; None: it cannot be read."""
    try:
        cells = code_cells(nbformat.read(notebook, as_version=4))
    except (OSError, ValueError):
        return None
    return [cell.source for cell in cells if INJECTED not in cell.metadata.get("tags", [])]


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)
