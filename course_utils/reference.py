"""Reference results: records of real runs that come with the course, in ``results/reference``."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from course_utils.errors import CourseError
from course_utils.records import read_records
from course_utils.system.paths import PROJECT

FOLDER = PROJECT / "results" / "reference"


def reference_records(*, folder: Path = FOLDER, **wanted: object) -> pd.DataFrame:
    """Return the reference records, one row a record: see ``records.record`` for the columns.

    Args:
        folder: where they lie.
        **wanted: column -> value that a record must have, for example ``metric="accuracy", split="test"``.

    Raises:
        CourseError: there is no such record.
    """
    records = read_records(folder)
    for column, value in wanted.items():
        records = records[records[column] == value] if column in records else records[:0]
    if records.empty:
        asked = ", ".join(f"{column}={value!r}" for column, value in wanted.items()) or "any"
        raise CourseError(
            f"There is no reference result of that kind: {asked}.",
            cause=f"{folder} holds the records of real runs, and none of them fits.",
            next_step="correct the words, or measure it: make reference.",
        )
    return records.dropna(axis="columns", how="all")


def mean_and_spread(records: pd.DataFrame, by: str | list[str]) -> pd.DataFrame:
    """Return mean, standard deviation (0 for a single run) and number of runs of ``value``, in file order.

    Args:
        records: of one metric and one split.
        by: the column or columns that tell the results apart; the rest, most often seeds, is spread.
    """
    table = records.groupby(by, sort=False)["value"].agg(["mean", "std", "count"])
    return table.fillna({"std": 0.0})
