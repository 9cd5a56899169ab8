"""Looking inside a model: layers, parameters, outputs on the way, changes of weights and features."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from course_utils.errors import CourseError

if TYPE_CHECKING:
    import keras


def parameter_counts(model: keras.Model) -> pd.Series:
    """Return the number of parameters: total, trainable, frozen."""
    total, trainable = model.count_params(), _count(model.trainable_weights)
    return pd.Series({"total": total, "trainable": trainable, "frozen": total - trainable})


def layer_table(model: keras.Model) -> pd.DataFrame:
    """Return one row a layer: name, type, output shape, parameters, how many of them are trainable."""
    rows = [
        {
            "layer": layer.name,
            "type": type(layer).__name__,
            "output shape": _shape(layer),
            "parameters": layer.count_params(),
            "trainable": _count(layer.trainable_weights),
        }
        for layer in model.layers
    ]
    return pd.DataFrame(rows)


def outputs_at(model: keras.Model, layer_names: Sequence[str]) -> keras.Model:
    """Return a model that answers the outputs of the named layers, sharing all weights.

    Raises:
        ValueError: from Keras, if the model has no layer of that name.
    """
    import keras

    inputs = model.inputs[0] if len(model.inputs) == 1 else model.inputs
    return keras.Model(inputs, [model.get_layer(name).output for name in layer_names])


def gradient(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """Return how the largest output of each input changes with the numbers of that input.

    Args:
        model: answers (n, outputs); is called as for predictions. Keras' backend calculates.
        inputs: float32 (n, …).

    Returns:
        float32, the shape of ``inputs``.
    """
    import keras

    largest = {"tensorflow": _gradient_tensorflow, "jax": _gradient_jax, "torch": _gradient_torch}
    return largest[keras.backend.backend()](model, inputs).astype("float32")


def _gradient_tensorflow(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    place = tf.convert_to_tensor(inputs)
    with tf.GradientTape() as tape:
        tape.watch(place)
        largest = tf.reduce_max(model(place, training=False), axis=1)
    return tape.gradient(largest, place).numpy()


def _gradient_jax(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    import jax

    return np.asarray(jax.grad(lambda place: model(place, training=False).max(axis=1).sum())(inputs))


def _gradient_torch(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    import keras

    place = keras.ops.convert_to_tensor(inputs).requires_grad_()
    model(place, training=False).max(dim=1).values.sum().backward()
    return place.grad.cpu().numpy()


def weight_change(before: keras.Model, after: keras.Model) -> pd.Series:
    """Return how far each block's kernels moved: length of the difference over length before.

    Args:
        before: a model of ``keras.applications`` with its old weights.
        after: the same network with its new weights.

    Returns:
        Block (the layer name up to the first ``_``) -> relative change, 0 for "did not move".

    Raises:
        CourseError: the models are not the same network.
    """
    moved, length = {}, {}
    for name, a, b in _kernel_pairs(before, after):
        block = name.split("_")[0]
        moved[block] = moved.get(block, 0.0) + float(((b - a) ** 2).sum())
        length[block] = length.get(block, 0.0) + float((a**2).sum())
    return pd.Series({block: (moved[block] / length[block]) ** 0.5 for block in moved})


def _count(weights: Iterable) -> int:
    return int(sum(np.prod(weight.shape) for weight in weights))


def _shape(layer: keras.layers.Layer) -> str:
    output = layer.output
    first = output[0] if isinstance(output, list | tuple) else output
    return "×".join(str(size) for size in first.shape[1:])


def _kernel_pairs(before: keras.Model, after: keras.Model) -> list[tuple[str, np.ndarray, np.ndarray]]:
    old, new = _kernels(before), _kernels(after)
    if [kernel.shape for _, kernel in old] != [kernel.shape for _, kernel in new]:
        raise CourseError(
            f"The weights of {before.name!r} and {after.name!r} cannot be compared.",
            cause="Expected one network twice, found kernels of other numbers or shapes.",
            next_step="give the base models, not the models around them.",
        )
    return [(name, a, b) for (name, a), (_, b) in zip(old, new, strict=True)]


def _kernels(model: keras.Model) -> list[tuple[str, np.ndarray]]:
    return [(layer.name, w) for layer in model.layers for w in layer.get_weights() if w.ndim == 4]
