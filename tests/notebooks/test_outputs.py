"""Each lesson runs from its first to its last cell, and shows what is stored in it.

The lessons run in order and share their OUT, because 05 reads what the others left: keep them in
this one file (`--dist loadfile` keeps a file on one worker).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from lesson_checks import LESSONS, compare_outputs, passed

from course_utils.running.execution import code_cells
from course_utils.running.parameters import quick_parameters

# No compared output depends on how many pictures there are.
FEWER = {"limit_per_class": 60, "train_per_class": 40, "fine_tune_per_class": 40, "recipe_per_class": 20}
FEWER |= {"labels_per_class": [10, 20]}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="course-lessons-") as folder:
        yield Path(folder)


def test_there_are_five_lessons():
    assert [path.stem[:2] for path in LESSONS][:5] == ["01", "02", "03", "04", "05"]


def in_its_tier(lesson: Path) -> object:
    """Of the optional lessons, make test runs the quickest only; make test-full runs all."""
    is_full = lesson.stem >= "10" and not lesson.stem.startswith("20")
    return pytest.param(lesson, id=lesson.stem, marks=pytest.mark.full if is_full else ())


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("lesson", [in_its_tier(lesson) for lesson in LESSONS])
def test_lesson_shows_what_is_stored(lesson: Path, folder: Path):
    parameters = quick_parameters() | {"OUT": str(folder / "course")}
    parameters["OVERRIDES"] |= FEWER

    result = compare_outputs(lesson, folder, parameters)

    print(result.stdout[-6000:], result.stderr[-2000:])
    assert passed(result) == len(code_cells(nbformat.read(lesson, as_version=4))) + 1  # the injected cell
