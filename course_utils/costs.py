"""What a training costs: seconds, memory, arithmetic, and how soon it is good enough."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from course_utils.inspection import parameter_counts
from course_utils.runs import epochs_to_reach, history_frame
from course_utils.system.meter import Meter
from course_utils.system.same_training import leaves

if TYPE_CHECKING:
    import keras

    from course_utils.lesson import Lesson
    from course_utils.system.resumable import Resumable

__all__ = ["Meter", "forward_flops", "record_training"]

KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")  # a separable convolution has the last two


def forward_flops(model: keras.Model) -> int:
    """Return the floating-point operations of convolutions and dense layers for one picture, forwards.

    A multiplication and an addition are two operations. Counted are ``Dense``, ``Conv``, ``DepthwiseConv``
    and ``SeparableConv``, of any number of dimensions. Normalisation, activations and pooling are left
    out: they are a small part of the networks of this course, which have no attention or recurrent layers
    (they would count nothing, or too little). A training step costs about three times as much for layers
    that train.

    Args:
        model: with a fixed input size; nested models are counted too.
    """
    total = 0
    for layer in leaves(model):
        kernels = [getattr(layer, name) for name in KERNELS if hasattr(layer, name)]
        if kernels:
            places = math.prod(layer.output.shape[1:-1])  # how often a kernel is used for one picture
            total += 2 * places * sum(math.prod(kernel.shape) for kernel in kernels)
    return total


def record_training(
    lesson: Lesson,
    name: str,
    model: keras.Model,
    phases: Mapping[str, tuple[keras.callbacks.History, Meter | Resumable]],
    parts: Mapping[str, tuple[np.ndarray, np.ndarray]],
    **conditions: object,
) -> pd.Series:
    """Write the records of one training: accuracy on each part, and what the training cost.

    Args:
        lesson: the bookkeeper.
        name: of the model, as it will stand in tables.
        model: the trained model, with a fixed input size; answers logits or probabilities (n, 10).
        phases: name of the phase -> what ``fit`` returned, with ``val_accuracy``, and what measured it: a
            ``Meter`` around it, or the resumable ``fit`` itself. The epochs of a phase count equally.
        parts: ``"train"`` and what else there is of ``"val"`` and ``"test"`` -> what the model takes
            (n, …), and labels int (n,).
        **conditions: what the records name beside the lesson's own and the number of epochs, for example
            ``size=64``.

    Returns:
        Part -> accuracy, 0-1.
    """
    curve = history_frame(*(history for history, _ in phases.values()), phases=tuple(phases))
    meters = {phase: meter for phase, (_, meter) in phases.items()}
    conditions = {"epochs": len(curve)} | conditions
    for metric, unit, value in _costs(model, curve, meters, pictures=len(parts["train"][1])):
        lesson.record(name, metric, value, unit=unit, split="train", **conditions)
    accuracies = {}
    for part, (inputs, labels) in parts.items():
        accuracies[part] = np.mean(model.predict(inputs, verbose=0).argmax(axis=1) == labels)
        lesson.record(name, "accuracy", accuracies[part], unit="fraction", split=part, **conditions)
    return pd.Series(accuracies, name=name)


def _costs(
    model: keras.Model, curve: pd.DataFrame, meters: Mapping[str, Meter | Resumable], *, pictures: int
) -> list[tuple[str, str, float]]:
    epochs = epochs_to_reach(curve)
    seconds = sum(meter.seconds for meter in meters.values())
    in_phase = curve["phase"].value_counts()
    per_epoch = curve["phase"].map({phase: meters[phase].seconds / n for phase, n in in_phase.items()})
    counts = parameter_counts(model)
    return [
        ("seconds", "s", seconds),
        ("seconds_to_90", "s", per_epoch[:epochs].sum()),
        ("epochs_to_90", "epochs", epochs),
        ("images_per_second", "1/s", pictures * len(curve) / seconds),
        ("peak_bytes", "bytes", max(meter.peak_bytes for meter in meters.values())),
        ("parameters", "parameters", counts["total"]),
        ("trainable_parameters", "parameters", counts["trainable"]),
        ("flops", "FLOP a picture", forward_flops(model)),
    ]
