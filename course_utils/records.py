"""Result records: one flat JSON object a file, so that every number shown can be traced to its run."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd

from course_utils.errors import CourseError, first_line
from course_utils.system import run_folder
from course_utils.system.device import device_name, versions
from course_utils.system.paths import out_folder
from course_utils.system.tables import FIELDS, WORDS
from course_utils.system.whole_file import write_whole

SPLITS = ("train", "val", "test")
DATA_LABELS = ("drawn", "published", "kaggle", "path")


def record(
    lesson: str,
    model: str,
    metric: str,
    value: float,
    *,
    unit: str,
    split: str,
    out: str | Path | None = None,
    **context: object,
) -> Path:
    """Write one measured number to ``records/`` and return the file.

    A second record with the same lesson, model, metric, split and context replaces the first, so a cell can
    run twice. Of the context, ``data``, ``profile`` and ``seconds`` do not count for this: a folder keeps the
    result of its last run.

    Args:
        lesson: number of the lesson, for example ``"02"``.
        model: name of the model, for example ``"CNN"``.
        metric: what was measured, for example ``"accuracy"``.
        value: finite number; accuracies are fractions between 0 and 1.
        unit: for example ``"fraction"``, ``"s"``, ``"parameters"``, ``"bytes"``.
        split: ``"train"``, ``"val"`` or ``"test"``: the pictures that the number speaks of.
        out: folder of the run; None: see ``paths.out_folder``.
        **context: must hold ``data``, ``weights``, ``profile`` and ``seed``; may hold ``seconds`` and more:
            words, numbers, True, False or None.

    Raises:
        CourseError: the value is not a finite number, an accuracy lies outside 0-1, or the context is
            incomplete or holds something else.
    """
    context = plain(context)
    _check(metric, value, split, context)
    same = {"lesson": lesson, "model": model, "metric": metric, "split": split}
    measured = {"value": float(value), "unit": unit, "device": device_name(), "versions": versions()}
    distinct = {name: value for name, value in context.items() if name not in ("seconds", "profile", "data")}
    name = " ".join([*same.values(), *(f"{key}-{distinct[key]}" for key in sorted(distinct))])
    folder = run_folder.records(out_folder(out))
    path = run_folder.own_path(folder, name, ".json", same | distinct, facts="")
    entry = dict.fromkeys(FIELDS) | same | measured | context
    write_whole(path, json.dumps(entry, indent=1) + "\n")
    return path


def read_records(folder: str | Path | None = None) -> pd.DataFrame:
    """Return all records of a folder as a table, one row a record, sorted by file name.

    Args:
        folder: the folder that holds the JSON files; None: ``records/`` of the default run folder.

    Raises:
        CourseError: a file is not a record. The file is named, and left as it is.
    """
    folder = run_folder.records(out_folder()) if folder is None else Path(folder)
    entries = [read_record(path) for path in sorted(folder.glob("*.json"))]
    return pd.DataFrame(entries, columns=None if entries else list(FIELDS))


def read_record(path: Path) -> dict[str, object]:
    """Return one record.

    Raises:
        CourseError: the file is not a record. It is left as it is.
    """
    try:
        entry = json.loads(path.read_text(encoding="utf-8"))
        if _is_record(entry):
            return entry
        problem = "fields are missing, the value is no number, or a name no word"
    except (OSError, ValueError) as error:
        problem = first_line(error)
    raise CourseError(
        f"The file {path} is not a result record.",
        cause=f"Expected one JSON object with {', '.join(FIELDS[:6])} …; {problem}.",
        next_step="delete the file and run its lesson again.",
    )


def plain(values: dict[str, object]) -> dict[str, object]:
    """Return the values as JSON can hold them: numpy's numbers become Python's.

    Raises:
        CourseError: a value is neither a word, a finite number, True, False nor None.
    """
    fixed = {key: value.item() if isinstance(value, np.generic) else value for key, value in values.items()}
    for key, value in fixed.items():
        if not (value is None or isinstance(value, str | int) or _is_finite(value)):
            raise CourseError(
                f"The result was refused: its {key!r} is {value!r}.",
                cause=f"Expected a word, a finite number, True, False or None, found {type(value).__name__}.",
                next_step=f"give {key!r} one plain value.",
            )
    return fixed


def _check(metric: str, value: float, split: str, context: dict) -> None:
    missing = [name for name in ("data", "weights", "profile", "seed") if name not in context]
    if not _is_finite(value) or (metric.startswith("accuracy") and not 0 <= value <= 1):
        raise CourseError(
            f"The record of {metric!r} was refused: its value is {str(value).splitlines()[0][:60]}.",
            cause="A value is a finite number, and an accuracy a fraction between 0 and 1.",
            next_step="look for NaN in the loss, or divide per cent by 100.",
        )
    if split not in SPLITS or missing or context["data"] not in DATA_LABELS:
        found = f"split {split!r}, data {context.get('data')!r}, missing: {', '.join(missing) or 'nothing'}"
        raise CourseError(
            f"The record of {metric!r} does not say what it was measured on.",
            cause=f"Expected split in {SPLITS} and data in {DATA_LABELS}; found {found}.",
            next_step="give record() data, weights, profile and seed.",
        )


def _is_finite(value: object) -> bool:
    try:
        return not isinstance(value, str) and math.isfinite(value)
    except (TypeError, ValueError):
        return False


def _is_record(entry: object) -> bool:
    if not isinstance(entry, dict) or not set(FIELDS) <= set(entry):
        return False
    has_words = all(isinstance(entry[field], str) for field in WORDS)
    is_flat = not any(isinstance(value, dict | list) for value in entry.values())
    return has_words and is_flat and _is_finite(entry["value"])
