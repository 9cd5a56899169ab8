"""The masters that the tests of this folder look at, and a folder of their own for answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from exercise_runs import MASTERS, quiet_figures, read_master
from nbformat import NotebookNode


@pytest.fixture(params=MASTERS, ids=lambda path: path.stem)
def master_path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def lesson(master_path: Path) -> str:
    return master_path.name[:2]


@pytest.fixture
def master(master_path: Path) -> NotebookNode:
    return read_master(master_path)


@pytest.fixture(autouse=True)
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Answers go to a folder of the test; no class word or private folder of the person is used."""
    monkeypatch.setenv("COURSE_ANSWERS", str(tmp_path / "answers"))
    monkeypatch.delenv("COURSE_CLASS_WORD", raising=False)
    monkeypatch.setenv("COURSE_PRIVATE", "")  # and what a test sets is taken back
    with quiet_figures():
        yield tmp_path / "answers"
