"""The lessons that the tests of this folder look at."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from lesson_checks import LESSONS


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem)
def lesson(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def notebook(lesson: Path) -> nbformat.NotebookNode:
    return nbformat.read(lesson, as_version=4)
