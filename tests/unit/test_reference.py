"""Reference results: reading them, comparing with them, storing them, and the grids that make them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from course_utils.errors import CourseError
from course_utils.records import record
from course_utils.reference import FOLDER, mean_and_spread, reference_records
from course_utils.sweep.grid import read_grid
from tools import reference as tool


def write(folder, seed=0, value=0.5, model="R9 mended", lesson="17", data="path", **context):
    where = {"data": data, "weights": "bundled", "profile": "laptop", "seed": seed} | context
    record(lesson, model, "accuracy", value, unit="fraction", split="test", out=folder, **where)
    return folder / "records"


# reading


def test_records_are_chosen_by_column(tmp_path):
    write(tmp_path, size=32)
    folder = write(tmp_path, model="R9 published")
    assert len(reference_records(folder=folder)) == 2
    assert reference_records(folder=folder, model="R9 mended")["size"].tolist() == [32]


@pytest.mark.parametrize("wanted", [{"model": "R0"}, {"no_such_column": 1}])
def test_no_record_of_that_kind_is_an_error(tmp_path, wanted):
    folder = write(tmp_path)
    with pytest.raises(CourseError, match="no reference result") as raised:
        reference_records(folder=folder, **wanted)
    assert "make reference" in str(raised.value)
    assert len(str(raised.value).splitlines()) <= 4


def test_mean_and_spread_over_seeds(tmp_path):
    for seed, value in enumerate((0.4, 0.5, 0.6)):
        folder = write(tmp_path, seed, value)
    write(tmp_path, 0, 0.3, model="R9 alone")
    table = mean_and_spread(reference_records(folder=folder), "model")
    assert table.loc["R9 mended"].tolist() == pytest.approx([0.5, 0.1, 3])
    assert table.loc["R9 alone"].tolist() == [0.3, 0.0, 1]


# what comes with the course


@pytest.mark.parametrize("grid", tool.find_grids(), ids=lambda path: path.stem)
def test_grid_of_the_course_can_run(grid, tmp_path):
    runs = read_grid(tool.with_data(grid, "published", tmp_path), tmp_path)
    assert {run.parameters["SEED"] for run in runs} == {0, 1, 2}
    assert {run.parameters["WEIGHTS"] for run in runs} == {"bundled"}


def test_all_recipes_are_there_in_both_forms_with_three_seeds():
    records = reference_records(metric="accuracy", split="test")
    seeds = records.groupby("model")["seed"].agg(set)
    for recipe in ("R1", "R2", "R3", "R4", "R5"):
        for form in ("published", "mended"):
            assert seeds[f"{recipe} {form}"] == {0, 1, 2}


def test_reference_records_are_of_photographs_and_name_no_place():
    assert set(reference_records()["data"]) <= {"path", "published", "kaggle"}
    for path in FOLDER.iterdir():
        text = path.read_text(encoding="utf-8")
        assert not any(word in text for word in ("/tmp", "/work", "/home", "/root")), path.name


# the tool


def test_unknown_grid_is_an_error():
    with pytest.raises(CourseError, match="no grid nothing"):
        tool.find_grids(["nothing"])


def test_reference_is_not_measured_on_drawn_pictures(tmp_path):
    with pytest.raises(CourseError, match="not measured on drawn"):
        tool.with_data(tool.find_grids()[0], "drawn", tmp_path)
    assert not list(tmp_path.iterdir())


def test_data_is_put_into_the_grid(tmp_path):
    grid = tool.with_data(tool.find_grids()[0], "some/path", tmp_path / "new")
    content = yaml.safe_load(grid.read_text(encoding="utf-8"))
    assert content["parameters"]["DATA"] == "some/path"
    stored = yaml.safe_load(tool.find_grids()[0].read_text(encoding="utf-8"))
    assert "DATA" not in stored["parameters"]


def table(values: dict[int, float], **more) -> pd.DataFrame:
    fixed = {"lesson": "17", "model": "R9", "metric": "accuracy", "unit": "fraction", "split": "test"}
    fixed |= {"weights": "bundled", "size": 32} | more
    return pd.DataFrame([fixed | {"seed": seed, "value": value} for seed, value in values.items()])


@pytest.mark.parametrize(
    ("now", "fits"), [((0.50, 0.52, 0.54), True), ((0.57, 0.59, 0.61), False), ((0.40, 0.42, 0.44), False)]
)
def test_a_mean_may_lie_off_by_the_spread(now, fits):
    stored = table({0: 0.50, 1: 0.51, 2: 0.52})
    compared = tool.compare(table(dict(enumerate(now))), stored)
    assert compared["fits"].tolist() == [fits]


def test_only_equal_conditions_are_compared():
    compared = tool.compare(table({0: 0.5}, size=64), table({0: 0.5}, size=32))
    assert compared.empty


def test_other_units_are_not_compared():
    assert tool.compare(table({0: 3.0}, unit="s"), table({0: 9.0}, unit="s")).empty


def test_storing_replaces_the_lesson_and_keeps_the_others(tmp_path):
    target = tmp_path / "reference"
    target.mkdir()
    for name in ("17-old.json", "18-study.json"):
        (target / name).write_text("{}")
    folder = write(tmp_path / "run", size=np.int64(32))
    assert tool.store([folder], target) == 1
    names = sorted(path.name for path in target.iterdir())
    assert "18-study.json" in names
    assert "17-old.json" not in names
    assert len(names) == 2


def test_drawn_records_are_not_stored(tmp_path):
    target = tmp_path / "reference"
    target.mkdir()
    (target / "17-old.json").write_text("{}")
    with pytest.raises(CourseError, match="not stored"):
        tool.store([write(tmp_path / "run", data="drawn")], target)
    assert [path.name for path in target.iterdir()] == ["17-old.json"]


def test_unfinished_runs_are_not_compared(tmp_path):
    grid = tool.with_data(tool.find_grids()[0], "published", tmp_path)
    with pytest.raises(CourseError, match="are not finished"):
        tool.finished_folders([grid], tmp_path)
