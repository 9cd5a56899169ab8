"""Reference results: what real runs gave, in ``results/reference`` (see ``system.tables``).

Below: the table of the recipes R1–R5 (lessons 14–17), of reference results or of a run's own records.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from course_utils.errors import CourseError
from course_utils.system.paths import PROJECT
from course_utils.system.tables import read_tables

FOLDER = PROJECT / "results" / "reference"
WEIGHTS_FOLDER = PROJECT / "results" / "weights"  # what the bundled weights are worth: make weights-report
RECIPE_LESSONS = ("14", "15", "16", "17")
TOLD = ("size", "labels_per_class", "epochs")  # px, training pictures a class (NaN: all), of a training
CONDITIONS = ("data", "weights", "note", *TOLD, "gpu")  # what a result depends on
PAIR = ("published", "corrected")
FORMS = (*PAIR, "random", "frozen")  # in this order; baselines follow
NOT_MEASURED = "–"
ALL_LABELS = 5000  # training pictures a class in CIFAR-10
WEIGHTS_WORDS = {"imagenet": "ImageNet's weights", "bundled": "bundled weights", "none": "random weights"}

# column -> metric, divisor, and format of the mean over seeds
_COSTS = {
    "seconds": ("seconds", 1, ",.0f"),
    "seconds to 90 % of the best": ("seconds_to_90", 1, ",.0f"),
    "peak memory (GB)": ("peak_bytes", 1e9, ".1f"),
    "images/s": ("images_per_second", 1, ",.0f"),
    "parameters": ("parameters", 1, ",.0f"),
    "trainable": ("trainable_parameters", 1, ",.0f"),
    "GFLOP a picture": ("flops", 1e9, ".3g"),
}
NUMBERS = ("test accuracy", "seeds", *_COSTS)  # columns of ``recipes_table``; conditions follow


def reference_records(*, folder: Path = FOLDER, **wanted: object) -> pd.DataFrame:
    """Return the reference records, one row a record: see ``records.record`` for the columns.

    Args:
        folder: where their tables lie.
        **wanted: column -> value that a record must have, for example ``metric="accuracy", split="test"``.

    Raises:
        CourseError: there is no such record, or a table is damaged.
    """
    records = read_tables(folder).drop(columns="made_by")
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


def weights_words(records: pd.DataFrame) -> list[str]:
    """Return which pre-trained weights the records are of, as ``["bundled", "imagenet (8-bit copy)"]``."""
    notes = records["note"] if "note" in records else pd.Series(np.nan, records.index)
    words = records["weights"].where(notes.isna(), records["weights"] + " (" + notes.astype(str) + ")")
    return sorted(set(words) - {"none"})


def mean_and_spread(records: pd.DataFrame, by: str | list[str]) -> pd.DataFrame:
    """Return mean, standard deviation (0 for a single run) and number of runs of ``value``, in file order.

    Args:
        records: of one metric and one split.
        by: the column or columns that tell the results apart; the rest, most often seeds, is spread.
    """
    table = records.groupby(by, sort=False)["value"].agg(["mean", "std", "count"])
    return table.fillna({"std": 0.0})


def standard_error(values: pd.Series) -> float:
    """Return the standard error of the mean; 0 for a single value."""
    return values.std() / len(values) ** 0.5 if len(values) > 1 else 0.0


def recipes_table(records: pd.DataFrame) -> pd.DataFrame:
    """Return what each recipe reached and cost: one row a model and its conditions, by recipe, then form.

    Args:
        records: see ``records.record`` for the columns. Only those of lessons 14–17 count.

    Returns:
        Texts, ready to be shown; index: model. The accuracy is mean ± standard deviation over seeds, all
        else the mean. "–" where nothing was measured.
    """
    groups = condition_groups(recipe_records(records))
    rows = [_row(group) for group in sorted(groups, key=_place) if _is_trained(group)]
    return pd.DataFrame(rows, columns=["model", *NUMBERS, "conditions"]).set_index("model")


def recipe_pairs(records: pd.DataFrame) -> pd.DataFrame:
    """Return what correcting brought: one row a recipe, labels and weights, "published → corrected".

    Args:
        records: see ``records.record`` for the columns. Only those of lessons 14–17 count.

    Returns:
        Texts, ready to be shown; index: recipe. Columns: test accuracy, mean ± standard deviation over seeds;
        seconds of training and GFLOP a picture, means; labels of each class. "–" where nothing was measured.
    """
    pairs: dict[tuple, dict[str, dict[str, str]]] = {}
    for group in sorted(condition_groups(recipe_records(records)), key=_place):
        recipe, _, form = group["model"].iloc[0].partition(" ")
        if form in PAIR and _is_trained(group):
            told = group.iloc[0]
            labels = "all" if is_all(told["labels_per_class"]) else f"{told['labels_per_class']:.0f}"
            same = (recipe, labels, told["data"], told["weights"], str(told["note"]), told["gpu"])
            pairs.setdefault(same, {})[form] = _row(group)
    columns = ("test accuracy", "seconds", "GFLOP a picture")
    rows = [
        {"recipe": recipe}
        | {name: " → ".join(forms.get(form, {}).get(name, NOT_MEASURED) for form in PAIR) for name in columns}
        | {"labels of each class": labels}
        for (recipe, labels, *_), forms in pairs.items()
    ]
    return pd.DataFrame(rows, columns=["recipe", *columns, "labels of each class"]).set_index("recipe")


def recipe_records(records: pd.DataFrame) -> pd.DataFrame:
    """Return the records of the recipes, each with all columns of ``CONDITIONS``, NaN where not told.

    Of two records that speak of the same training, the last counts.

    Args:
        records: see ``records.record`` for the columns.
    """
    found = records[records["lesson"].isin(RECIPE_LESSONS)]
    told = {column: pd.to_numeric(found.get(column), errors="coerce") for column in TOLD}
    is_gpu = ~found["device"].astype(str).str.contains(r"\d core", regex=True)
    keys = ["model", "metric", "split", "seed", *CONDITIONS]
    return found.assign(**told, note=found.get("note", ""), gpu=is_gpu).drop_duplicates(keys, keep="last")


def condition_groups(records: pd.DataFrame) -> list[pd.DataFrame]:
    """Split the records of ``recipe_records`` by model and conditions, in file order.

    What differs within a group is the metric, the split and the seed.
    """
    grouped = records.groupby(["model", *CONDITIONS], dropna=False, sort=False)
    return [group for _, group in grouped]


def conditions_text(group: pd.DataFrame) -> str:
    """Return the conditions of one of the ``condition_groups`` in words, with the number of seeds."""
    first = group.iloc[0]
    weights = WEIGHTS_WORDS.get(first["weights"], "weights of a file")
    weights += f" ({first['note']})" if pd.notna(first["note"]) and first["note"] else ""
    parts = ["drawn pictures" if first["data"] == "drawn" else "photographs", weights]
    if pd.notna(first["size"]):
        parts.append(f"{first['size']:.0f} px")
    labels = first["labels_per_class"]
    parts.append("all labels" if is_all(labels) else f"{labels:.0f} labels a class")
    if pd.notna(first["epochs"]):
        parts.append(_counted(first["epochs"], "epoch"))
    device = "GPU" if first["gpu"] else "CPU"
    return ", ".join([*parts, device, _counted(group["seed"].nunique(), "seed")])


def is_all(labels: float) -> bool:
    """Say whether so many training pictures a class are all of CIFAR-10's; a record may leave them out."""
    return pd.isna(labels) or labels >= ALL_LABELS


def percent(values: pd.Series) -> str:
    """Return fractions as per cent, for example ``"61.2 ± 0.8 %"``: mean ± standard deviation, if several."""
    return f"{with_spread(100 * values)} %"


def with_spread(values: pd.Series, form: str = ".1f") -> str:
    """Return ``"mean ± standard deviation"``, or the one value."""
    spread = f" ± {values.std():{form}}" if len(values) > 1 else ""
    return f"{values.mean():{form}}{spread}"


def _counted(number: float, thing: str) -> str:
    return f"{number:.0f} {thing}{'' if number == 1 else 's'}"


def _row(group: pd.DataFrame) -> dict[str, str]:
    tested = _values(group, "accuracy", "test")
    row = {
        "model": group["model"].iloc[0],
        "test accuracy": percent(tested) if len(tested) else NOT_MEASURED,
        "seeds": str(group["seed"].nunique()),
        "conditions": conditions_text(group),
    }
    for column, (metric, divisor, form) in _COSTS.items():
        values = _values(group, metric, "train") / divisor
        row[column] = f"{values.mean():{form}}" if len(values) else NOT_MEASURED
    return row


def _values(group: pd.DataFrame, metric: str, split: str) -> pd.Series:
    return group.loc[(group["metric"] == metric) & (group["split"] == split), "value"]


def _is_trained(group: pd.DataFrame) -> bool:
    return bool((group["metric"] == "accuracy").any())


def _place(group: pd.DataFrame) -> tuple[str, int, str]:
    recipe, _, form = group["model"].iloc[0].partition(" ")
    kind = form.split(",")[0]  # "corrected, fine-tuned" stands behind "corrected"
    return recipe, FORMS.index(kind) if kind in FORMS else len(FORMS), form
