"""Tables of the recipes R1–R5, made from their records (lessons 14–17)."""

from __future__ import annotations

import pandas as pd

RECIPE_LESSONS = ("14", "15", "16", "17")
TOLD = ("size", "labels_per_class", "epochs")  # px, training pictures a class (NaN: all), of a training
CONDITIONS = ("data", "weights", "note", *TOLD, "gpu")  # what a result depends on
FORMS = ("published", "corrected", "random", "frozen")  # in this order; baselines follow
NOT_MEASURED = "–"
WEIGHTS_WORDS = {"imagenet": "ImageNet's weights", "bundled": "bundled weights", "none": "random weights"}

# column -> metric, divisor, and format of the mean over seeds
_COSTS = {
    "seconds": ("seconds", 1, ",.0f"),
    "seconds to 90 % of the best": ("seconds_to_90", 1, ",.0f"),
    "peak memory (GB)": ("peak_bytes", 1e9, ".1f"),
    "images/s": ("images_per_second", 1, ",.0f"),
    "parameters": ("parameters", 1, ",.0f"),
    "trainable": ("trainable_parameters", 1, ",.0f"),
    "MB on disk": ("model_bytes", 1e6, ".1f"),
    "GFLOP a picture": ("flops", 1e9, ".3g"),
}
NUMBERS = ("test accuracy", "seeds", *_COSTS)  # columns of ``recipes_table``; conditions follow


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
    parts.append("all labels" if pd.isna(labels) else f"{labels:.0f} labels a class")
    if pd.notna(first["epochs"]):
        parts.append(_counted(first["epochs"], "epoch"))
    device = "GPU" if first["gpu"] else "CPU"
    return ", ".join([*parts, device, _counted(group["seed"].nunique(), "seed")])


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
