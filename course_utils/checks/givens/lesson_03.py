"""Data of the exercises of lesson 03."""

from __future__ import annotations

import numpy as np

from course_utils.checks.givens import given_for, pictures
from course_utils.pictures.stand_in import draw_images

BASES = (("MobileNetV2", 2_257_984, 1280), ("ResNet50", 23_587_712, 2048), ("VGG16", 14_714_688, 512))


@given_for("03.1")
def shapes(rng: np.random.Generator) -> dict[str, object]:
    """Return three batches: how many pictures, pixels a side (multiples of 32), how many classes."""
    pictures = (rng.choice(np.arange(3, 40), size=3, replace=False)).tolist()
    sides = (rng.choice(np.arange(2, 8), size=3, replace=False) * 32).tolist()
    classes = (rng.choice(np.arange(3, 30), size=3, replace=False)).tolist()
    return {"cases": list(zip(pictures, sides, classes, strict=True))}


@given_for("03.2")
def inside_the_model(rng: np.random.Generator) -> dict[str, object]:
    """Return pixels a side that the base wants, and two uint8 pictures with black and white in them."""
    images = pictures(rng, 2)
    images[0, :2, :2], images[0, -2:, -2:] = 0, 255
    return {"side": int(rng.choice([40, 48, 56, 64])), "images": images}


@given_for("03.3")
def really_frozen(rng: np.random.Generator) -> dict[str, object]:
    """Return how many classes there are."""
    return {"classes": int(rng.integers(11, 40))}


@given_for("03.4")
def whole_model(rng: np.random.Generator) -> dict[str, object]:
    """Return three models: parameters of the base, shape of its answer, pooled or flattened, the head."""
    cases = []
    for index, pooling in enumerate(rng.permutation([True, False, True])):
        name, parameters, channels = BASES[index]
        side = int(rng.integers(2, 9))
        units, classes = int(rng.choice([64, 96, 128, 192, 320])), int(rng.integers(5, 100))
        values = (name, parameters, (side, side, channels), bool(pooling), units, classes)
        names = ("base", "base_parameters", "maps", "pooling", "units", "classes")
        cases.append(dict(zip(names, values, strict=True)))
    return {"cases": [cases[index] for index in rng.permutation(3)]}


@given_for("03.5")
def head_and_model(rng: np.random.Generator) -> dict[str, object]:
    """Return the head to build (units, share of Dropout, classes), and six uint8 pictures."""
    images = pictures(rng, 6)
    units, dropout = int(rng.choice([24, 40, 56, 72])), float(rng.choice([0.2, 0.3, 0.4, 0.6]))
    return {"units": units, "dropout": dropout, "classes": int(rng.integers(3, 10)), "images": images}


@given_for("03.6")
def lost_order(rng: np.random.Generator) -> dict[str, object]:
    """Return uint8 pictures (60, 32, 32, 3), labels, and features (60, 48) of the pictures in another order.

    The features are the means of 4×4 places, kept as float16, so they are almost what a new run gives.
    """
    labels = rng.permutation(np.repeat(np.arange(10), 6))
    images = draw_images(labels, seed=int(rng.integers(2**31)))
    order = rng.permutation(60)
    places = images[order].reshape(60, 4, 8, 4, 8, 3).mean(axis=(2, 4)) / 127.5 - 1
    return {"features": places.reshape(60, 48).astype("float16"), "images": images, "labels": labels}


@given_for("03.7")
def few_labels(rng: np.random.Generator) -> dict[str, object]:
    """Return labels of ten classes of different size in random order, and two counts of labels a class."""
    sizes = rng.integers(60, 140, size=10)
    few = int(rng.integers(4, 9))
    labels = rng.permutation(np.repeat(np.arange(10), sizes))
    return {"labels": labels, "few": few, "more": few * int(rng.integers(3, 6))}


@given_for("03.8")
def control(rng: np.random.Generator) -> dict[str, object]:
    """Return uint8 pictures and labels, twelve of each class to train and twelve to validate."""
    labels = np.repeat(np.arange(10), 12)
    train_labels, val_labels = rng.permutation(labels), rng.permutation(labels)
    images = draw_images(np.concatenate([train_labels, val_labels]), seed=int(rng.integers(2**31)))
    names = ("train_images", "train_labels", "val_images", "val_labels")
    return dict(zip(names, (images[:120], train_labels, images[120:], val_labels), strict=True))


@given_for("03.9")
def what_it_means(rng: np.random.Generator) -> dict[str, object]:
    """Return accuracies of three seeds: a frozen base, a CNN about as good, the base with random weights."""
    frozen, control = rng.uniform(0.52, 0.64), rng.uniform(0.18, 0.28)
    spread = np.array([-0.02, 0.004, 0.016])
    means = {
        "frozen base": frozen,
        "CNN from scratch": frozen - rng.uniform(-0.006, 0.006),
        "random weights": control,
    }
    return {name: (mean + rng.permutation(spread)).round(3) for name, mean in means.items()}
