"""Data of the exercises of lesson 05."""

from __future__ import annotations

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from course_utils.checks.givens import given_for, pictures

MODELS = ("MLP", "CNN", "Stronger CNN", "Frozen MobileNetV2", "Fine-tuned ResNet50")
TEMPERATURES = (0.25, 0.4, 0.6, 0.8, 1.0, 1.3, 1.6, 2.1, 2.6, 3.2, 4.2)  # none is a position of another


@given_for("05.1")
def records(rng: np.random.Generator) -> dict[str, object]:
    """Return records of three models: two metrics, two splits, two sources of data, some seeds each."""
    rows = []
    for model in rng.permutation(MODELS)[:3]:
        for data, ability in {"drawn": rng.uniform(0.3, 0.6), "published": rng.uniform(0.7, 0.9)}.items():
            for seed in range(int(rng.integers(3, 6))):
                for split, extra in {"val": 0.03, "test": 0.0}.items():
                    facts = {"model": str(model), "data": data, "split": split, "seed": seed}
                    accuracy = ability + extra + rng.normal(0, 0.015)
                    rows.append(facts | {"metric": "accuracy", "value": round(accuracy, 4)})
                    loss = 2.3 * (1 - accuracy) + rng.normal(0, 0.02)
                    rows.append(facts | {"metric": "loss", "value": round(loss, 4)})
    table = pd.DataFrame([rows[index] for index in rng.permutation(len(rows))])
    return {"records": table, "data": str(rng.choice(["drawn", "published"]))}


@given_for("05.2")
def learning_curve(rng: np.random.Generator) -> dict[str, object]:
    """Return validation accuracies (0–1) and seconds, one for each epoch, and a share of the best.

    The epoch that is asked for, the best, and the one counted from the last accuracy all differ.
    """
    share = 0.9
    while True:
        epochs = np.arange(int(rng.integers(14, 22)))
        curve = rng.uniform(0.6, 0.85) * (1 - 0.75 * np.exp(-epochs / rng.uniform(3, 5)))
        curve += rng.normal(0, 0.02, len(epochs))
        curve[-1] = 0.91 * curve.max()
        first, of_last = (int(np.argmax(curve >= share * top)) for top in (curve.max(), curve[-1]))
        last_below = int(np.flatnonzero(curve < share * curve.max())[-1])
        if 0 < of_last < first - 1 and first < last_below < curve.argmax() - 1:
            break
    seconds = rng.uniform(20, 90) * rng.uniform(0.9, 1.1, len(epochs))
    seconds[0] *= 1.6  # the first epoch also builds the graph
    return {"val_accuracy": curve.round(4), "seconds": seconds.round(1), "share": share}


@given_for("05.3")
def any_picture(rng: np.random.Generator) -> dict[str, object]:
    """Return four Pillow images of different size and mode: RGB, RGBA, L, P, none of them square."""
    drawn = pictures(rng, 4)
    modes = rng.permutation(["RGB", "RGBA", "L", "P"]).tolist()
    return {"images": [_odd_picture(rng, pixels, mode) for pixels, mode in zip(drawn, modes, strict=True)]}


def _odd_picture(rng: np.random.Generator, pixels: np.ndarray, mode: str) -> Image.Image:
    """Scale a picture to a wide or a tall one, with coloured borders, and give it a mode."""
    short = int(rng.integers(60, 100))
    long = int(short * rng.uniform(1.5, 1.9))
    size = (long, short) if rng.random() < 0.5 else (short, long)
    image = Image.new("RGB", size, tuple(rng.integers(60, 200, size=3).tolist()))
    corner = ((size[0] - short) // 2, (size[1] - short) // 2)
    image.paste(Image.fromarray(pixels).resize((short, short)), corner)
    if mode == "RGBA":
        clear = Image.new("L", size, 0)
        width = 0.1 * short
        ImageDraw.Draw(clear).ellipse((width, width, size[0] - width, size[1] - width), fill=255)
        hidden = Image.new("RGB", size, tuple(rng.integers(0, 60, size=3).tolist()))
        image = Image.composite(image, hidden, clear)
        image.putalpha(clear)
        return image
    return image.convert("P", palette=Image.Palette.ADAPTIVE) if mode == "P" else image.convert(mode)


@given_for("05.4")
def three_models(rng: np.random.Generator) -> dict[str, object]:
    """Return logits (3, n, 10) of three models, the last one far too sure of itself, and labels (n,)."""
    labels = rng.integers(0, 10, size=400)
    hits = np.eye(10)[labels] * rng.uniform(1.6, 2.2, size=(3, 1, 1))
    logits = (hits + rng.normal(0, 1.1, size=(3, 400, 10))) * np.array([1.0, 1.2, 3.5])[:, None, None]
    return {"outputs": logits.round(3).astype("float32"), "labels": labels}


@given_for("05.5")
def confidences(rng: np.random.Generator) -> dict[str, object]:
    """Return probabilities (n, 10) of a model that is too sure, the labels (n,), and how many bins."""
    bins = int(rng.choice([5, 8, 10]))
    logits, labels = _logits(rng, 800, scale=rng.uniform(2.2, 3.0))
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"probabilities": chances / chances.sum(axis=1, keepdims=True), "labels": labels, "bins": bins}


def _logits(rng: np.random.Generator, count: int, *, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Return logits (count, 10) and labels drawn from their softmax; then the logits times a scale."""
    logits = rng.normal(0, 1, size=(count, 10))
    logits[np.arange(count), rng.integers(0, 10, size=count)] += rng.uniform(1, 4, size=count)
    noise = rng.gumbel(size=logits.shape)
    labels = (logits + noise).argmax(axis=1)
    return logits * scale, labels


@given_for("05.6")
def temperature(rng: np.random.Generator) -> dict[str, object]:
    """Return validation logits (n, 10), labels (n,), and temperatures to try."""
    scale = float(rng.choice([1.3, 1.6, 2.1, 2.6]))
    logits, labels = _logits(rng, 600, scale=scale)
    return {"logits": logits.round(4), "labels": labels, "temperatures": list(TEMPERATURES)}


CLEAN = (
    ("fit", "weights of the CNN", "training"),
    ("fit", "mean and deviation for scaling", "training"),
    ("choose", "learning rate", "validation"),
    ("choose", "number of epochs", "validation"),
    ("report", "accuracy of the CNN", "validation"),
    ("fit", "weights of ResNet50", "training"),
    ("choose", "best of the two models", "validation"),
)
LEAKS = (
    ("choose", "size of the pictures", "test"),
    ("choose", "dropout rate", "validation and test"),
    ("fit", "principal components", "training and test"),
    ("fit", "temperature of the softmax", "test"),
    ("choose", "threshold for unsure pictures", "test"),
    ("fit", "mean of the pixels", "training, validation and test"),
)
TOO_LATE = (
    ("choose", "number of blocks to unfreeze", "validation"),
    ("fit", "weights of ResNet50, again", "training"),
    ("choose", "members of the ensemble", "validation"),
    ("fit", "weights of the ensemble", "validation"),
)


@given_for("05.7")
def laboratory_log(rng: np.random.Generator) -> dict[str, object]:
    """Return a log, one row a step in order of time: action, what, pictures."""
    steps = [*CLEAN, *(LEAKS[index] for index in rng.permutation(len(LEAKS))[: rng.integers(3, 5)])]
    late = [TOO_LATE[index] for index in rng.permutation(len(TOO_LATE))[: rng.integers(2, 4)]]
    before = [steps[index] for index in rng.permutation(len(steps))]
    first, last = (("report", f"accuracy of the {name} model", "test") for name in ("chosen", "new"))
    between = ("report", "accuracy of the new model", "validation")
    log = pd.DataFrame([*before, first, *late, between, last], columns=["action", "what", "pictures"])
    return {"log": log}
