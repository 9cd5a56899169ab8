"""Data of the exercises of lesson 04."""

from __future__ import annotations

import numpy as np
import pandas as pd

from course_utils.checks.givens import given_for, pictures

BLOCKS = ("conv1", "conv2", "conv3", "conv4", "conv5")
PLANS = (  # five faults of a training in two phases, and a healthy one that looks a little worse
    {"accuracy": 0.06},
    {"accuracy": -0.004},
    {"accuracy": 0.005, "base": 0.0},
    {"accuracy": -0.05, "norm": 0.3},
    {"accuracy": 0.02, "early": 0.4},
    {"accuracy": -0.35, "rate": 1e-2},
)


def _filters(rng: np.random.Generator, count: int) -> list[int]:
    """Return how many filters the blocks of a small base have."""
    return rng.choice(np.arange(3, 25), size=count, replace=False).tolist()


def _small_pictures(rng: np.random.Generator, count: int) -> np.ndarray:
    """Draw uint8 pictures (count, 16, 16, 3) of random classes."""
    return pictures(rng, count)[:, ::2, ::2]


@given_for("04.1")
def schedule(rng: np.random.Generator) -> dict[str, object]:
    """Return a schedule (steps, steps of warm-up, first and highest rate), and the steps to look at."""
    warmup = int(rng.integers(3, 12)) * 10
    steps = warmup * int(rng.integers(6, 12))
    later = (rng.uniform(0.1, 0.9, size=5) * (steps - warmup)).astype(int) + warmup
    at = np.array([0, warmup // 2, warmup, *sorted(later.tolist()), steps])
    start, peak = float(rng.choice([1e-6, 5e-6, 1e-5])), float(rng.choice([1e-4, 2e-4, 3e-4, 5e-4]))
    return {"at": at, "steps": steps, "warmup": warmup, "start": start, "peak": peak}


@given_for("04.2")
def pixels(rng: np.random.Generator) -> dict[str, object]:
    """Return uint8 pictures (3, 32, 32, 3), RGB."""
    return {"images": pictures(rng, 3)}


@given_for("04.3")
def layers(rng: np.random.Generator) -> dict[str, object]:
    """Return a table of layers (layer, type, parameters), and the blocks that each phase unfreezes."""
    rows, channels = [], 3
    for block in BLOCKS:
        filters = int(rng.integers(8, 65))
        rows.append((f"{block}_conv", "Conv2D", (9 * channels + 1) * filters))
        rows.append((f"{block}_bn", "BatchNormalization", 4 * filters))
        rows.append((f"{block}_relu", "ReLU", 0))
        channels = filters
    units = int(rng.integers(16, 129))
    rows.append(("head_dense", "Dense", (channels + 1) * units))
    rows.append(("head_logits", "Dense", (units + 1) * 10))
    table = pd.DataFrame(rows, columns=["layer", "type", "parameters"])
    return {"layers": table, "phases": [(), ("conv5",), ("conv4", "conv5"), BLOCKS]}


@given_for("04.4")
def kernels(rng: np.random.Generator) -> dict[str, object]:
    """Return kernels before and after fine-tuning: layer name -> float32 array; some blocks have several."""
    before, after = {}, {}
    for block, layers_of_block in zip(BLOCKS, (1, 2, 3, 3, 2), strict=True):
        for number in range(1, layers_of_block + 1):
            name = f"{block}_conv" if layers_of_block == 1 else f"{block}_block1_{number}_conv"
            shape = (3, 3, *rng.integers(4, 13, size=2).tolist())
            before[name] = (rng.normal(size=shape) * rng.uniform(0.02, 0.5)).astype("float32")
            change = rng.normal(size=shape) * rng.uniform(0.001, 0.05)
            after[name] = (before[name] + change).astype("float32")
    return {"before": before, "after": after}


@given_for("04.5")
def last_layers(rng: np.random.Generator) -> dict[str, object]:
    """Return the filters of a small base, and how many of its last layers to unfreeze."""
    filters = _filters(rng, 4)
    return {"filters": filters, "count": int(rng.integers(5, 12))}


@given_for("04.6")
def augmentation(rng: np.random.Generator) -> dict[str, object]:
    """Return uint8 pictures (8, 16, 16, 3), and the filters of a small base."""
    return {"images": _small_pictures(rng, 8), "filters": _filters(rng, 2)}


@given_for("04.7")
def reports(rng: np.random.Generator) -> dict[str, object]:
    """Return reports of eight trainings, a row for each of their two phases."""
    plans = [*PLANS, *(PLANS[index] for index in rng.integers(2, len(PLANS), size=2))]
    return {"reports": [_report(rng, plans[index]) for index in rng.permutation(len(plans))]}


def _report(rng: np.random.Generator, plan: dict[str, float]) -> pd.DataFrame:
    first, rate = float(rng.choice([1e-3, 2e-3])), float(rng.choice([1e-5, 3e-5, 1e-4]))
    accuracy = rng.uniform(0.45, 0.7)
    early = plan.get("early", 0.0) * rng.uniform(0.5, 1.5)
    moved = 0.0 if plan.get("base") == 0.0 else rng.uniform(0.01, 0.05)
    parameters = int(rng.integers(200, 900)) * 1000
    columns = {
        "phase": [1, 2],
        "learning_rate": [first, plan.get("rate", rate)],
        "base_trainable": [parameters if early else 0, parameters],
        "base_moved": [round(early, 3), round(moved, 3)],
        "norm_moved": [0.0, round(plan.get("norm", 0.0) * rng.uniform(0.5, 1.5), 3)],
        "val_accuracy": [round(accuracy, 3), round(accuracy + plan["accuracy"], 3)],
    }
    return pd.DataFrame(columns)


@given_for("04.8")
def two_phases(rng: np.random.Generator) -> dict[str, object]:
    """Return uint8 pictures (64, 16, 16, 3), their labels, and the filters of a small base."""
    images = _small_pictures(rng, 64)
    return {"images": images, "labels": rng.integers(0, 10, size=64), "filters": _filters(rng, 2)}
