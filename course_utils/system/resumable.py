"""A training that keeps checkpoints and goes on from them: the work behind ``resume.resumable``."""

from __future__ import annotations

import math
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_utils.errors import CourseError
from course_utils.system.checkpoints import Checkpoints
from course_utils.system.meter import Meter
from course_utils.system.same_training import PLAIN, START, check_same, described, moving

if TYPE_CHECKING:
    import keras

EVERY = 300.0  # seconds between two checkpoints inside a long epoch
OUT_OF_MEMORY = ("ResourceExhaustedError", "OutOfMemoryError")  # TensorFlow's and PyTorch's names

_begun: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # model -> folders of its trainings


class Resumable:
    """What ``resumable`` returns.

    Attributes:
        seconds: that the training took, all its parts together.
        peak_bytes: the most memory that this process held in it; see ``Meter``.
    """

    def __init__(self, fit: Callable, folder: Path, seed: int, fresh: bool, keep_weights: bool) -> None:
        self.seconds, self.peak_bytes = 0.0, 0
        self._fit, self._model = fit, fit.__self__
        self._folder, self._seed, self._fresh = Path(folder), seed, fresh
        self._keep_weights = keep_weights
        self._checkpoints = Checkpoints(self._folder)

    def __call__(
        self,
        x: np.ndarray,
        y: np.ndarray,
        *,
        epochs: int = 1,
        batch_size: int = 32,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        **others: object,
    ) -> keras.callbacks.History:
        """Train, or go on, or only take back what a finished training has left.

        Args:
            x: inputs (n, …); for a model that takes uint8, pictures as they were loaded.
            y: labels (n,), or one-hot (n, classes).
            epochs: as ``fit`` has them.
            batch_size: as ``fit`` has it.
            callbacks: as ``fit`` has them.
            **others: as ``fit`` has them, but no ``initial_epoch``.

        Returns:
            What ``fit`` returns, with the epochs before a cut as well. What the optimizer remembers is not
            kept of a finished training.

        Raises:
            CourseError: the folder holds another training, the loss is no number any more, the memory does
                not suffice, or the pictures were scaled already.
        """
        _check_raw(self._model, x)
        if not self._model.optimizer.built:
            self._model.optimizer.build(self._model.trainable_variables)
        if "validation_split" in others:  # as fit does it: the last ones
            kept = math.floor(len(x) * (1 - others.pop("validation_split")))
            x, y, others["validation_data"] = x[:kept], y[:kept], (x[kept:], y[kept:])
        self._x, self._y, self._epochs, self._beside = x, y, epochs, list(callbacks)
        numbers = {"epochs": epochs, "batch_size": batch_size, "seed": self._seed}
        self._facts = described(self._model, x, y, callbacks, others, **numbers)
        self._facts["keeps its weights"] = self._keep_weights
        self._at = {"epoch": 0, "step": 0, "batch_size": batch_size, "history": {}, "finished": False}
        self._kept: dict[str, np.ndarray] | None = None  # what is put back as soon as training begins
        self._find()
        self._before = self.seconds
        with Meter() as self._meter:
            while not self._at["finished"]:
                self._train(others)
        return self._history()

    def _find(self) -> None:
        """Take up the newest checkpoint, if there is one."""
        if self._fresh:
            self._checkpoints.clear()
        found = self._checkpoints.load()
        if found:
            kept = found[1].pop("facts")
            if self._folder in _begun.get(self._model, ()):  # this very model has moved on since then
                kept[START] = self._facts[START]
            check_same(self._folder.name, kept, self._facts)
            self._kept, self._at = found
            self._facts = kept
            self.seconds, self.peak_bytes = self._at["seconds"], self._at["peak_bytes"]
        _begun.setdefault(self._model, set()).add(self._folder)
        if self._at["finished"]:
            self._put_back()
            epochs = len(self._at["history"]["loss"])
            print(f"Trained before: {epochs} epochs in {self.seconds:.0f} s. FRESH = True trains anew.")
        elif found:
            print(f"Continuing at epoch {self._at['epoch'] + 1}, step {self._at['step'] + 1}.")

    def _train(self, others: dict[str, object]) -> None:
        """Call ``fit``: for the rest of an epoch that was cut off, or for all epochs that are left."""
        epoch, size = self._at["epoch"], self._at["batch_size"]
        self._first = self._at["step"]
        until = epoch + 1 if self._first else self._epochs
        if self._first:
            self._model.test_on_batch(self._x[:size], self._y[:size])  # makes the running metrics
        self._batches = _batches(self._x, self._y, size)
        self._set_order(epoch)
        self._saved = time.perf_counter()
        ours = {"callbacks": [*self._beside, self._saver()], "shuffle": False}
        ours |= {"initial_epoch": epoch, "epochs": until}
        try:
            self._fit(self._batches, **{"validation_batch_size": size} | others | ours)
        except Exception as error:
            if not _is_out_of_memory(error):
                raise
            self._halve(error)
            return
        if self._at["epoch"] >= self._epochs or self._model.stop_training:
            self._at["finished"] = True
            self._save()
        else:  # callbacks may change weights at the end of the part that was cut off
            self._kept = self._after_epoch

    def _set_order(self, epoch: int) -> None:
        """Give each epoch an order of its own, the same whenever it is asked for."""
        order = np.random.default_rng((self._seed, epoch)).permutation(len(self._x))
        self._batches.order = order[self._first * self._batches.size :]

    def _halve(self, error: Exception) -> None:
        size, step = self._at["batch_size"], self._at["step"]
        if "halved" in self._at or size < 2 or step * size >= len(self._x):
            raise CourseError(
                f"The memory does not suffice for batches of {size} inputs of shape {self._x.shape[1:]}.",
                cause="Twice as many were tried before." if "halved" in self._at else "",
                next_step="restart the runtime, then take a smaller batch or input size.",
            ) from error
        self._kept = self._snapshot()
        self._at |= {"batch_size": size // 2, "step": 2 * step, "halved": True}
        print(f"The memory does not suffice for batches of {size}; going on with {size // 2}.")

    def _history(self) -> keras.callbacks.History:
        import keras

        history = keras.callbacks.History()
        history.set_model(self._model)
        history.history = self._at["history"]
        history.epoch = list(range(self._at["epoch"]))
        self._model.history = history
        return history

    def _saver(self) -> keras.callbacks.Callback:
        import keras

        return keras.callbacks.LambdaCallback(
            on_train_begin=lambda logs: self._training_begins(),
            on_epoch_begin=lambda epoch, logs: self._epoch_begins(epoch),
            on_train_batch_end=lambda batch, logs: self._step_ended(batch, logs["loss"]),
            on_epoch_end=self._epoch_ended,
        )

    def _training_begins(self) -> None:
        self._metrics = self._kept or {}
        self._put_back()

    def _epoch_begins(self, epoch: int) -> None:
        if self._first:
            _assign(self._model.metrics_variables, self._metrics, "metrics")
        self._set_order(epoch)

    def _step_ended(self, batch: int, loss: float) -> None:
        self._at["step"] = self._first + batch + 1
        self._check_finite(loss)
        if time.perf_counter() - self._saved >= EVERY and batch + 1 < len(self._batches):
            self._save()

    def _epoch_ended(self, epoch: int, logs: dict[str, float]) -> None:
        self._check_finite(logs.get("val_loss", 0.0))
        for name, value in logs.items():
            self._at["history"].setdefault(name, []).append(float(value))
        is_last = epoch + 1 == self._epochs or self._model.stop_training
        self._at |= {"epoch": epoch + 1, "step": 0}
        if not is_last:
            arrays = self._save()
            self._after_epoch = arrays if self._first else None

    def _check_finite(self, loss: float) -> None:
        if math.isfinite(loss):
            return
        rate = float(self._model.optimizer.learning_rate)
        raise CourseError(
            f"The loss is {loss} at epoch {self._at['epoch'] + 1}, step {self._at['step']}.",
            cause=f"The learning rate there is {rate:.3g}. The last checkpoint with a finite loss is kept.",
            next_step=f"compile with a tenth of it ({rate / 10:.3g}), and give this training another name.",
        )

    # State

    def _snapshot(self) -> dict[str, np.ndarray]:
        """Return copies of all that the next step depends on, and note what callbacks remember."""
        groups = {"weights": moving(self._model), "optimizer": self._model.optimizer.variables}
        if self._at["step"]:
            groups["metrics"] = self._model.metrics_variables
        arrays = {
            f"{group} {number}": variable.numpy()
            for group, variables in groups.items()
            for number, variable in enumerate(variables)
        }
        self._at["beside"] = [_remembered(callback, PLAIN) for callback in self._beside]
        for number, callback in enumerate(self._beside):
            for name, value in _remembered(callback, list).items():
                arrays |= {f"{name} of {number} {at}": array for at, array in enumerate(value)}
        return arrays

    def _save(self) -> dict[str, np.ndarray]:
        arrays = self._snapshot()
        self._meter.look()
        self.seconds = self._before + self._meter.seconds
        self.peak_bytes = max(self.peak_bytes, self._meter.peak_bytes)
        self._at |= {"seconds": self.seconds, "peak_bytes": self.peak_bytes}
        if all(np.isfinite(value.sum()) for name, value in arrays.items() if name.startswith("weights")):
            kept = arrays
            if self._at["finished"]:  # the optimizer's memory is twice the rest, and of no use any more
                group = "weights " if self._keep_weights else ()
                kept = {name: value for name, value in arrays.items() if name.startswith(group)}
            facts = self._at | {"facts": self._facts}
            self._checkpoints.save(kept, facts, keep=1 if self._at["finished"] else 2)
        self._saved = time.perf_counter()
        return arrays

    def _put_back(self) -> None:
        if self._kept is None:
            return
        if self._keep_weights or not self._at["finished"]:
            _assign(moving(self._model), self._kept, "weights")
        if not self._at["finished"]:
            _assign(self._model.optimizer.variables, self._kept, "optimizer")
        for number, (callback, plain) in enumerate(zip(self._beside, self._at["beside"], strict=True)):
            vars(callback).update(plain)
            lists = {key.partition(f" of {number} ")[0] for key in self._kept if f" of {number} " in key}
            vars(callback).update({name: _list(self._kept, f"{name} of {number}") for name in lists})
        self._kept = None


def _batches(x: np.ndarray, y: np.ndarray, size: int) -> keras.utils.PyDataset:
    import keras

    class Batches(keras.utils.PyDataset):
        def __init__(self) -> None:
            super().__init__()
            self.size, self.order = size, np.arange(0)

        def __len__(self) -> int:
            return math.ceil(len(self.order) / size)

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            chosen = self.order[index * size : (index + 1) * size]
            return x[chosen], y[chosen]

    return Batches()


def _list(arrays: dict[str, np.ndarray], start: str) -> list[np.ndarray]:
    return [array for name, array in arrays.items() if name.rpartition(" ")[0] == start]


def _assign(variables: Sequence[keras.Variable], arrays: dict[str, np.ndarray], group: str) -> None:
    for variable, value in zip(variables, _list(arrays, group), strict=True):
        variable.assign(value)


def _remembered(callback: keras.callbacks.Callback, kinds: type | tuple) -> dict[str, object]:
    """Return what a callback remembers: plain values, or lists of arrays such as its best weights."""
    found = {name: value for name, value in vars(callback).items() if isinstance(value, kinds)}
    if kinds is list:
        found = {n: v for n, v in found.items() if v and all(isinstance(a, np.ndarray) for a in v)}
    return found


def _is_out_of_memory(error: Exception) -> bool:
    return type(error).__name__ in OUT_OF_MEMORY or "RESOURCE_EXHAUSTED" in str(error)


def _check_raw(model: keras.Model, x: np.ndarray) -> None:
    if model.inputs[0].dtype == "uint8" and x.dtype != np.uint8:
        raise CourseError(
            "The pictures were scaled already, and the model scales them again.",
            cause=f"It takes uint8 numbers from 0 to 255; found {x.dtype} from {x.min():g} to {x.max():g}.",
            next_step="give the pictures as they were loaded, or run the cell that splits them again.",
        )
