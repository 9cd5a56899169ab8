"""Lesson 12: quiz, tries and the grid of a sweep; and it holds with few epochs, other seeds, photographs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from lesson_checks import LESSONS
from test_real_photographs import FORMATS, REAL_DATA

from course_utils.records import read_records
from course_utils.running.parameters import quick_parameters
from course_utils.running.runner import run_course
from course_utils.running.sweep.grid import read_grid
from course_utils.system.paths import PROJECT

(LESSON,) = [path for path in LESSONS if path.stem.startswith("12")]


def part(name: str) -> str:
    """Return the text of one part at the end of the lesson."""
    cells = nbformat.read(LESSON, as_version=4).cells
    return cells[-2].source.partition(f"## {name}\n")[2].partition("\n## ")[0]


def test_the_quiz_has_six_questions_with_folded_answers():
    quiz = part("Quiz")

    assert re.findall(r"^\*\*(\d)\.\*\*", quiz, re.MULTILINE) == list("123456")
    assert quiz.count("<details><summary>Answer</summary>") == quiz.count("</details>") == 6


def test_each_try_has_a_folded_solution():
    tries = part("Try it")

    assert re.findall(r"^\*\*(\w)\.\*\*", tries, re.MULTILINE) == list("ABC")
    assert tries.count("<details><summary>Solution</summary>") == tries.count("</details>") == 3


def test_two_of_three_pairs_of_guessers_look_better_than_guessing(capsys: pytest.CaptureFixture[str]):
    """As try C says, whose solution is run here."""
    (solution,) = re.findall(r"```python\n(.+?)```", part("Try it"), re.DOTALL)
    exec(f"import numpy as np\n{solution}")  # our own text

    assert 0.6 < float(capsys.readouterr().out) < 0.72


@pytest.mark.parametrize("quick", [False, True])
def test_its_grid_is_six_runs_of_a_sweep(tmp_path: Path, quick: bool):
    runs = read_grid(PROJECT / "docs" / "examples" / "search.yaml", tmp_path, quick=quick)

    assert {run.lessons for run in runs} == {("12",)}
    assert len(runs) == len({(run.axes["SEED"], run.axes["OVERRIDES.study_per_class"]) for run in runs}) == 6


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_it_runs_with_few_epochs_and_another_seed(tmp_path: Path):
    run_course(["12"], quick_parameters() | {"SEED": 3}, tmp_path)

    records = read_records(tmp_path / "records")
    assert set(records["seed"]) == {3, 4, 5, 6, 7}
    assert (records["split"] == "test").sum() == 1


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not REAL_DATA.exists(), reason="the real photographs (../shared) are not on this machine")
def test_what_it_claims_holds_on_real_photographs(tmp_path: Path):
    data, out = tmp_path / "data", tmp_path / "out"
    subprocess.run([sys.executable, REAL_DATA, "npz", data, "--per-class", "200"], check=True)
    run_course(["12"], {"PROFILE": "offline", "DATA": str(data / FORMATS["npz"])}, out)

    assert set(read_records(out / "records")["data"]) == {"path"}
