"""Tables that people and platforms write: CSV of any usual form."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from course_utils.errors import CourseError


def read_cells(path: Path, what: str, next_step: str) -> pd.DataFrame:
    """Return the cells as texts; the separator is the one that gives most columns.

    Args:
        path: CSV in UTF-8, with or without byte order mark, separated by ``,``, ``;`` or tabs.
        what: the file is, in a word.
        next_step: if it cannot be read.

    Raises:
        CourseError: it cannot be read.
    """
    how = {"dtype": str, "keep_default_na": False, "index_col": False, "encoding": "utf-8-sig"}
    try:
        sign = max(",;\t", key=lambda sign: pd.read_csv(path, sep=sign, nrows=0, **how).shape[1])
        table = pd.read_csv(path, sep=sign, skip_blank_lines=False, **how).fillna("")
    except (OSError, ValueError) as error:
        words = str(error).rstrip(".")
        raise CourseError(
            f"The {what} {path} cannot be read.", cause=f"{words}.", next_step=next_step
        ) from error
    return table.rename(columns=str.strip)
