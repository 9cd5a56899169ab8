"""Data of the exercises of lesson 01."""

from __future__ import annotations

import numpy as np

from course_utils.checks.givens import given_for
from course_utils.cifar10 import CLASS_NAMES

DTYPES = ("uint8", "float16", "float32", "float64")


@given_for("01.1")
def memory(rng: np.random.Generator) -> dict[str, object]:
    """Return three sets of pictures: how many, pixels a side, dtype."""
    dtypes = rng.permutation(DTYPES)[:3].tolist()
    pictures = (rng.integers(5, 120, size=3) * 1000).tolist()
    sides = rng.choice([48, 64, 80, 96, 128, 160, 224, 256], size=3, replace=False).tolist()
    return {"cases": list(zip(pictures, sides, dtypes, strict=True))}


@given_for("01.4")
def label_order(rng: np.random.Generator) -> dict[str, object]:
    """Return labels that count the classes in a colleague's order, and that order."""
    order = rng.permutation(CLASS_NAMES).tolist()
    labels = np.concatenate([np.arange(10), rng.integers(0, 10, size=190)])
    return {"labels": rng.permutation(labels), "order": order}
