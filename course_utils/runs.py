"""What each training leaves for lesson 05: its history as a table, model, validation predictions."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from course_utils.errors import CourseError
from course_utils.inspection import parameter_counts
from course_utils.records import plain
from course_utils.system import run_folder
from course_utils.system.run_folder import HISTORY, MODEL, PREDICTIONS, TRAINING

if TYPE_CHECKING:
    import keras


FACTS = (
    *("model_name", "seed", "lesson", "data", "weights"),
    *("seconds", "parameters", "trainable_parameters", "model_bytes"),
)


@dataclass(frozen=True, eq=False)  # tables and arrays have no single answer to "equal?"
class Training:
    """One training, as it lies on disk.

    Attributes:
        model_name: name as shown, for example ``"CNN"``.
        seed: seed of the training.
        folder: where ``model.keras`` lies.
        history: one row an epoch: epoch, phase, loss, accuracy, val_loss, val_accuracy.
        val_labels: int64 (n,).
        val_probabilities: float32 (n, 10), rows sum to 1.
        facts: model_name, seed, lesson, data, weights, seconds, parameters, trainable_parameters,
            model_bytes, and what else was given to ``save_run``.
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
) -> Training:
    """Write ``runs/<model>-<seed>/`` and return it. A folder of the same name is replaced as a whole.

    If something goes wrong, the folder that was there before stays as it was.

    Args:
        out: folder of the run.
        model_name: name as shown.
        model: takes uint8 (n, 32, 32, 3) and answers logits (n, 10); saved without optimizer.
        history: one row an epoch (see ``history_frame``).
        seed: seed of the training.
        val_labels: int (n,).
        val_probabilities: float (n, 10), rows sum to 1.
        **facts: what else lesson 05 shows: lesson, data, weights, seconds, and more, as plain values.

    Raises:
        CourseError: labels and probabilities do not fit each other, or a fact is missing or no plain value.
    """
    _check_predictions(model_name, val_labels, val_probabilities)
    counts = parameter_counts(model)
    size = {"parameters": int(counts["total"]), "trainable_parameters": int(counts["trainable"])}
    same = {"model_name": model_name, "seed": seed}
    facts = plain(facts | size | same)
    folder = run_folder.own_path(run_folder.training(out, ""), model_name, f"-{seed}", same, facts=TRAINING)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".run-", dir=out) as temporary:
        new = Path(temporary) / "new"
        new.mkdir()
        with _not_compiled(model):
            model.save(new / MODEL)
        history.to_csv(new / HISTORY, index=False)
        np.savez(new / PREDICTIONS, labels=val_labels, probabilities=val_probabilities)
        facts["model_bytes"] = (new / MODEL).stat().st_size
        (new / TRAINING).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        read_run(new)
        if folder.exists():
            os.replace(folder, Path(temporary) / "old")
        os.replace(new, folder)
    return read_run(folder)


def read_run(folder: Path) -> Training:
    """Return the run that lies in a folder.

    Raises:
        CourseError: a file of the run is missing or damaged. The model's own content is not checked.
    """
    try:
        (folder / MODEL).stat()
        facts = json.loads((folder / TRAINING).read_text(encoding="utf-8"))
        history = pd.read_csv(folder / HISTORY)
        with np.load(folder / PREDICTIONS, allow_pickle=False) as arrays:
            labels, probabilities = arrays["labels"], arrays["probabilities"]
        name, seed, *_ = (facts[key] for key in FACTS)
    except (OSError, EOFError, TypeError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise CourseError(
            f"The run in {folder} cannot be read.",
            cause=" ".join(f"{type(error).__name__}: {error}".split()),
            next_step="delete the folder and run its lesson again.",
        ) from error
    return Training(name, seed, folder, history, labels, probabilities, facts)


def read_runs(out: Path, **wanted: str) -> list[Training]:
    """Return the runs under ``out`` in the order of lessons, then as they were saved.

    Args:
        out: folder of the run.
        **wanted: facts that a run must have, for example ``data="published", profile="laptop"``.

    Raises:
        CourseError: a run is damaged. Its folder is named, and left as it is.
    """
    found = map(read_run, run_folder.trainings(out))
    runs = [run for run in found if all(run.facts.get(fact) == value for fact, value in wanted.items())]
    return sorted(runs, key=lambda run: (run.facts["lesson"], (run.folder / TRAINING).stat().st_mtime_ns))


def runs_table(runs: list[Training]) -> pd.DataFrame:
    """Return one row a run: model, seed, lesson, weights, epochs, seconds, validation accuracy (0-1)."""
    columns = ("model", "seed", "lesson", "weights", "epochs", "seconds", "validation accuracy")
    rows = [
        run.facts | {"model": run.model_name, "epochs": len(run.history), columns[-1]: run.val_accuracy}
        for run in runs
    ]
    return pd.DataFrame(rows, columns=columns)


@contextlib.contextmanager
def _not_compiled(model: keras.Model) -> Iterator[None]:
    """Inside the block, the model and the models in it (a head) have no optimizer; then all is as before.

    The optimizer's state would double or triple the file, and predicting does not need it.
    """
    compiled = [(each, each.optimizer) for each in _models(model) if each.compiled]
    for each, _ in compiled:
        each.compiled, each.optimizer = False, None
    try:
        yield
    finally:
        for each, optimizer in compiled:
            each.compiled, each.optimizer = True, optimizer


def _models(model: keras.Model) -> Iterator[keras.Model]:
    import keras

    yield model
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _models(layer)


def _check_predictions(model_name: str, labels: np.ndarray, probabilities: np.ndarray) -> None:
    if labels.ndim == 1 and probabilities.ndim == 2 and len(labels) == len(probabilities):
        return
    raise CourseError(
        f"The run of {model_name!r} was not saved: its validation labels and predictions do not fit.",
        cause=f"Expected shapes (n,) and (n, classes), found {labels.shape} and {probabilities.shape}.",
        next_step="predict the validation pictures, and give their labels without a second axis.",
    )


def history_frame(*histories: object, phases: tuple[str, ...] = ("training",)) -> pd.DataFrame:
    """Join what one or more ``fit`` calls returned, one row an epoch.

    Args:
        *histories: ``keras.callbacks.History`` objects, in order.
        phases: a name for each, for example ``("head", "fine-tuning")``.

    Returns:
        Columns epoch (1, 2, …, counted on), phase, and Keras' metrics: loss, accuracy, val_loss …

    Raises:
        CourseError: there is no history, or not one name for each.
    """
    if not histories or len(histories) != len(phases):
        raise CourseError(
            "The training histories cannot be joined.",
            cause=f"Expected one name for each, found {len(histories)} histories and phases={phases!r}.",
            next_step='give for example phases=("head", "fine-tuning").',
        )
    frames = [pd.DataFrame(history.history) for history in histories]
    frame = pd.concat(frames, ignore_index=True)
    frame.insert(0, "phase", np.repeat(phases, [len(one) for one in frames]))
    frame.insert(0, "epoch", range(1, len(frame) + 1))
    return frame


def epochs_to_reach(history: pd.DataFrame, share: float = 0.9) -> int:
    """Return the first epoch whose validation accuracy is at least ``share`` of the best one.

    Args:
        history: a table of ``history_frame``.
        share: between 0 and 1.
    """
    enough = history["val_accuracy"] >= share * history["val_accuracy"].max()
    return int(history.loc[enough.idxmax(), "epoch"])
