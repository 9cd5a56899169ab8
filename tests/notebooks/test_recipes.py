"""The recipes run to their end: the other one of lesson 14, and all at their own input size. And one study.

That each lesson runs with its defaults is tested in ``test_outputs.py``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from course_utils.records import read_records
from course_utils.running.parameters import quick_parameters
from course_utils.running.runner import run_course

FORMS = ("published", "mended")
OWN_SIZES = {"R1": ("14", 256), "R3": ("15", 224), "R4": ("16", 32), "R5": ("17", 32)}


def run(lesson: str, out: Path, overrides: dict, **more):
    parameters = quick_parameters()
    parameters["OVERRIDES"] |= overrides
    run_course([lesson], parameters | more, out)
    return read_records(out / "records")


@pytest.mark.full
@pytest.mark.timeout(1200)
def test_r2_runs_in_both_forms(tmp_path: Path):
    records = run("14", tmp_path, {}, RECIPE="R2")
    assert {f"R2 {form}" for form in FORMS} <= set(records["model"])
    counted = records.loc[records["metric"] == "parameters_own_size", "value"]
    assert counted.tolist() == [40_899_018]  # of R1 and R2 with their head, at 256 px


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("recipe", OWN_SIZES)
def test_recipe_runs_at_its_own_size(recipe: str, tmp_path: Path):
    lesson, size = OWN_SIZES[recipe]
    records = run(lesson, tmp_path, {"recipe_size": None, "recipe_per_class": 10})
    published = records[(records["model"] == f"{recipe} published") & (records["metric"] == "accuracy")]
    assert set(published["size"]) == {size}
    assert {f"{recipe} {form}" for form in FORMS} <= set(records["model"])


@pytest.mark.full
@pytest.mark.timeout(600)
def test_a_study_runs_alone(tmp_path: Path):
    records = run("18", tmp_path, {}, STUDIES="labels")
    assert set(records["study"]) == {"center", "labels"}
