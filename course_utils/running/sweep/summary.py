"""What a sweep measured: mean and spread over the seeds, as a table and as ``summary.csv``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from course_utils.records import read_records
from course_utils.running.sweep.run import Run
from course_utils.system import run_folder
from course_utils.system.whole_file import replacing

SEED = "SEED"
MEASURED = ("value", "seconds", "seed", "device", "versions")  # of a record: all but what was measured
ALWAYS_SHOWN = ("model", "metric", "mean", "spread", "seeds")
ROWS_SHOWN = 60


def summarize(runs: Sequence[Run]) -> pd.DataFrame:
    """Return one row for each number that the runs recorded: its mean and spread over the seeds.

    A run that recorded a number several times (repeats) counts once, with the mean. Columns: the axes of the
    grid but SEED, what the records say of the number (lesson, model, metric, unit, split, data, …), then
    ``mean``, ``spread`` (standard deviation of a sample; empty for one seed) and ``seeds`` (how many).

    Args:
        runs: that are finished.
    """
    tables = [table for run in runs if not (table := _records(run)).empty]
    if not tables:
        return pd.DataFrame(columns=list(ALWAYS_SHOWN))
    records = pd.concat(tables, ignore_index=True)
    keys = [name for name in records.columns if name not in MEASURED and name not in (SEED, "run")]
    each = records.groupby([*keys, "run"], dropna=False, sort=False)["value"].mean().reset_index()
    over_seeds = each.groupby(keys, dropna=False, sort=False)["value"]
    return over_seeds.agg(mean="mean", spread="std", seeds="count").reset_index()


def write_summary(table: pd.DataFrame, path: Path) -> None:
    """Write the table as CSV."""
    with replacing(path) as part:
        table.to_csv(part, index=False)


def summary_text(table: pd.DataFrame) -> str:
    """Return the accuracies of the table as text, or all numbers if there are none."""
    rows = table[table["metric"].str.startswith("accuracy")] if len(table) else table
    rows = rows if len(rows) else table
    if rows.empty:
        return "The runs recorded no numbers."
    same = [c for c in rows.columns if c not in ALWAYS_SHOWN and rows[c].nunique(dropna=False) == 1]
    told = "; ".join(f"{name} {rows[name].iloc[0]}" for name in same if pd.notna(rows[name].iloc[0]))
    shown = rows.drop(columns=same).head(ROWS_SHOWN).to_string(index=False, na_rep="", float_format="%.3f")
    more = f"\n… and {len(rows) - ROWS_SHOWN} rows more in summary.csv" if len(rows) > ROWS_SHOWN else ""
    return f"{shown}{more}\nIn all rows: {told}."


def _records(run: Run) -> pd.DataFrame:
    """Return the records of a run, with its axes before them. A list is shown as text."""
    table = read_records(run_folder.records(run.out))
    table = table[table["lesson"].isin(run.lessons)]
    axes = {name: str(value) if isinstance(value, list) else value for name, value in run.axes.items()}
    if len(run.lessons) == 1:
        axes.pop("lessons", None)  # each record names its lesson
    columns = pd.DataFrame({name: [value] * len(table) for name, value in {"run": run.name, **axes}.items()})
    return pd.concat([columns, table.reset_index(drop=True)], axis=1)
