"""The form of the lessons: what docs and tests promise about cells, frame, outputs and figures."""

from __future__ import annotations

import re
from pathlib import Path

import lesson_checks as checks
import nbformat
import pytest
from nbformat import NotebookNode

CHECKS = ("cell_size", "rhythm", "definition", "repeat", "stored", "metadata", "figure", "label")


@pytest.mark.parametrize("check", CHECKS)
def test_lesson_keeps_to(check: str, notebook: NotebookNode):
    problems = getattr(checks, f"{check}_problems")(notebook)

    assert not problems, "\n".join(problems)


def test_lesson_has_the_frame(notebook: NotebookNode, lesson: Path):
    problems = checks.frame_problems(notebook, lesson)

    assert not problems, "\n".join(problems)


def test_lesson_has_all_parameters(lesson: Path):
    checks.check_parameters(lesson, {})


def test_lesson_is_small(lesson: Path):
    assert lesson.stat().st_size <= checks.MAX_BYTES


def test_cell_ids_are_unique(notebook: NotebookNode):
    ids = [cell.id for cell in notebook.cells]

    assert len(ids) == len(set(ids))


@pytest.fixture(scope="module")
def required() -> list[NotebookNode]:
    """The five lessons that every student works through."""
    return [nbformat.read(lesson, as_version=4) for lesson in checks.LESSONS if lesson.name < "1"]


def test_little_of_the_code_only_shows_something(required: list[NotebookNode]):
    """Students should read what trains and measures: a chart is one statement."""
    share = checks.showing_share(required)

    print(f"statements that plot or show: {share:.1%}")
    assert len(required) == 5
    assert share <= 0.08


def test_cells_of_the_five_lessons_are_short(required: list[NotebookNode]):
    sizes = checks.cell_sizes(required)

    print(sizes)
    limits = {"median": 5, "90th percentile": 13, "longest": 25}
    assert not {name: size for name, size in sizes.items() if size > limits[name]}


def test_trainings_that_are_saved_keep_checkpoints():
    _, second, _, fourth, *_ = (lesson.read_text(encoding="utf-8") for lesson in checks.LESSONS)

    # text, then code
    assert re.findall(r"resumable\((\w+)\.fit,", second) == ["mlp", "mlp", "cnn", "strong_cnn"]
    assert re.findall(r"resumable\((\w+)\.fit,", fourth) == ["head", "head", "model", "model"]
    assert second.count("lesson.save_run(") == 3
