"""What each training leaves for lesson 05: history, model, validation predictions."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from course_utils.errors import CourseError
from course_utils.records import slug

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Run:
    """One training, as it lies on disk.

    Attributes:
        model_name: name as shown, for example ``"CNN"``.
        seed: seed of the training.
        folder: where ``model.keras`` lies.
        history: one row an epoch: epoch, phase, loss, accuracy, val_loss, val_accuracy.
        val_labels: int64 (n,).
        val_probabilities: float32 (n, 10), rows sum to 1.
        facts: data, weights, profile, seconds, parameters, trainable_parameters, model_bytes.
    """

    model_name: str
    seed: int
    folder: Path
    history: pd.DataFrame
    val_labels: np.ndarray
    val_probabilities: np.ndarray
    facts: dict

    @property
    def val_accuracy(self) -> float:
        """Share of validation pictures whose most probable class is right, 0-1."""
        return float((self.val_probabilities.argmax(1) == self.val_labels).mean())


def save_run(
    out: Path,
    model_name: str,
    model: keras.Model,
    history: pd.DataFrame,
    *,
    seed: int,
    val_labels: np.ndarray,
    val_probabilities: np.ndarray,
    **facts: object,
) -> Run:
    """Write ``runs/<model>-<seed>/`` and return it. A folder of the same name is replaced as a whole.

    Args:
        out: folder of the run.
        model_name: name as shown.
        model: takes uint8 (n, 32, 32, 3) and answers logits (n, 10); saved without optimizer.
        history: one row an epoch (see ``history.history_frame``).
        seed: seed of the training.
        val_labels: int (n,).
        val_probabilities: float (n, 10), rows sum to 1.
        **facts: what else lesson 05 shows: data, weights, profile, seconds …
    """
    folder = out / "runs" / f"{slug(model_name)}-{seed}"
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    temporary.mkdir(parents=True)
    _without_optimizer(model).save(temporary / "model.keras")
    history.to_csv(temporary / "history.csv", index=False)
    np.savez(temporary / "val_predictions.npz", labels=val_labels, probabilities=val_probabilities)
    facts |= {"model_name": model_name, "seed": seed, "parameters": model.count_params()}
    facts["model_bytes"] = (temporary / "model.keras").stat().st_size
    (temporary / "run.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(temporary, folder)
    return read_run(folder)


def read_run(folder: Path) -> Run:
    """Return the run that lies in a folder.

    Raises:
        CourseError: a file of the run is missing or damaged.
    """
    try:
        facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        history = pd.read_csv(folder / "history.csv")
        with np.load(folder / "val_predictions.npz", allow_pickle=False) as arrays:
            labels, probabilities = arrays["labels"], arrays["probabilities"]
        name, seed = facts["model_name"], facts["seed"]
    except (OSError, ValueError, KeyError) as error:
        raise CourseError(
            f"The run in {folder} cannot be read.",
            cause=f"{type(error).__name__}: {error}",
            next_step="delete the folder and run its lesson again.",
        ) from error
    return Run(name, seed, folder, history, labels, probabilities, facts)


def read_runs(out: Path, *, data: str | None = None) -> list[Run]:
    """Return the runs under ``out`` in the order of lessons, then as they were saved.

    Args:
        out: folder of the run.
        data: only runs on these pictures (see ``Cifar10.source``); None: all.
    """
    files = sorted((out / "runs").glob("*/run.json"), key=lambda path: path.stat().st_mtime_ns)
    runs = [read_run(path.parent) for path in files]
    chosen = [run for run in runs if data is None or run.facts["data"] == data]
    return sorted(chosen, key=lambda run: run.facts["lesson"])


def runs_table(runs: list[Run]) -> pd.DataFrame:
    """Return one row a run: model, seed, lesson, weights, epochs, seconds, validation accuracy (0-1)."""
    rows = [
        {
            "model": run.model_name,
            "seed": run.seed,
            "lesson": run.facts["lesson"],
            "weights": run.facts["weights"],
            "epochs": len(run.history),
            "seconds": run.facts["seconds"],
            "validation accuracy": run.val_accuracy,
        }
        for run in runs
    ]
    columns = ("model", "seed", "lesson", "weights", "epochs", "seconds", "validation accuracy")
    return pd.DataFrame(rows, columns=columns)


def _without_optimizer(model: keras.Model) -> keras.Model:
    """The optimizer's state would double or triple the file, and predicting does not need it."""
    import keras

    return keras.Model(model.inputs, model.outputs, name=model.name)
