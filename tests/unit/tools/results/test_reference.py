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
from course_utils.running.sweep.run import Run
from course_utils.system.tables import RUNS, read_tables, write_tables
from tools.results import reference as tool


def write(folder, seed=0, value=0.5, model="R9 corrected", lesson="17", data="path", **context):
    where = {"data": data, "weights": "bundled", "profile": "laptop", "seed": seed} | context
    record(lesson, model, "accuracy", value, unit="fraction", split="test", out=folder, **where)
    return folder / "records"


def tables(records, made_by="one"):
    """Write the records of a folder as tables, and return their folder."""
    write_tables(read_records(records).assign(made_by=made_by), records.with_name("tables"))
    return records.with_name("tables")


def content(folder):
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


# reading and writing tables


def test_records_are_chosen_by_column(tmp_path):
    write(tmp_path, size=32)
    folder = tables(write(tmp_path, model="R9 published"))
    assert len(reference_records(folder=folder)) == 2
    assert reference_records(folder=folder, model="R9 corrected")["size"].tolist() == [32]


@pytest.mark.parametrize("wanted", [{"model": "R0"}, {"no_such_column": 1}])
def test_no_record_of_that_kind_is_an_error(tmp_path, wanted):
    folder = tables(write(tmp_path))
    with pytest.raises(CourseError, match="no reference result") as raised:
        reference_records(folder=folder, **wanted)
    assert "make reference" in str(raised.value)
    assert len(str(raised.value).splitlines()) <= 4


def test_mean_and_spread_over_seeds(tmp_path):
    for seed, value in enumerate((0.4, 0.5, 0.6)):
        write(tmp_path, seed, value)
    folder = tables(write(tmp_path, 0, 0.3, model="R9 alone"))
    table = mean_and_spread(reference_records(folder=folder), "model")
    assert table.loc["R9 corrected"].tolist() == pytest.approx([0.5, 0.1, 3])
    assert table.loc["R9 alone"].tolist() == [0.3, 0.0, 1]


def test_a_table_says_what_the_records_said(tmp_path):
    """Six digits of a value, whole numbers as they are, words that look like gaps or numbers, gaps."""
    records = write(tmp_path, 0, 0.123456789, weights="none", depth="all", learning_rate=1e-5)
    write(tmp_path, 10, 0.5, weights="none", labels=4500, size=None, lesson="18")
    context = {"data": "path", "weights": "none", "profile": "gpu", "seed": 1, "seconds": 2.25}
    record("17", "R9", "flops", 23_587_712, unit="1", split="train", out=tmp_path, **context)
    before, after = read_records(records), read_tables(tables(records))
    assert set(after["made_by"]) == {"one"}
    order = ["lesson", "metric", "seed"]
    before, after = (each.sort_values(order).reset_index(drop=True) for each in (before, after))
    assert after["value"].tolist() == pytest.approx(before["value"].tolist(), rel=5e-6)
    assert after["value"].tolist() != before["value"].tolist()
    for name in [name for name in before if name not in ("value", "size")]:
        same = before[name].isna() & after[name].isna()
        assert (same | (before[name] == after[name])).all(), name
    assert "23587712" in content(tables(records))["17.csv"]


def test_tables_do_not_depend_on_the_order_of_records(tmp_path):
    for seed in (0, 1, 10):
        records = write(tmp_path, seed, model="R9 corrected", size=32 + seed)
    first = content(tables(records))
    shuffled = read_tables(tmp_path / "tables").sample(frac=1, random_state=1)
    write_tables(shuffled, tmp_path / "tables")
    assert content(tmp_path / "tables") == first
    assert [line.split(",")[2] for line in first["17.csv"].splitlines()] == ["size", "32", "33", "42"]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("17.csv", "0.5", "half", "could not convert string to float"),
        ("17.csv", "0.5", "", "a row without a finite value"),
        ("17.csv", "0.5", "inf", "a row without a finite value"),
        ("17.csv", "one-", "two-", "a row without data"),
        ("17.csv", "model,", "network,", "a row without model"),
        ("17.csv", ",run", ",ran", "KeyError: 'run'"),
        ("17.csv", "R9", "<<<<<<< HEAD\nR9", "a row without"),
        ("runs.csv", "run", "ran", "KeyError: 'run'"),
    ],
)
def test_a_damaged_table_is_named_and_left(tmp_path, file, old, new, said):
    folder = tables(write(tmp_path))
    damaged = (folder / file).read_text(encoding="utf-8").replace(old, new)
    (folder / file).write_text(damaged, encoding="utf-8")
    with pytest.raises(CourseError, match="cannot be read") as raised:
        reference_records(folder=folder)
    assert said in str(raised.value)
    assert "git checkout" in str(raised.value)
    assert (folder / file).read_text(encoding="utf-8") == damaged


def test_tables_without_their_runs_are_an_error(tmp_path):
    folder = tables(write(tmp_path))
    (folder / RUNS).unlink()
    with pytest.raises(CourseError, match="cannot be read"):
        reference_records(folder=folder)


# what comes with the course


@pytest.mark.parametrize("grid", tool.find_grids(), ids=lambda path: path.stem)
def test_grid_of_the_course_can_run(grid, tmp_path):
    runs = read_grid(tool.with_sources(grid, tmp_path, "published"), tmp_path)
    takes_hours, has_own_seeds = grid.stem.endswith("_all"), grid.stem == "spot_the_bug"
    assert {run.parameters["SEED"] for run in runs} == ({0} if takes_hours or has_own_seeds else {0, 1, 2})
    weights = "imagenet" if "imagenet" in grid.stem else "bundled"
    assert {run.parameters["WEIGHTS"] for run in runs} == {weights}


def test_all_recipes_are_there_in_both_forms_with_three_seeds():
    records = reference_records(metric="accuracy", split="test")
    seeds = records.groupby("model")["seed"].agg(set)
    for recipe in ("R1", "R2", "R3", "R4", "R5"):
        for form in ("published", "corrected"):
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
        tool.with_sources(tool.find_grids()[0], tmp_path, "drawn")
    assert not list(tmp_path.iterdir())


def test_data_and_imagenets_weights_are_put_into_the_grid(tmp_path):
    chosen = {}
    for path in tool.find_grids():
        grid = tool.with_sources(path, tmp_path, "some/path", "some/file.npz")
        chosen[path.stem] = yaml.safe_load(grid.read_text(encoding="utf-8"))["parameters"]
        stored = yaml.safe_load(path.read_text(encoding="utf-8"))["parameters"]
        assert "DATA" not in stored
        weights = {"imagenet": "some/file.npz", "bundled": "bundled"}[stored["WEIGHTS"]]
        assert chosen[path.stem] == stored | {"DATA": "some/path", "WEIGHTS": weights}
    assert "some/file.npz" in {parameters["WEIGHTS"] for parameters in chosen.values()}


def table(values: dict[int, float], **more) -> pd.DataFrame:
    fixed = {"lesson": "17", "model": "R9", "metric": "accuracy", "unit": "fraction", "split": "test"}
    fixed |= {"weights": "bundled", "size": 32} | more
    return pd.DataFrame([fixed | {"seed": seed, "value": value} for seed, value in values.items()])


STORED = table({0: 0.50, 1: 0.51, 2: 0.52})


@pytest.mark.parametrize(
    ("now", "stored", "fits"),
    [
        (table({0: 0.50, 1: 0.52, 2: 0.54}), STORED, [True]),
        (table({0: 0.57, 1: 0.59, 2: 0.61}), STORED, [False]),
        (table({0: 0.40, 1: 0.42, 2: 0.44}), STORED, [False]),
        (table({0: 0.52, 1: 0.52}), table({0: 0.50, 1: 0.50}), [True]),  # small spreads leave room
        (table({0: 0.5}, size=64), table({0: 0.5}, size=32), []),  # other conditions
        (table({0: 3.0}, unit="s"), table({0: 9.0}, unit="s"), []),
    ],
)
def test_a_mean_may_lie_off_by_the_spread(now, stored, fits):
    assert tool.compare(now, stored)["fits"].tolist() == fits


@pytest.mark.parametrize("lesson", ["10", "14", "15", "16", "17", "18"])
def test_results_of_one_lesson_find_those_of_all(lesson, tmp_path):
    """Numbers look different in a table of one lesson and in one of all: 20 and 20.0."""
    for name in (f"{lesson}.csv", RUNS):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    stored = reference_records()
    compared = tool.compare(reference_records(folder=tmp_path), stored)
    assert len(compared) == len(tool._over_seeds(stored[stored["lesson"] == lesson])) >= 10
    assert compared["fits"].all()


@pytest.fixture
def stored(tmp_path):
    """Tables of two grids: lesson 17 of grid one and of grid two, lesson 18 of grid two."""
    old = [read_records(write(tmp_path / "1", 7, device="old")).assign(made_by="one")]
    old += [read_records(write(tmp_path / "2", 7, size=224)).assign(made_by="two")]
    old += [read_records(write(tmp_path / "3", 7, lesson="18")).assign(made_by="two")]
    target = tmp_path / "reference"
    write_tables(pd.concat(old), target)
    (target / "one.yaml").write_text("lessons: []", encoding="utf-8")
    return target


def run_of(records, *lessons):
    return Run(lessons or ("17",), {}, {}, records.parent, records.parent)


def test_of_several_lessons_the_last_ones_records_are_stored(tmp_path, stored):
    write(tmp_path / "run", lesson="16")
    assert tool.store({"one": [run_of(write(tmp_path / "run"), "16", "17")]}, stored) == 1
    assert sorted(content(stored)) == ["17.csv", "18.csv", "one.yaml", RUNS]


def test_a_limit_of_training_pictures_is_stored_with_the_records(tmp_path, stored):
    records = write(tmp_path / "run")
    limited = Run(("17",), {"OVERRIDES": {"train_per_class": 50}}, {}, records.parent, records.parent)
    tool.store({"one": [limited]}, stored)
    assert read_tables(stored).query("made_by == 'one'")["labels_per_class"].tolist() == [50]


def test_storing_replaces_what_the_grid_made_and_keeps_all_else(tmp_path, stored):
    before = content(stored)
    assert tool.store({"one": [run_of(write(tmp_path / "run", size=np.int64(32)))]}, stored) == 1
    after = content(stored)
    assert (after["18.csv"], after["one.yaml"]) == (before["18.csv"], before["one.yaml"])
    records = read_tables(stored).query("lesson == '17'")
    assert records[["made_by", "seed", "size"]].to_numpy().tolist() == [["one", 0, 32], ["two", 7, 224]]
    assert "old" in before[RUNS]
    assert "old" not in after[RUNS]


def test_a_lesson_that_its_grid_left_is_gone(tmp_path, stored):
    assert tool.store({"two": [run_of(write(tmp_path / "run", 3))]}, stored) == 1
    assert sorted(content(stored)) == ["17.csv", "one.yaml", RUNS]


def test_two_records_of_the_same_are_not_stored(tmp_path, stored):
    before = content(stored)
    runs = [run_of(write(tmp_path / name)) for name in ("a", "b")]
    with pytest.raises(CourseError, match="1 of 4 would overwrite"):
        tool.store({"one": runs}, stored)
    with pytest.raises(CourseError, match="1 of 4 would overwrite"):
        tool.store({"three": [run_of(write(tmp_path / "c", 7, device="new", profile="gpu"))]}, stored)
    assert content(stored) == before


def test_drawn_records_are_not_stored(tmp_path, stored):
    before = content(stored)
    with pytest.raises(CourseError, match="not stored"):
        tool.store({"one": [run_of(write(tmp_path / "run", data="drawn"))]}, stored)
    assert content(stored) == before


def test_unfinished_runs_are_not_compared(tmp_path):
    grid = tool.with_sources(tool.find_grids()[0], tmp_path, "published")
    with pytest.raises(CourseError, match="are not finished"):
        tool.finished_runs([grid])


# the command line


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Two grids, stored results, and runs that write records instead of running lessons."""
    out, ran, failed = tmp_path / "out", [], {}
    for seed in (0, 1):
        stored = tables(write(tmp_path / "old", seed, 0.5 + seed / 50))
    for name in ("one", "two"):
        grid = {"lessons": ["17"], "parameters": {"WEIGHTS": "bundled", "SEED": [0, 1]}}
        (stored / f"{name}.yaml").write_text(yaml.safe_dump(grid), encoding="utf-8")

    def run_all(runs, pool):
        ran.append((sorted(str(run.out.parent) for run in runs), pool.capacity()))
        return failed

    monkeypatch.setattr(tool, "run_all", run_all)
    monkeypatch.setattr(tool, "find_grids", lambda names: sorted(stored.glob("*.yaml")))
    monkeypatch.setattr(tool, "FOLDER", stored)
    runs = {"one": [run_of(tmp_path / "new" / "records")]}
    monkeypatch.setattr(tool, "finished_runs", lambda grids: runs)

    def run(*options, now=0.51, errors=(), **more):
        failed.update(errors)
        for seed in (0, 1):
            write(tmp_path / "new", seed, now + seed / 50, **more)
        return tool.main(["--data", "published", "--out", str(out), *options])

    run.ran, run.out = ran, out
    return run


def test_the_runs_of_all_grids_are_one_queue(course, capsys):
    assert course("--workers", "2") == 0
    folders = [str(course.out / name) for name in ("one", "one", "two", "two")]
    assert course.ran == [(folders, 2)]
    printed = capsys.readouterr().out
    assert "4 runs of 2 grids, 0 of them finished already" in printed
    assert "1 results compared, 0 lie off" in printed


def test_a_result_that_lies_off_is_told(course, capsys):
    assert course(now=0.9) == 1
    assert "1 results compared, 1 lie off" in capsys.readouterr().out


def test_nothing_to_compare_is_an_error(course, capsys):
    assert course(size=64) == 1
    assert "Nothing was compared" in capsys.readouterr().err


def test_results_are_stored(course, capsys):
    assert course("--store", now=0.9) == 0
    assert "2 records are stored" in capsys.readouterr().out
    assert set(reference_records(folder=tool.FOLDER)["value"]) == {0.9, 0.92}


def test_after_a_failure_nothing_is_compared(course, capsys):
    assert course(errors={"17_seed-0": "The cell failed."}) == 1
    printed = capsys.readouterr()
    assert "compared" not in printed.out
    assert "Failed: 17_seed-0\nThe cell failed." in printed.err


def test_stopped_by_hand_it_says_how_to_go_on(course, capsys, monkeypatch):
    def stopped(runs, pool):
        raise KeyboardInterrupt

    monkeypatch.setattr(tool, "run_all", stopped)
    assert course() == 130
    assert "the same command goes on" in capsys.readouterr().err


def test_no_workers_at_all_are_refused(course, capsys):
    with pytest.raises(SystemExit):
        course("--workers", "0")
    assert "expected 1 or more, found 0" in capsys.readouterr().err


def test_an_out_folder_is_one_place_for_all(course, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    tool.main(["--data", "published", "--out", "~/reference"])
    assert course.ran[0][0][0] == str(tmp_path / "reference" / "one")
    assert (tmp_path / "reference" / "one.yaml").exists()
