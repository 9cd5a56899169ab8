"""Lesson 10: its card is what its cases check, and what it says holds with other seeds and on photographs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from lesson_checks import LESSONS, text_of
from test_real_photographs import REAL_DATA

from course_utils.mistakes import damage_table
from course_utils.records import read_records
from course_utils.reference import reference_records
from course_utils.running.execution import code_cells
from course_utils.running.parameters import QUICK, quick_parameters
from course_utils.running.runner import run_course

(LESSON,) = [path for path in LESSONS if path.stem.startswith("10")]
CARD = re.compile(r"^\| (?P<mistake>[^|]+) \| `(?P<line>assert [^|]+)` \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def notebook() -> nbformat.NotebookNode:
    return nbformat.read(LESSON, as_version=4)


@pytest.fixture(scope="module")
def card(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """Mistake -> the line that tells, as printed."""
    texts = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return dict(CARD.findall(texts))


def test_the_card_names_each_mistake_that_is_measured(notebook: nbformat.NotebookNode, card: dict[str, str]):
    code = "\n".join(cell.source for cell in code_cells(notebook))
    measured = re.findall(r'compare\(\s*lesson,\s*"([^"]+)"', code)

    assert len(measured) >= 12
    assert list(card) == measured


def test_each_line_of_the_card_was_seen_to_fail_and_to_hold(
    notebook: nbformat.NotebookNode, card: dict[str, str]
):
    checked = [cell for cell in code_cells(notebook) if 'print("wrong passes:"' in cell.source]

    for line, cell in zip(card.values(), checked, strict=True):
        assert cell.source.splitlines()[-1] == line
        assert text_of(cell) == "wrong passes: False\n"


def test_each_case_has_a_folded_answer_behind_its_puzzle(notebook: nbformat.NotebookNode):
    titles = [n for n, cell in enumerate(notebook.cells) if cell.source.startswith("### Case")]

    assert len(titles) >= 12
    for title in titles:
        story, puzzle, answer = notebook.cells[title : title + 3]
        assert story.source.endswith("> *My guess:*")
        assert puzzle.cell_type == "code"
        assert "compare(" not in puzzle.source
        assert answer.source.startswith("<details><summary>The bug</summary>")


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_it_runs_with_another_seed(tmp_path: Path):
    run_course(["10"], quick_parameters() | {"SEED": 3}, tmp_path)

    assert set(read_records(tmp_path / "records")["seed"]) == {3, 4, 5}


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not REAL_DATA.exists(), reason="the real photographs (../shared) are not on this machine")
def test_it_runs_on_real_photographs(tmp_path: Path):
    data = tmp_path / "data"
    subprocess.run([sys.executable, REAL_DATA, "folder", data, "--per-class", "60"], check=True)
    parameters = {"PROFILE": "laptop", "WEIGHTS": "bundled", "DATA": str(data)}
    few = QUICK | {"fine_tune_size": 48, "study_steps": 10}
    run_course(["10"], parameters | {"OVERRIDES": few}, tmp_path / "out")

    assert set(read_records(tmp_path / "out" / "records")["data"]) == {"path"}


# what the lesson says below the table of photographs


def test_each_case_was_measured_on_photographs_with_three_seeds(card: dict[str, str]):
    records = reference_records(lesson="10")

    assert set(records["model"]) == set(card)
    assert set(records.groupby(["model", "form"])["seed"].agg(frozenset)) == {frozenset({0, 1, 2})}
    assert len(records[["size", "labels_per_class", "weights"]].drop_duplicates()) == 1


def test_what_the_lesson_says_of_photographs():
    records = reference_records(lesson="10")
    means = records.groupby(["model", "form"])["value"].mean().unstack()
    points = 100 * (means["right"] - means["wrong"])
    luck = damage_table(records)["more than luck?"]

    order = points.sort_values(ascending=False).index.tolist()
    assert set(order[:3]) == {"classes in two orders", "labels (n, 1) == answers (n,)", "scaled twice"}
    assert order[3:6] == ["red and blue swapped", "base not frozen", "augmented once, then cached"]
    assert (points[order[3:5]] > 100 * means["right"][order[3:5]] / 4).all()
    some = ["pixels in [0, 1]", "BatchNormalization open"]
    assert points[some].between(2, 6).all()
    assert 2 < -points["test set chose the model"] < 6
    assert luck[some].tolist() == ["yes", "yes"]
    assert luck["unfrozen, not compiled"] == "no"
    assert 0.5 < points["Flatten for pooling"] < 1.5
