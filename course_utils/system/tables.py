"""Tables of records: one CSV file a lesson, a number a row; what a whole run shares stands in runs.csv."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from course_utils.errors import CourseError
from course_utils.system.whole_file import replacing

FIELDS = (
    *("lesson", "model", "metric", "value", "unit", "split"),
    *("data", "weights", "profile", "seed", "device", "seconds", "versions"),
)
WORDS = ("lesson", "model", "metric", "split", "data")  # fields that are never empty
RUNS = "runs.csv"
OF_A_RUN = ("made_by", "data", "profile", "device", "versions")  # made_by: the grid, or the tool
MEASURED = ("value", "unit", "seconds", "run")  # of a table's row; all else says what was measured
_TEXTS = ("run", *OF_A_RUN, "model", "weights", "metric", "split", "unit")


def table_files(folder: Path) -> list[Path]:
    """Return the tables of a folder, in order of lessons."""
    return [path for path in sorted(folder.glob("*.csv")) if path.name != RUNS]


def read_tables(folder: Path) -> pd.DataFrame:
    """Return all records of a folder's tables, each with ``made_by`` beside the fields of a record.

    Raises:
        CourseError: a table is damaged. It is named, and left as it is.
    """
    tables = [read_table(path) for path in table_files(folder)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=[*FIELDS, "made_by"])


def read_table(path: Path) -> pd.DataFrame:
    """Return the records of one table: see ``read_tables``."""
    try:
        runs = _read(path.with_name(RUNS))
        table = _read(path).merge(runs, on="run", how="left", validate="many_to_one").drop(columns="run")
        table = table.reindex(columns=[*FIELDS, *table.columns.difference(FIELDS, sort=False)])
        table["lesson"] = path.stem
        lacking = [name for name in (*WORDS, "seed") if table[name].isna().any()]
        if not lacking and np.isfinite(table["value"]).all():
            return table
        problem = f"a row without {', '.join(lacking) or 'a finite value'}"
    except (OSError, ValueError, KeyError) as error:
        problem = " ".join(f"{type(error).__name__}: {error}".split())
    raise CourseError(
        f"The table {path} cannot be read.",
        cause=f"Expected columns model, metric, value … and a run of {RUNS} in each row; found {problem}.",
        next_step="restore it: git checkout -- results.",
    )


def write_tables(records: pd.DataFrame, folder: Path) -> None:
    """Let a folder hold the tables of these records, and no others.

    Args:
        records: as ``read_tables`` returns them.
        folder: of the tables; made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    records = records.assign(run=[_run_name(*facts) for facts in records[list(OF_A_RUN)].to_numpy()])
    runs = records[["run", *OF_A_RUN]].drop_duplicates().sort_values("run")
    for lesson, table in records.groupby("lesson"):
        _write(_sorted(table), folder / f"{lesson}.csv")
    for path in table_files(folder):
        if path.stem not in set(records["lesson"]):
            path.unlink()
    _write(runs, folder / RUNS)


def _run_name(*facts: str) -> str:
    """Return a name that no run of other facts has, so that no table ever points to the wrong one."""
    return f"{facts[0]}-{hashlib.sha256(repr(facts).encode()).hexdigest()[:6]}"


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that say something, in one order, and the rows sorted by what was measured."""
    table = table.drop(columns=["lesson", *OF_A_RUN]).dropna(axis="columns", how="all")
    first, last = ["model", "weights"], ["metric", "split", "seed"]
    middle = sorted(set(table.columns) - {*first, *last, *MEASURED})
    keys = [*first, *middle, *last]
    ordered = table[[*keys, *(name for name in MEASURED if name in table)]]
    return ordered.sort_values(keys, key=lambda column: column if _is_numeric(column) else column.astype(str))


def _is_numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column)


def _read(path: Path) -> pd.DataFrame:
    options = {"keep_default_na": False, "na_values": [""], "encoding": "utf-8"}
    return pd.read_csv(path, dtype=dict.fromkeys(_TEXTS, str) | {"value": float}, **options)


def _write(table: pd.DataFrame, path: Path) -> None:
    table = table.apply(lambda column: column.map(_short) if column.dtype == float else column)
    with replacing(path) as part:
        table.to_csv(part, index=False, lineterminator="\n")


def _short(number: float) -> str:
    """Return a whole number as it is, and any other with six significant digits; nothing for NaN."""
    if np.isnan(number):
        return ""
    return f"{number:.0f}" if number == round(number) else f"{number:.6g}"
