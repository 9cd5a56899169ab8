"""Data of the exercises of lesson 02."""

from __future__ import annotations

import numpy as np
import pandas as pd

from course_utils.checks.givens import given_for
from course_utils.pictures.stand_in import draw_images

CLASS_COUNTS = (5, 20, 50, 100, 200, 1000)


@given_for("02.1")
def parameters(rng: np.random.Generator) -> dict[str, object]:
    """Return five layers: inputs, outputs, side of the filters (1 for Dense), bias."""
    widths = rng.choice(np.arange(9, 98), size=9, replace=False).tolist()
    filters = [(3, widths[0], 3, True), (*widths[1:3], 3, True), (*widths[3:5], 5, False)]
    dense = [(widths[5] * 16, widths[6], 1, True), (widths[7], widths[8], 1, False)]
    names = ("inputs", "outputs", "filter_side", "bias")
    return {"layers": [dict(zip(names, layer, strict=True)) for layer in filters + dense]}


@given_for("02.2")
def first_loss(rng: np.random.Generator) -> dict[str, object]:
    """Return seven networks before training: how many classes, which loss. Four of them are ill."""
    classes = np.append(rng.permutation(CLASS_COUNTS), 10)
    gaps = np.concatenate([rng.uniform(-0.2, 0.2, 2), rng.uniform(1, 9, 2), rng.uniform(-1.2, -0.8, 2)])
    losses = np.log(classes) + np.append(gaps, rng.uniform(-0.05, 0.05))
    order = rng.permutation(7)
    return {"classes": classes[order], "losses": losses[order].round(2)}


@given_for("02.3")
def column_of_labels(rng: np.random.Generator) -> dict[str, object]:
    """Return labels uint8 (400, 1), as keras.datasets gives them, and probabilities float32 (400, 10)."""
    labels = rng.integers(0, 10, size=400)
    probabilities = rng.dirichlet(np.ones(10), size=400)
    known = rng.random(400) < rng.uniform(0.45, 0.75)
    probabilities[known, labels[known]] += 1
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return {"labels": labels.astype("uint8")[:, None], "probabilities": probabilities.astype("float32")}


@given_for("02.4")
def specification(rng: np.random.Generator) -> dict[str, object]:
    """Return what a CNN must be like: pixels a side, two numbers of filters, units, classes."""
    filters = (rng.choice(np.arange(2, 9), size=2, replace=False) * 4).tolist()
    side, units = int(rng.choice([24, 40, 48, 64])), int(rng.choice([24, 48, 96]))
    return {"side": side, "filters": filters, "units": units, "classes": int(rng.integers(3, 9))}


@given_for("02.5")
def learning_curve(rng: np.random.Generator) -> dict[str, object]:
    """Return a table of ``history_frame`` of a network that overfits.

    The best validation accuracy stands a few epochs behind the lowest validation loss.
    """
    epochs = np.arange(1, int(rng.integers(18, 25)))
    lowest, highest = (int(epoch) for epoch in rng.integers(6, 10) + np.array([0, rng.integers(3, 6)]))
    loss = 2.2 * np.exp(-epochs / rng.uniform(5, 7)) + rng.uniform(0, 0.01, len(epochs))
    val_loss = rng.uniform(0.9, 1.1) + 0.012 * (epochs - lowest) ** 2 + rng.uniform(0.01, 0.03, len(epochs))
    val_loss[lowest - 1] -= 0.05
    val_accuracy = 0.64 - 0.003 * (epochs - highest) ** 2 * (epochs < highest) - 0.02
    val_accuracy = val_accuracy - 0.004 * (epochs > highest) + rng.uniform(0, 0.008, len(epochs))
    val_accuracy[highest - 1] += 0.02
    accuracy = 0.97 - 0.75 * np.exp(-epochs / rng.uniform(4, 5)) + rng.uniform(0, 0.005, len(epochs))
    columns = {"accuracy": accuracy, "loss": loss, "val_accuracy": val_accuracy, "val_loss": val_loss}
    history = pd.DataFrame({"epoch": epochs, "phase": "training"} | columns)
    return {"history": history.round(4)}


@given_for("02.6")
def confusions(rng: np.random.Generator) -> dict[str, object]:
    """Return a confusion table (10, 10) of classes of different size; rows are true classes.

    The largest share, the largest count and the largest share of a column are different cells.
    """
    while True:
        sizes = rng.permutation(np.linspace(60, 600, 10).astype(int))
        habits = rng.dirichlet(np.full(10, 0.6), size=10) * 0.5 + np.diag(rng.uniform(0.3, 0.6, 10))
        table = np.array([rng.multinomial(n, p / p.sum()) for n, p in zip(sizes, habits, strict=True)])
        mistakes = table * (1 - np.eye(10, dtype=int))
        by_row = mistakes / table.sum(axis=1, keepdims=True)
        by_column = mistakes / table.sum(axis=0)
        first, second = np.sort(by_row, axis=None)[[-1, -2]]
        places = {int(cells.argmax()) for cells in (by_row, by_column, mistakes)}
        if len(places) == 3 and first > second + 0.01:
            return {"table": table}


@given_for("02.7")
def seeds(rng: np.random.Generator) -> dict[str, object]:
    """Return four pairs of models: accuracies 0–1 over four or five seeds, and pictures to validate with."""
    spreads = [(0.006, 0.008), (0.006, 0.005), (0.05, 0.04), (0.007, 0.009)]
    steps, pictures = (0.05, 0.033, 0.03, -0.06), (8000, 500, 9000, 6000)
    cases = [_pair(rng, *plan) for plan in zip(steps, spreads, pictures, strict=True)]
    return {"cases": [cases[index] for index in rng.permutation(4)]}


def _pair(rng: np.random.Generator, step: float, spreads: tuple, pictures: int) -> dict[str, object]:
    count = int(rng.integers(4, 6))
    start, step = rng.uniform(0.5, 0.62), step * rng.uniform(0.9, 1.1)
    first, second = (_with_spread(rng, count, spread) for spread in spreads)
    pictures = int(pictures * rng.uniform(0.9, 1.1)) // 10 * 10
    return {
        "first": (start + first).round(4),
        "second": (start + step + second).round(4),
        "pictures": pictures,
    }


def _with_spread(rng: np.random.Generator, count: int, spread: float) -> np.ndarray:
    """Return numbers of mean 0 and of that standard deviation (of a sample)."""
    values = rng.normal(size=count)
    return (values - values.mean()) / values.std(ddof=1) * spread


@given_for("02.8")
def best_of_twenty(rng: np.random.Generator) -> dict[str, object]:
    """Return the accuracies 0–1 of twenty equally good models, each measured on 200 pictures twice."""
    while True:
        ability = rng.uniform(0.55, 0.75)
        val, test = rng.binomial(200, ability, size=(2, 20)) / 200
        chosen = int(val.argmax())
        is_unique = np.sort(val)[-1] > np.sort(val)[-2]
        if is_unique and chosen > 0 and test.max() - test[chosen] >= 0.02 and val[chosen] != test[chosen]:
            return {"val": val, "test": test}


@given_for("02.9")
def by_heart(rng: np.random.Generator) -> dict[str, object]:
    """Return 32 uint8 pictures (32, 32, 32, 3) and their labels, all ten classes among them."""
    labels = rng.permutation(np.concatenate([np.arange(10), rng.integers(0, 10, size=22)]))
    return {"images": draw_images(labels, seed=int(rng.integers(2**31))), "labels": labels}
