"""Data of the exercises of lesson 01."""

from __future__ import annotations

import numpy as np

from course_utils.checks.givens import given_for, pictures
from course_utils.cifar10 import CLASS_NAMES

DTYPES = ("uint8", "float16", "float32", "float64")
SIDES = (48, 64, 80, 96, 128, 160, 224, 256)


@given_for("01.1")
def memory(rng: np.random.Generator) -> dict[str, object]:
    """Return three sets of pictures: how many, pixels a side, dtype."""
    dtypes = rng.permutation(DTYPES)[:3].tolist()
    counts = (rng.integers(5, 120, size=3) * 1000).tolist()
    sides = rng.choice(SIDES, size=3, replace=False).tolist()
    return {"cases": list(zip(counts, sides, dtypes, strict=True))}


@given_for("01.2")
def upsampling(rng: np.random.Generator) -> dict[str, object]:
    """Return uint8 pictures (3, 32, 32, 3) and a factor, 2 to 4."""
    return {"images": pictures(rng, 3), "factor": int(rng.integers(2, 5))}


@given_for("01.3")
def pixel_range(rng: np.random.Generator) -> dict[str, object]:
    """Return uint8 pictures (4, 32, 32, 3) in which 0 and 255 occur."""
    images = pictures(rng, 4)
    images[0, 0, 0], images[-1, -1, -1] = 0, 255
    return {"images": images}


@given_for("01.4")
def label_order(rng: np.random.Generator) -> dict[str, object]:
    """Return labels that count the classes in a colleague's order, and that order."""
    order = rng.permutation(10)
    while np.array_equal(order[order], np.arange(10)):  # such an order hides a swapped look-up
        order = rng.permutation(10)
    labels = rng.permutation(np.concatenate([np.arange(10), rng.integers(0, 10, size=190)]))
    return {"labels": labels, "order": [CLASS_NAMES[number] for number in order]}


@given_for("01.5")
def prepared_twice(rng: np.random.Generator) -> dict[str, object]:
    """Return float32 pictures (2, 32, 32, 3), 0–255."""
    return {"images": pictures(rng, 2).astype("float32")}


@given_for("01.6")
def stratified(rng: np.random.Generator) -> dict[str, object]:
    """Return labels of ten classes of different size in order of class, and the part to set aside."""
    sizes = rng.permutation(np.arange(2, 12)) * 20
    return {"labels": np.repeat(np.arange(10), sizes), "fraction": float(rng.choice([0.1, 0.2, 0.25, 0.3]))}


@given_for("01.7")
def statistics_leak(rng: np.random.Generator) -> dict[str, object]:
    """Return float32 pictures to train (24) and to test (8); those to test are a little brighter."""
    drawn = pictures(rng, 32).astype("float32")
    train, test = drawn[:24], drawn[24:]
    brighter = rng.uniform(15, 40, size=3).astype("float32")
    return {"train": train * 0.8, "test": test * 0.8 + brighter}


@given_for("01.8")
def near_duplicates(rng: np.random.Generator) -> dict[str, object]:
    """Return uint8 pictures to train (80) and to test (40); some to test come from train.

    Of the copies two are exact, three are a little brighter and three a little darker. ``limit`` is the mean
    difference of two pictures (levels of 0–255) below which they count as the same.
    """
    drawn = np.clip(pictures(rng, 120), 8, 247)
    train, test = drawn[:80], drawn[80:].copy()
    places = rng.choice(40, size=8, replace=False)
    sources = rng.choice(80, size=8, replace=False)
    changes = np.array([0, 0, 2, 3, 4, -2, -3, -4])
    test[places] = train[sources].astype("int16") + changes[:, None, None, None]
    return {"train": train, "test": test, "limit": 6.0}
