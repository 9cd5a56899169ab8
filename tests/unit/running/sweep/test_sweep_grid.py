"""Grid files: which runs they become, and what is refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement
from sweep_lessons import write_grid, write_lesson

from course_utils.running.parameters import QUICK
from course_utils.running.sweep import pools
from course_utils.running.sweep.cli import main
from course_utils.running.sweep.grid import LONGEST_NAME, read_grid
from course_utils.running.sweep.run import from_json

PROJECT = Path(__file__).resolve().parents[4]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in ("01", "02"):
        write_lesson(tmp_path / "notebooks" / f"{number}_a.ipynb")
    return tmp_path / "notebooks"


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    return tmp_path / "grid.yaml"


def read(grid: Path, folder: Path, quick: bool = False) -> list:
    return read_grid(grid, grid.parent / "out", folder=folder, quick=quick)


# Which runs


def test_each_combination_is_a_run_with_a_readable_folder(grid, folder):
    parameters = {"SEED": [0, 1], "RECIPE": "R1", "OVERRIDES": {"limit_per_class": [10, None]}}
    write_grid(grid, parameters, lessons=["1", "02 01"])

    runs = read(grid, folder)

    assert len(runs) == 8
    assert runs[0].name[:-9] == "01_limit-per-class-10_profile-offline_recipe-r1_seed-0"
    assert runs[-1].lessons == ("01", "02")
    assert runs[-1].out == grid.parent / "out" / runs[-1].name
    own = {"PROFILE": "offline", "SEED": 1, "RECIPE": "R1", "OVERRIDES": {"limit_per_class": None}}
    assert runs[-1].parameters == own
    assert runs[-1].axes == {"lessons": "01 02", "SEED": 1, "OVERRIDES.limit_per_class": None}


def test_list_in_a_list_is_one_value(grid, folder):
    write_grid(grid, {"OVERRIDES": {"labels_per_class": [[10, 100], [50]], "frozen_sizes": [[32]]}})

    found = [run.parameters["OVERRIDES"] for run in read(grid, folder)]

    assert found == [
        {"labels_per_class": [10, 100], "frozen_sizes": [32]},
        {"labels_per_class": [50], "frozen_sizes": [32]},
    ]


@pytest.mark.parametrize("written", ["1e-3", "1.0e-3", "0.001", "1E-3"])
def test_numbers_as_python_writes_them_are_numbers(grid, folder, written):
    grid.write_text(f"lessons: '01'\nparameters:\n  OVERRIDES: {{val_fraction: {written}}}\n  RECIPE: e3")

    (run,) = read(grid, folder)

    assert run.parameters["OVERRIDES"] == {"val_fraction": 0.001}
    assert run.parameters["RECIPE"] == "e3"


def test_quick_cuts_what_the_grid_does_not_name(grid, folder):
    write_grid(grid, {"OVERRIDES": {"repeats": 2}})

    (run,) = read(grid, folder, quick=True)

    assert run.parameters["OVERRIDES"] == QUICK | {"repeats": 2}
    assert "_repeats-2_profile-offline_quick_" in run.name


def test_names_stay_when_the_grid_grows_differ_and_have_a_bearable_length(grid, folder):
    (alone,) = read(write_grid(grid, {"RECIPE": "a b"}), folder)
    write_grid(grid, {"RECIPE": ["a b", "a-b", "x" * 300, "x" * 301]})
    names = [run.name for quick in (False, True) for run in read(grid, folder, quick=quick)]

    assert len(set(names)) == 8
    assert names[0] == alone.name
    assert max(map(len, names)) < LONGEST_NAME + 10


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"RECIPE": "R1"}, {"RECIPE": "r1"}),
        ({"RECIPE": 1}, {"RECIPE": "1"}),
        ({"RECIPE": -1}, {"RECIPE": 1}),
        ({"RECIPE": [[1, 2]]}, {"RECIPE": "1 2"}),
        ({"WEIGHTS": None}, {"WEIGHTS": "none"}),
        ({"WEIGHTS": "bundled"}, {"OVERRIDES": {"weights": "bundled"}}),
    ],
)
def test_different_runs_of_two_grids_have_different_folders(grid, folder, one, other):
    names = [run.name for parameters in (one, other) for run in read(write_grid(grid, parameters), folder)]

    assert len(set(names)) == 2


def test_paths_are_found_from_any_folder(grid, folder, monkeypatch):
    (grid.parent / "pictures").mkdir()
    (grid.parent / "mine.weights.h5").touch()
    monkeypatch.chdir(grid.parent)
    write_grid(grid, {"DATA": ["pictures", "drawn"], "WEIGHTS": "mine.weights.h5"})
    runs = read(grid, folder)

    assert [run.parameters["DATA"] for run in runs] == [str(grid.parent / "pictures"), "drawn"]
    assert {run.parameters["WEIGHTS"] for run in runs} == {str(grid.parent / "mine.weights.h5")}


def test_run_survives_its_way_to_another_process(grid, folder):
    write_grid(grid, {"SEED": [0, 1], "OVERRIDES": {"labels_per_class": [[10]]}})
    run = read(grid, folder)[1]

    assert from_json(run.to_json()) == run


def test_example_is_a_grid(tmp_path):
    runs = read_grid(PROJECT / "docs" / "examples" / "grid.yaml", tmp_path, quick=True)

    assert len(runs) == 6


# What is refused


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lessons: [", "It is not YAML"),
        ("lessons: \xff", "It is not YAML"),
        ("", "found an empty file"),
        ("- 01", "found a list"),
        ("lesson: 01", "Unknown: lesson."),
        ("parameters: {SEED: 1}", "lessons has no value"),
        ("lessons: []", "lessons has no value"),
        ("lessons: '07'", "There is no lesson 07"),
        ("lessons: first", "lessons has the value 'first'"),
        ("lessons: [1, '01']", 'lessons names "01" twice'),
        ("lessons: 1\nparameters: [1]", "Expected names with values below parameters"),
        ("lessons: 1\nparameters: {OVERRIDES: [1]}", "Expected names with values below parameters"),
        ("lessons: 1\nparameters: {SEED: []}", "SEED has no value"),
        ("lessons: 1\nparameters: {OVERRIDES: {cnn_epochs: []}}", "OVERRIDES.cnn_epochs has no value"),
        ("lessons: 1\nparameters: {SEED: [0, 1, 0]}", "SEED names 0 twice"),
        ("lessons: 1\nparameters: {SEED: -1}", "SEED is -1"),
        ("lessons: 1\nparameters: {SEED: {a: 1}}", "SEED has the value {'a': 1}"),
        ("lessons: 1\nparameters: {RECIPE: 2026-01-01}", "RECIPE has the value datetime"),
        ("lessons: 1\nparameters: {RECIPE: .nan}", "RECIPE has the value nan"),
        ("lessons: 1\nparameters: {OUT: a}", "It sets OUT"),
        ("lessons: 1\nparameters: {EPOCHS: 1}", "01_a.ipynb has no parameter EPOCHS"),
        ("lessons: 1\nparameters: {1: 1}", "01_a.ipynb has no parameter 1"),
        ("lessons: 1\nparameters: {PROFILE: [offline, fast]}", "Profile 'fast' is unknown"),
        ("lessons: 1\nparameters: {DATA: [drawn, /gone/cifar]}", "Nothing lies at /gone/cifar"),
        ("lessons: 1\nparameters: {DATA: [[drawn]]}", "is unknown"),
        ("lessons: 1\nparameters: {SEED: 1, SEED: 2}", "SEED is named twice"),
        (
            "lessons: 1\nparameters: {OVERRIDES: {cnn_epochs: 1, 'cnn_epochs': 2}}",
            "cnn_epochs is named twice",
        ),
        ("lessons: 1\nlessons: 2", "lessons is named twice"),
        ("lessons: 1\nparameters: {OVERRIDES: {weights: nonsense}}", "Unknown source of weights: 'nonsense'"),
        ("lessons: 1\nparameters: {OVERRIDES: {cnn_epochs: [1, 0]}}", "too small: 0"),
        (
            "lessons: 1\nparameters: {OVERRIDES: {labels_per_class: [10, 50]}}",
            "Expected a list of whole numbers",
        ),
    ],
)
def test_wrong_grid_is_told_before_anything_runs(grid, folder, capsys, text, told):
    grid.write_bytes(text.encode("latin-1"))

    assert main([str(grid), "--out", str(grid.parent / "out"), "--notebooks", str(folder)]) == 1

    assert_refused(capsys, told, grid.parent / "out")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--workers", "0"], "argument --workers: expected 1 or more, found 0"),
        (["--threads", "many"], "argument --threads: expected 1 or more, found many"),
        (["--workers", "2", "--scheduler", "tcp://127.0.0.1:1"], "not allowed with argument --workers"),
    ],
)
def test_wrong_option_is_told(capsys, options, told):
    with pytest.raises(SystemExit, match="2"):
        main(["grid.yaml", *options])

    assert told in capsys.readouterr().err


def test_missing_grid_is_told(grid, capsys):
    assert main([str(grid), "--out", str(grid.parent / "out")]) == 1

    assert_refused(capsys, "It cannot be read: No such file", grid.parent / "out")


def assert_refused(capsys: pytest.CaptureFixture[str], told: str, out: Path) -> None:
    said = capsys.readouterr()
    assert told in said.err
    assert "Next:" in said.err
    assert len(said.err.strip().splitlines()) <= 4
    assert said.out == ""
    assert not out.exists()


# What a message tells to install


def test_dask_is_named_as_in_the_requirements():
    lines = (PROJECT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
    listed = [Requirement(line.split("#")[0].strip()) for line in lines if line.startswith("dask")]

    assert listed == [Requirement(pools.DASK)]
