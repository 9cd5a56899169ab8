"""Repeat the runs behind the reference results, and compare with what is stored in results/reference.

Each grid there (*.yaml) is a sweep: see docs/SWEEPS.md. The runs of all grids stand in one queue, so no
core waits for the last run of a grid. What has run is kept, so an interruption costs one run at most.
With --store, the new records take the place of the stored ones.

    python -m tools.results.reference --data PATH [--imagenet FILE] [--only recipe_r5 …] [--store]

Of a run of several lessons the last one's records count: it reads what the others made.
"""

from __future__ import annotations

import argparse
import numbers
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import yaml

from course_utils.errors import CourseError
from course_utils.records import read_records
from course_utils.reference import ALL_LABELS, FOLDER, mean_and_spread, reference_records
from course_utils.running.sweep.cli import count, tell_failures, told
from course_utils.running.sweep.follow import run_all
from course_utils.running.sweep.grid import read_grid
from course_utils.running.sweep.pools import processes, usual_workers
from course_utils.running.sweep.run import Run, is_finished
from course_utils.system import run_folder
from course_utils.system.paths import PROJECT, out_folder
from course_utils.system.tables import FIELDS, MEASURED, OF_A_RUN, read_tables, write_tables
from course_utils.system.whole_file import write_whole

COMPARED = "fraction"  # unit of what must come out again: accuracies and their differences
SPREADS = 3  # standard deviations over the seeds that a mean may lie off
LEAST = 0.03  # what it may lie off where the seeds hardly differ: few runs tell little of the spread


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says; return 0, or 1 if a run failed or a result lies off (130: stopped)."""
    options = _parser().parse_args(arguments)
    return told(lambda: _main(options))


def _main(options: argparse.Namespace) -> int:
    out = out_folder(options.out)
    grids = [with_sources(grid, out, options.data, options.imagenet) for grid in find_grids(options.only)]
    if tell_failures(_run_missing(grids, options.workers)):
        return 1
    runs = finished_runs(grids)
    if options.store:
        print(f"{store(runs, FOLDER)} records are stored: results/reference.")
        return 0
    return _tell(_read_all(runs).drop(columns="made_by"), out)


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


def with_sources(grid: Path, out: Path, data: str, imagenet: str = "imagenet") -> Path:
    """Write the grid with this DATA to ``out``, and return the new file. Stored grids name no place.

    Args:
        grid: a stored grid.
        out: folder of the new one.
        data: word or path for DATA.
        imagenet: takes the place of WEIGHTS where the grid says ``imagenet``: a file with these weights.
    """
    if data == "drawn":
        raise CourseError(
            "Reference results are not measured on drawn pictures.",
            cause="DATA is 'drawn'.",
            next_step="give DATA=published, or the path of your photographs.",
        )
    content = yaml.safe_load(grid.read_text(encoding="utf-8"))
    parameters = content["parameters"]
    parameters["DATA"] = data
    if parameters["WEIGHTS"] == "imagenet":
        parameters["WEIGHTS"] = imagenet
    target = out / grid.name
    write_whole(target, yaml.safe_dump(content, sort_keys=False))
    return target


def results_of(grid: Path) -> Path:
    """Return the folder of a grid's runs: beside it, under the same name."""
    return grid.with_suffix("")


def finished_runs(grids: Sequence[Path]) -> dict[str, list[Run]]:
    """Return all runs, by the name of their grid.

    Raises:
        CourseError: a run is not finished.
    """
    runs = {grid.stem: read_grid(grid, results_of(grid)) for grid in grids}
    missing = [run.name for of_grid in runs.values() for run in of_grid if not is_finished(run)]
    if missing:
        raise CourseError(
            f"{len(missing)} runs are not finished, for example {missing[0]}.",
            cause="Results are compared and stored when all runs of a grid are there.",
            next_step="run the same command again; it goes on with what is missing.",
        )
    return runs


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


def store(runs: Mapping[str, Sequence[Run]], target: Path) -> int:
    """Replace the stored records of these grids by those of their runs, and return how many are new.

    Those of other grids stay.

    Args:
        runs: name of a grid -> its runs, all finished.
        target: folder of the tables.

    Raises:
        CourseError: a record speaks of drawn pictures, or two are of the same thing.
    """
    new, stored = _read_all(runs), read_tables(target)
    if "drawn" in set(new["data"]):
        raise CourseError(
            "The records are not stored.",
            cause="Some of them were measured on the drawn stand-in.",
            next_step="give DATA=…, run again.",
        )
    records = pd.concat([stored[~stored["made_by"].isin(runs)], new], ignore_index=True)
    same = records.duplicated([name for name in records if name not in (*MEASURED, *OF_A_RUN)])
    if same.any():
        raise CourseError(
            "The records are not stored.",
            cause=f"{same.sum()} of {len(records)} would overwrite another one of the same name.",
            next_step="let no two grids run a lesson with the same parameters.",
        )
    write_tables(records, target)
    return len(new)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="published", help="CIFAR-10: a path, or a word of load_cifar10")
    words = "file with ImageNet's weights, where they cannot be downloaded"
    parser.add_argument("--imagenet", default="imagenet", metavar="FILE", help=words)
    parser.add_argument("--only", nargs="+", default=[], metavar="GRID", help="grids; default: all")
    parser.add_argument("--out", type=Path, default=PROJECT / "build" / "reference")
    parser.add_argument("--workers", type=count, help="runs at a time: see docs/SWEEPS.md")
    parser.add_argument("--store", action="store_true", help="store the records instead of comparing")
    return parser


def _run_missing(grids: Sequence[Path], workers: int | None) -> dict[str, str]:
    """Run what is not finished, also after a failure, and return the errors by run."""
    runs = [run for grid in grids for run in read_grid(grid, results_of(grid))]
    to_do = [run for run in runs if not is_finished(run)]
    finished = len(runs) - len(to_do)
    print(f"{len(runs)} runs of {len(grids)} grids, {finished} of them finished already.", flush=True)
    with processes(workers or usual_workers(threads=1), threads=1) as pool:
        return run_all(to_do, pool)


def _read_all(runs: Mapping[str, Sequence[Run]]) -> pd.DataFrame:
    tables = [_read_run(run).assign(made_by=grid) for grid, of_grid in runs.items() for run in of_grid]
    return pd.concat(tables, ignore_index=True)


def _read_run(run: Run) -> pd.DataFrame:
    """Return the records of a run's last lesson; how many labels it had, if the lesson does not tell."""
    records = read_records(run_folder.records(run.out))
    records = records[records["lesson"] == run.lessons[-1]]
    overrides = run.parameters.get("OVERRIDES", {})
    if "train_per_class" not in overrides:
        return records
    return records.assign(labels_per_class=overrides["train_per_class"] or ALL_LABELS)


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
    table = compare(new, reference_records(folder=FOLDER))
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
