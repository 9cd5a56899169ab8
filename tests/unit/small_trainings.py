"""A training of seconds with all that must survive a cut: momenta, schedule, augmentation, Dropout, norm."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from course_utils.resume import resumable
from course_utils.system import resumable as engine
from course_utils.system.resumable import Resumable

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (24, 8, 8, 3), dtype=np.uint8)
LABELS = RNG.integers(0, 10, 24)
STEPS = 3  # an epoch, in batches of 8
EPOCHS = 3


def small_model(units: int = 10, rate: float | None = None, *, hidden: int = 8, seed: int = 0):
    """Return a compiled model; without a rate it follows a schedule.

    It runs eagerly: nothing is compiled, so each training comes to its first step much sooner.
    """
    import keras

    keras.utils.set_random_seed(seed)
    layers = [
        keras.layers.Rescaling(1 / 255),
        keras.layers.RandomFlip("horizontal"),
        keras.layers.Flatten(),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(hidden),
        keras.layers.BatchNormalization(),
        keras.layers.Dense(units),
    ]
    model = keras.Sequential([keras.Input((8, 8, 3), dtype="uint8"), *layers])
    schedule = keras.optimizers.schedules.CosineDecay(1e-2, STEPS * EPOCHS)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate or schedule), loss, metrics=["accuracy"], run_eagerly=True)
    return model


def train(model, folder: Path, *, cut_after: int = 0, **more: object):
    """Train; return history and weights, or None if the training was cut off after so many steps."""
    settings = {"seed": more.pop("seed", 0), "fresh": more.pop("fresh", False)}
    fit = resumable(model.fit, folder, **settings)
    if cut_after:
        fit.__class__, fit.left = Cut, cut_after
    arguments = {"epochs": EPOCHS, "batch_size": 8, "verbose": 0} | more
    x, y = arguments.pop("x", PICTURES), arguments.pop("y", LABELS)
    try:
        history = fit(x, y, **arguments)
    except KeyboardInterrupt:
        return None
    return history.history, model.get_weights()


class Cut(Resumable):
    """A training that ends in the middle, as a killed process would."""

    left = 0

    def _step_ended(self, batch: int, loss: float) -> None:
        super()._step_ended(batch, loss)
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def is_same(one: tuple, other: tuple) -> bool:
    """Say whether two trainings ended with the very same history and weights."""
    pairs = zip(one[1], other[1], strict=True)
    return one[0] == other[0] and all(np.array_equal(a, b) for a, b in pairs)


def save_each_step() -> None:
    """Let all trainings of this process keep a checkpoint a step, not one in five minutes."""
    engine.EVERY = 0.0
