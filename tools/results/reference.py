"""Repeat the runs behind the reference results, and compare with what is stored in results/reference.

Each grid there (*.yaml) is a sweep: see docs/SWEEPS.md. What has run is kept, so an interruption costs
one run at most. With --store, the new records take the place of the stored ones.

    python -m tools.results.reference --data PATH [--only recipe_r5 …] [--workers 2] [--store]
"""

from __future__ import annotations

import argparse
import numbers
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import yaml

from course_utils.errors import CourseError
from course_utils.records import FIELDS, read_records
from course_utils.reference import FOLDER, mean_and_spread
from course_utils.running.sweep.cli import main as run_sweep
from course_utils.running.sweep.grid import read_grid
from course_utils.running.sweep.run import is_finished
from course_utils.system import run_folder
from course_utils.system.paths import PROJECT, out_folder
from course_utils.system.whole_file import replacing

COMPARED = "fraction"  # unit of what must come out again: accuracies and their differences
SPREADS = 3  # standard deviations over the seeds that a mean may lie off
STOPPED = 130  # what a sweep returns after Ctrl-C
LEAST = 0.03  # what it may lie off where the seeds hardly differ: few runs tell little of the spread


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says; return 0, or 1 if a run failed or a result lies off (130: stopped)."""
    options = _parser().parse_args(arguments)
    try:
        out = out_folder(options.out)
        grids = [with_data(grid, options.data, out) for grid in find_grids(options.only)]
        code = _run_all(grids, options.workers)
        if code:
            return code
        folders = finished_folders(grids)
        if options.store:
            print(f"{store(folders)} records are stored in {FOLDER.relative_to(PROJECT)}.")
            return 0
        return _tell(_read_all(folders), out)
    except CourseError as error:
        print(f"\n{error}", file=sys.stderr)
    except OSError as error:
        print(f"\nA file cannot be written or read: {error}", file=sys.stderr)
        print("Next: make room on the disk or give another --out; finished runs are kept.", file=sys.stderr)
    return 1


def find_grids(names: Sequence[str] = (), folder: Path = FOLDER) -> list[Path]:
    """Return the grid files of those names, or all.

    Raises:
        CourseError: there is no grid of that name.
    """
    there = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    unknown = [name for name in names if name not in there]
    if unknown or not there:
        raise CourseError(
            f"There is no grid {', '.join(unknown) or 'at all'}.",
            cause=f"In {folder} there are: {', '.join(there) or 'none'}.",
            next_step="name grids by --only, without .yaml.",
        )
    return [there[name] for name in names] or list(there.values())


def with_data(grid: Path, data: str, out: Path) -> Path:
    """Write the grid with this DATA to ``out``, and return the new file. Stored grids name no place."""
    if data == "drawn":
        raise CourseError(
            "Reference results are not measured on drawn pictures.",
            cause="DATA is 'drawn'.",
            next_step="give DATA=published, or the path of your photographs.",
        )
    content = yaml.safe_load(grid.read_text(encoding="utf-8"))
    content["parameters"]["DATA"] = data
    target = out / grid.name
    with replacing(target) as part:
        part.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return target


def results_of(grid: Path) -> Path:
    """Return the folder of a grid's runs: beside it, under the same name."""
    return grid.with_suffix("")


def finished_folders(grids: Sequence[Path]) -> list[Path]:
    """Return the folders of records of all runs of the grids.

    Raises:
        CourseError: a run is not finished.
    """
    runs = [run for grid in grids for run in read_grid(grid, results_of(grid))]
    missing = [run.name for run in runs if not is_finished(run)]
    if missing:
        raise CourseError(
            f"{len(missing)} runs are not finished, for example {missing[0]}.",
            cause="Results are compared and stored when all runs of a grid are there.",
            next_step="run the same command again; it goes on with what is missing.",
        )
    return [run_folder.records(run.out) for run in runs]


def compare(new: pd.DataFrame, stored: pd.DataFrame) -> pd.DataFrame:
    """Return one row a result: mean over seeds as stored and now, what it may lie off, and whether it fits.

    Args:
        new: records of this time.
        stored: records to compare with. Results that are on one side only are left out.
    """
    suffixes = (" stored", " now")
    both = _over_seeds(stored).merge(_over_seeds(new), left_index=True, right_index=True, suffixes=suffixes)
    both["allowed"] = (SPREADS * both[["std stored", "std now"]].max(axis=1)).clip(lower=LEAST)
    both["fits"] = (both["mean stored"] - both["mean now"]).abs() <= both["allowed"]
    return both


def store(folders: Sequence[Path], target: Path = FOLDER) -> int:
    """Replace the stored records of the lessons in ``folders`` by those there, and return their number.

    Old records go when all new ones are there, so an interruption loses none.

    Raises:
        CourseError: a record speaks of drawn pictures, or two have the same name.
    """
    records = _read_all(folders)
    if "drawn" in set(records["data"]):
        raise CourseError(
            "The records are not stored.",
            cause="Some of them were measured on the drawn stand-in.",
            next_step="give DATA=…, run again.",
        )
    paths = [path for folder in folders for path in sorted(folder.glob("*.json"))]
    files = {path.name: path for path in paths}
    if len(files) < len(paths):
        raise CourseError(
            "The records are not stored.",
            cause=f"{len(paths) - len(files)} of {len(paths)} would overwrite another one of the same name.",
            next_step="let no two grids run a lesson with the same parameters.",
        )
    for name, path in files.items():
        with replacing(target / name) as part:
            shutil.copyfile(path, part)
    for lesson in set(records["lesson"]):
        for old in target.glob(f"{lesson}-*.json"):
            if old.name not in files:
                old.unlink()
    return len(files)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="published", help="CIFAR-10: a path, or a word of load_cifar10")
    parser.add_argument("--only", nargs="+", default=[], metavar="GRID", help="grids; default: all")
    parser.add_argument("--out", type=Path, default=PROJECT / "build" / "reference")
    parser.add_argument("--workers", type=int, help="runs at a time: see docs/SWEEPS.md")
    parser.add_argument("--store", action="store_true", help="store the records instead of comparing")
    return parser


def _run_all(grids: Sequence[Path], workers: int | None) -> int:
    """Sweep all grids, also after a failure, and return 0 or the largest code; stop at once if asked to."""
    largest = 0
    for grid in grids:
        print(f"\n{grid.stem}", flush=True)
        arguments = [str(grid), "--out", str(results_of(grid))]
        code = run_sweep(arguments + (["--workers", str(workers)] if workers is not None else []))
        if code == STOPPED:
            return code
        largest = max(largest, code)
    return largest


def _read_all(folders: Sequence[Path]) -> pd.DataFrame:
    return pd.concat([read_records(folder) for folder in folders], ignore_index=True)


def _over_seeds(records: pd.DataFrame) -> pd.DataFrame:
    records = records[records["unit"] == COMPARED]
    conditions = sorted(set(records.columns) - set(FIELDS))
    keys = ["lesson", "model", "metric", "split", "weights"]
    named = [
        ", ".join(f"{name}={_word(value)}" for name, value in row.items() if pd.notna(value))
        for row in records[conditions].to_dict("records")
    ]
    return mean_and_spread(records.assign(conditions=named), [*keys, "conditions"]).drop(columns="count")


def _word(value: object) -> str:
    """Return a condition as text; a column with gaps holds 20.0 where another one holds 20."""
    return f"{value:g}" if isinstance(value, numbers.Real) else str(value)


def _tell(new: pd.DataFrame, out: Path) -> int:
    table = compare(new, read_records(FOLDER))
    table.to_csv(out / "comparison.csv")
    if table.empty:
        raise CourseError(
            "Nothing was compared.",
            cause="No stored result has the lesson, model and conditions of a new one.",
            next_step="look at both: the new records, and results/reference; to store the new: ARGS=--store.",
        )
    off = table[~table["fits"]]
    alone = len(_over_seeds(new)) - len(table)
    print(f"\n{len(table)} results compared, {len(off)} lie off: {out / 'comparison.csv'}")
    if alone:
        print(f"{alone} more are new: nothing is stored to compare them with.")
    if len(off):
        print(off.to_string(float_format="%.3f"))
    return 1 if len(off) else 0


if __name__ == "__main__":
    sys.exit(main())
