"""Reference results: reading them, comparing with them, storing them, and the grids that make them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from course_utils.errors import CourseError
from course_utils.records import read_records, record
from course_utils.reference import FOLDER, mean_and_spread, reference_records
from course_utils.running.sweep.grid import read_grid
from tools.results import reference as tool


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
    grid = tool.with_data(tool.find_grids()[0], "some/path", tmp_path)
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


def test_small_spreads_leave_room():
    compared = tool.compare(table({0: 0.52, 1: 0.52}), table({0: 0.50, 1: 0.50}))
    assert compared["fits"].tolist() == [True]


@pytest.mark.parametrize("lesson", ["14", "15", "16", "17", "18"])
def test_results_of_one_lesson_find_those_of_all(lesson, tmp_path):
    """Numbers look different in a table of one lesson and in one of all: 20 and 20.0."""
    for path in FOLDER.glob(f"{lesson}-*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    stored = read_records(FOLDER)
    compared = tool.compare(read_records(tmp_path), stored)
    assert len(compared) == len(tool._over_seeds(stored[stored["lesson"] == lesson])) >= 10
    assert compared["fits"].all()


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


def test_a_full_disk_loses_no_stored_record(tmp_path, monkeypatch):
    target = tmp_path / "reference"
    target.mkdir()
    (target / "17-old.json").write_text("{}")
    folder = write(tmp_path / "run", 0)
    write(tmp_path / "run", 1)

    def full(source, part):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tool.shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space"):
        tool.store([folder], target)
    assert [path.name for path in target.iterdir()] == ["17-old.json"]


def test_records_of_the_same_name_are_not_stored(tmp_path):
    folders = [write(tmp_path / name) for name in ("one", "two")]
    (tmp_path / "reference").mkdir()
    with pytest.raises(CourseError, match="1 of 2 would overwrite"):
        tool.store(folders, tmp_path / "reference")


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
        tool.finished_folders([grid])


# the command line


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Two grids, stored results, and a sweep that writes records instead of running lessons."""
    stored, out, swept = tmp_path / "stored", tmp_path / "out", []
    for seed in (0, 1):
        for path in write(tmp_path / "old", seed, 0.5 + seed / 50).iterdir():
            stored.mkdir(exist_ok=True)
            path.rename(stored / path.name)
    for name in ("one", "two"):
        grid = {"lessons": ["17"], "parameters": {"WEIGHTS": "bundled", "SEED": [0, 1]}}
        (stored / f"{name}.yaml").write_text(yaml.safe_dump(grid), encoding="utf-8")

    def sweep(arguments):
        swept.append(arguments)
        return codes.get(len(swept), 0)

    codes = {}
    monkeypatch.setattr(tool, "run_sweep", sweep)
    monkeypatch.setattr(tool, "find_grids", lambda names: sorted(stored.glob("*.yaml")))
    monkeypatch.setattr(tool, "FOLDER", stored)
    folders = [tmp_path / "new" / "records"]
    monkeypatch.setattr(tool, "finished_folders", lambda grids: folders)

    def run(*options, now=0.51, by_sweep=(), **more):
        codes.update(dict(enumerate(by_sweep, start=1)))
        for seed in (0, 1):
            write(tmp_path / "new", seed, now + seed / 50, **more)
        return tool.main(["--data", "published", "--out", str(out), *options])

    run.swept, run.out = swept, out
    return run


def test_all_grids_are_swept_and_compared(course, capsys):
    assert course("--workers", "2") == 0
    assert [arguments[0] for arguments in course.swept] == [
        str(course.out / f"{n}.yaml") for n in ("one", "two")
    ]
    assert course.swept[0][1:] == ["--out", str(course.out / "one"), "--workers", "2"]
    assert "1 results compared, 0 lie off" in capsys.readouterr().out


def test_a_result_that_lies_off_is_told(course, capsys):
    assert course(now=0.9) == 1
    assert "1 results compared, 1 lie off" in capsys.readouterr().out


def test_nothing_to_compare_is_an_error(course, capsys):
    assert course(size=64) == 1
    assert "Nothing was compared" in capsys.readouterr().err


def test_after_a_failure_the_other_grids_run_and_nothing_is_compared(course, capsys):
    assert course(by_sweep=[1, 0]) == 1
    assert len(course.swept) == 2
    assert "compared" not in capsys.readouterr().out


def test_stopped_by_hand_no_other_grid_begins(course):
    assert course(by_sweep=[130]) == 130
    assert len(course.swept) == 1


def test_no_workers_at_all_is_passed_on_to_be_refused(course):
    course("--workers", "0")
    assert course.swept[0][-2:] == ["--workers", "0"]


def test_an_out_folder_is_one_place_for_all(course, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    tool.main(["--data", "published", "--out", "~/reference"])
    assert course.swept[0][0] == str(tmp_path / "reference" / "one.yaml")
    assert (tmp_path / "reference" / "one.yaml").exists()
