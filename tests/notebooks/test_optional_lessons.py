"""Optional lessons: tries and quiz have folded answers."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pandas as pd
import pytest
from lesson_checks import LESSONS

from course_utils.records import record


def part(number: str, name: str) -> str:
    """Return the text of one part at the end of a lesson."""
    (lesson,) = [path for path in LESSONS if path.stem.startswith(number)]
    end = nbformat.read(lesson, as_version=4).cells[-2].source
    return re.split(rf"^## (?:\d\. )?{name}$", end, flags=re.MULTILINE)[1].partition("\n## ")[0]


@pytest.mark.parametrize("number", ["10", "11", "12", "13"])
def test_the_quiz_has_six_questions_with_folded_answers(number: str):
    quiz = part(number, "Quiz")

    assert re.findall(r"^\*\*(\d)\.\*\*", quiz, re.MULTILINE) == list("123456")
    assert quiz.count("<details><summary>Answer</summary>") == quiz.count("</details>") == 6


@pytest.mark.parametrize("number", ["11", "12", "13"])
def test_each_try_has_a_folded_solution(number: str):
    tries = part(number, "Try it")

    assert re.findall(r"^\*\*(\w)\.\*\*", tries, re.MULTILINE) == list("ABC")
    assert tries.count("<details><summary>Solution</summary>") == tries.count("</details>") == 3


def test_two_of_three_pairs_of_guessers_look_better_than_guessing(capsys: pytest.CaptureFixture[str]):
    """As try C of lesson 12 says, whose solution is run here."""
    (solution,) = re.findall(r"```python\n(.+?)```", part("12", "Try it"), re.DOTALL)
    exec(f"import numpy as np\n{solution}")  # our own text

    assert 0.6 < float(capsys.readouterr().out) < 0.72


def test_lesson_5_counts_no_training_of_an_optional_lesson(tmp_path: Path):
    """Lesson 11 trains a CNN with the same weights and seeds, and may have run before."""
    (lesson,) = [path for path in LESSONS if path.stem.startswith("05")]
    cells = nbformat.read(lesson, as_version=4).cells
    (cell,) = [cell for cell in cells if "accuracy.merge(" in cell.source]
    context = {"unit": "fraction", "split": "val", "out": tmp_path, "data": "drawn", "profile": "offline"}
    for number, value in {"02": 0.4, "11": 0.2}.items():
        record(number, "CNN", "accuracy", value, weights="none", seed=0, **context)
    overview = pd.DataFrame({"model": ["CNN"], "seed": [0], "weights": ["none"]})
    names = {"lesson": SimpleNamespace(out=tmp_path), "cifar10": SimpleNamespace(source="drawn")}
    names["overview"] = overview
    exec(cell.source, names)  # our own cell

    assert list(names["accuracy"]["value"]) == [0.4]
