"""A made-up class: lesson 90, a place for submissions, and sandboxes with short times."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import made_up

from course_utils.errors import CourseError
from tools.grading.assignments import Assignment, load_assignments
from tools.grading.collect import collect
from tools.grading.grade import Class, grade_all
from tools.grading.judging import Judges
from tools.grading.results import Graded
from tools.grading.sandbox import Limits, Result, check_sandbox, run_notebook
from tools.grading.stage import Stage, make_stage

NEEDS_LINUX = "grading runs on Linux only"
SHORT = Limits(seconds=60, cell_seconds=10)  # generous: a test machine may be busy


@pytest.fixture(scope="session")
def private(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instructor's private folder with lesson 90."""
    return made_up.write_private_folder(tmp_path_factory.mktemp("private"))


@pytest.fixture(scope="session")
def assignment(private: Path) -> Assignment:
    """Lesson 90, as it is graded."""
    (one,) = load_assignments(["90"], private=private)
    return one


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory, private: Path) -> Stage:
    """What sandboxes see; tests that need one are skipped where none can be had, but not on CI."""
    if platform.system() != "Linux":
        pytest.skip(NEEDS_LINUX)
    made = make_stage(tmp_path_factory.mktemp("stage"), private=private)
    try:
        check_sandbox(made)
    except CourseError as error:
        if os.environ.get("COURSE_NEEDS_SANDBOX"):
            raise
        pytest.skip(f"no sandbox here: {error}")
    return made


@pytest.fixture(scope="session")
def course(private: Path, assignment: Assignment, stage: Stage, tmp_path_factory) -> Class:
    """A class that was given the word "tulip"."""
    with Judges(private) as judges:
        exercises = {"90": judges.exercises("90")}
    results = tmp_path_factory.mktemp("results")
    return Class({"90": assignment}, exercises, stage, results, made_up.WORD, private, SHORT, 1)


@pytest.fixture
def hand_in(tmp_path: Path) -> Callable[..., Path]:
    """Write notebooks as ``student=notebook``, and return the folder of submissions."""
    folder = tmp_path / "submissions"

    def write(**notebooks: object) -> Path:
        for student, notebook in notebooks.items():
            (folder / student).mkdir(parents=True, exist_ok=True)
            path = folder / student / "90_made_up.ipynb"
            if isinstance(notebook, nbformat.NotebookNode):
                nbformat.write(notebook, path)
            else:
                path.write_text(json.dumps(notebook), encoding="utf-8")
        return folder

    return write


@pytest.fixture
def grade(course: Class, tmp_path: Path) -> Callable[[Path], dict[str, Graded]]:
    """Grade a folder of submissions, and return results by student."""

    def run(folder: Path, **changes: object) -> dict[str, Graded]:
        own = Class(**{**vars(course), "results": tmp_path / "results", **changes})
        collected = collect(folder, ["90"])
        graded = grade_all(own, collected)
        return {one.student: one for one in graded}

    return run


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[dict], Result]]:
    """Cells and result of each sandbox that grading runs."""
    found = []

    def run(cells: list[dict], *rest: object, **options: object) -> Result:
        result = run_notebook(cells, *rest, **options)
        found.append((cells, result))
        return result

    monkeypatch.setattr("tools.grading.grade.run_notebook", run)
    return found


@pytest.fixture
def points() -> Callable[[Graded], dict[str, float | None]]:
    """Return the points of a result by exercise."""
    return lambda graded: {score.exercise: score.points for score in graded.scores}
