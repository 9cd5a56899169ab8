"""Looking inside a model: layers, parameters, outputs on the way, changes of weights and features."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
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


def weight_change(before: Sequence[np.ndarray], model: keras.Model) -> pd.Series:
    """Return how far each block's kernels moved: length of the difference over length before.

    Args:
        before: the old weights, what ``model.get_weights()`` gave then.
        model: of ``keras.applications``, with its new weights.

    Returns:
        Block (the layer name up to the first ``_``) -> relative change, 0 for "did not move".

    Raises:
        CourseError: the old weights are not of this network.
    """
    names = [layer.name for layer in model.layers for _ in layer.weights]
    after = model.get_weights()
    if [array.shape for array in before] != [array.shape for array in after]:
        raise CourseError(
            f"The old weights cannot be compared with those of {model.name!r}.",
            cause="Expected the weights of the same network, found arrays of other numbers or shapes.",
            next_step="give what get_weights() of the base gave before, not of the model around it.",
        )
    moved, length = {}, {}
    for name, old, new in zip(names, before, after, strict=True):
        if old.ndim == 4:  # the kernel of a convolution
            block = name.split("_")[0]
            moved[block] = moved.get(block, 0.0) + float(((new - old) ** 2).sum())
            length[block] = length.get(block, 0.0) + float((old**2).sum())
    return pd.Series({block: (moved[block] / length[block]) ** 0.5 for block in moved})


def _count(weights: Iterable) -> int:
    return int(sum(np.prod(weight.shape) for weight in weights))


def _shape(layer: keras.layers.Layer) -> str:
    output = layer.output
    first = output[0] if isinstance(output, list | tuple) else output
    return "×".join(str(size) for size in first.shape[1:])


def heat_maps(model: keras.Model, pictures: np.ndarray) -> np.ndarray:
    """Return which places of each picture speak for the class that the model names (Grad-CAM).

    As lesson 04 does it step by step, at the last layer that still has rows and columns, also where that
    layer lies inside the model's base. Source: Selvaraju et al., Grad-CAM, ICCV 2017.

    Args:
        model: takes pictures, answers (n, classes), one number a class.
        pictures: what the model takes, (n, height, width, channels).

    Returns:
        float32 (n, rows, columns), from 0 to 1 for each picture.

    Raises:
        CourseError: no layer of the model has rows and columns.
    """
    to_maps, to_answer = _halves(model)
    maps = to_maps.predict(pictures, verbose=0)
    importance = gradient(to_answer, maps).mean(axis=(1, 2), keepdims=True)
    heat = np.maximum((maps * importance).sum(axis=-1), 0)
    return heat / (heat.max(axis=(1, 2), keepdims=True) + 1e-9)


@lru_cache(maxsize=4)  # one model is asked for many pictures; a base counts as one more
def _halves(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Cut a model at its last maps: inputs to maps, and maps to answers. Weights are shared."""
    import keras

    last = None

    def call(layer: object, *inputs: object, **options: object) -> object:
        nonlocal last
        if isinstance(layer, keras.Model) and _has_maps_inside(layer):
            to_maps, to_output = _halves(layer)
            last = to_maps(*inputs)
            return to_output(last)
        output = layer(*inputs, **options)
        if _is_map(output) and isinstance(layer, keras.layers.Layer):
            last = output
        return output

    chain = keras.Model(model.inputs, model.outputs[0])  # a Sequential model cannot be cloned so
    whole = keras.models.clone_model(chain, clone_function=lambda layer: layer, call_function=call)
    if last is None:
        raise CourseError(
            f"The model {model.name!r} has no maps to show.",
            cause="None of its layers has rows and columns.",
            next_step="give a model with convolutions.",
        )
    return keras.Model(whole.inputs, last), keras.Model(last, whole.outputs[0])


def _has_maps_inside(layer: keras.Model) -> bool:
    return not _is_map(layer.outputs[0]) and any(_is_map(inner.output) for inner in layer.layers)


def _is_map(output: object) -> bool:
    return len(getattr(output, "shape", ())) == 4
