"""Lesson 12: its grid is a sweep, and it holds with few epochs and other seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from course_utils.records import read_records
from course_utils.running.parameters import quick_parameters
from course_utils.running.runner import run_course
from course_utils.running.sweep.grid import read_grid
from course_utils.system.paths import PROJECT


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
