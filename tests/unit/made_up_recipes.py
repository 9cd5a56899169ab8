"""Made-up records of recipes, as lessons 14–17 write them."""

from __future__ import annotations

import pandas as pd

GPU = "NVIDIA T4"
CPU = "AMD EPYC, 2 cores"
LESSONS = {"R1": "14", "R2": "14", "R3": "15", "R4": "16", "R5": "17"}
PUBLISHED = {"weights": "imagenet", "labels_per_class": 4500, "device": GPU, "data": "published"}


def entries(
    model: str, values: list[float], *, metric: str = "accuracy", split: str = "test", **context: object
) -> list[dict]:
    """Return one record a value, with seeds 0, 1, 2 …, measured on a CPU unless the context says more."""
    common = {"lesson": LESSONS[model[:2]], "model": model, "metric": metric, "split": split}
    common |= {"data": "path", "weights": "bundled", "profile": "laptop", "device": CPU}
    common |= {"size": 64, "labels_per_class": 200} | context
    return [common | {"seed": seed, "value": value} for seed, value in enumerate(values)]


def table(*lists: list[dict]) -> pd.DataFrame:
    """Return records as ``read_records`` does."""
    columns = ["lesson", "model", "metric", "value", "split", "data", "weights", "profile", "seed", "device"]
    rows = [entry for entries in lists for entry in entries]
    return pd.DataFrame(rows, columns=None if rows else columns)
