"""What a mistake costs: recorded for each seed, told in one line, and sorted in a table."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from course_utils.errors import CourseError
from course_utils.lesson import Lesson
from course_utils.mistakes import CLAIMED, LOST, compare, damage_table
from course_utils.profiles import load_profile
from course_utils.records import read_records

RIGHT = {0: 0.5, 1: 0.6, 2: 0.7}


@pytest.fixture
def lesson(tmp_path, known_device) -> Lesson:
    begun = Lesson("10", load_profile("offline"), "drawn", "bundled", 0, tmp_path)
    begun.use(SimpleNamespace(source="drawn", train_labels=np.tile(np.arange(10), 30), description=""))
    return begun


def compared(lesson: Lesson, mistake: str, wrong: list[float], **more) -> pd.DataFrame:
    of_seeds = dict(zip(RIGHT, wrong, strict=False))
    compare(lesson, mistake, wrong=of_seeds, right=RIGHT, weights="bundled", **more)
    return read_records(lesson.out / "records")


def test_both_forms_of_each_seed_are_recorded_and_told(lesson, capsys):
    compared(lesson, "too dark", [0.0, 0.0, 0.0])
    found = compared(lesson, "too dark", [0.4, 0.5, 0.6])  # a cell may run twice

    assert capsys.readouterr().out.endswith("right 60.0 %, wrong 50.0 %: 10.0 points lost\n")
    assert len(found) == 6
    assert set(found["kind"]) == {LOST}
    told = found[["split", "weights", "data"]].drop_duplicates()
    assert told.to_numpy().tolist() == [["val", "bundled", "drawn"]]
    by_form = found.pivot(index="seed", columns="form", values="value")
    assert by_form["right"].to_dict() == RIGHT
    assert by_form["wrong"].tolist() == [0.4, 0.5, 0.6]


def test_a_claim_costs_what_it_shows_too_much(lesson, capsys):
    found = compared(lesson, "best of many", [0.6, 0.7, 0.8], claim=True)

    assert capsys.readouterr().out.endswith("10.0 points claimed too much\n")
    (row,) = damage_table(found).to_dict("records")
    assert (row["points"], row["which are"]) == ("10.0 ± 0.0", CLAIMED)


def test_the_worst_stands_first_and_luck_is_told_apart(lesson):
    compared(lesson, "small", [0.49, 0.59, 0.69])
    compared(lesson, "luck", [0.55, 0.52, 0.69])
    compared(lesson, "helps", [0.55, 0.65, 0.75])
    table = damage_table(compared(lesson, "large", [0.1, 0.1, 0.1]))

    assert table.index.tolist() == ["large", "luck", "small", "helps"]
    assert table["more than luck?"].tolist() == ["yes", "no", "yes", "yes"]
    assert table["points"].tolist() == ["50.0 ± 10.0", "1.3 ± 6.5", "1.0 ± 0.0", "-5.0 ± 0.0"]
    assert table.loc["large", ["wrong", "right"]].tolist() == ["10.0 ± 0.0 %", "60.0 ± 10.0 %"]


@pytest.mark.parametrize("wrong", [[0.1, 0.2], []])
def test_forms_of_other_seeds_are_not_compared(lesson, wrong):
    with pytest.raises(CourseError, match=r"cannot be compared(.|\n)*Next: run the cells from the top"):
        compared(lesson, "half run", wrong)
    assert not (lesson.out / "records").exists()
