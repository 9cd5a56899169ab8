"""Models and histories of Keras as plain data: names, classes, flags and counts.

=========  =============================================================================================
model      class, name, parameters, trainable_parameters, input_shape, output_shape, compiled (null, or
           optimizer, learning_rate, loss), layers: one dict a layer
layer      class, name, trainable, parameters, trainable_parameters, output_shape, config (simple values
           only), layers: of a nested model, else empty
loss       class, config; a learning rate that changes is described alike
history    epochs, metrics: name -> list of floats
=========  =============================================================================================
"""

from __future__ import annotations

import math
import sys

from course_utils.checks import limits
from course_utils.errors import CourseError


def keras_to_plain(answer: object) -> dict[str, object] | None:
    """Reduce an object of Keras to plain data; None: it is of another library.

    Raises:
        CourseError: a subclass that the notebook made itself, or a model of too many layers.
    """
    keras = sys.modules.get("keras")
    if keras is None:
        return None
    is_keras_own = _is_keras_own(answer)
    if isinstance(answer, keras.Model):
        return _model(answer) if is_keras_own else _refuse_subclass(answer)
    if is_keras_own and isinstance(answer, keras.callbacks.History):
        return _history(answer)
    return None


def _is_keras_own(thing: object) -> bool:
    return type(thing).__module__.startswith("keras.src.")


def _refuse_subclass(answer: object) -> None:
    raise CourseError(
        f"This model is of the class {type(answer).__name__[:100]}, which cannot be checked.",
        cause="Expected keras.Sequential or keras.Model(inputs, outputs).",
        next_step="build it from layers, as the lesson does.",
    )


def _model(model) -> dict[str, object]:
    return {
        "kind": "model",
        **_network(model, [limits.LAYERS]),
        "input_shape": _shape(getattr(model, "input_shape", None)),
        "output_shape": _shape(getattr(model, "output_shape", None)),
        "compiled": _compiled(model),
    }


def _network(network, left: list[int]) -> dict[str, object]:
    """Describe what models and layers share; ``left`` counts down how many layers there may be."""
    return {
        "class": type(network).__name__,
        "name": _name(network.name),
        "parameters": int(network.count_params()) if network.built else None,
        "trainable_parameters": sum(math.prod(weight.shape) for weight in network.trainable_weights),
        "layers": [_layer(layer, left) for layer in getattr(network, "layers", [])],
    }


def _layer(layer, left: list[int]) -> dict[str, object]:
    left[0] -= 1
    if left[0] < 0:
        raise CourseError(
            "This model is too large.",
            cause=f"It has more than {limits.LAYERS:,} layers.",
            next_step="hand in the model that the exercise asks for.",
        )
    output = getattr(layer, "output", None) if getattr(layer, "_inbound_nodes", None) else None
    return _network(layer, left) | {
        "trainable": bool(layer.trainable),
        "output_shape": _shape(getattr(output, "shape", None)),
        "config": _simple(layer.get_config()) if _is_keras_own(layer) else {},
    }


def _compiled(model) -> dict[str, object] | None:
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        return None
    rate = optimizer.get_config().get("learning_rate")
    is_plan = isinstance(rate, dict)
    return {
        "optimizer": type(optimizer).__name__,
        "learning_rate": _settings(rate["class_name"], rate["config"]) if is_plan else _finite(float(rate)),
        "loss": _loss(getattr(model, "loss", None)),
    }


def _loss(loss: object) -> dict[str, object] | None:
    """Describe a loss that was given as a text or an object."""
    if loss is None:
        return None
    if isinstance(loss, str):
        return _settings(loss, {})
    return _settings(type(loss).__name__, loss.get_config() if hasattr(loss, "get_config") else {})


def _settings(name: object, config: dict) -> dict[str, object]:
    return {"class": _name(name), "config": _simple(config)}


def _history(history) -> dict[str, object]:
    metrics = {
        _name(name): [_finite(float(value)) for value in values[: limits.ITEMS]]
        for name, values in history.history.items()
    }
    return {"kind": "history", "epochs": len(history.epoch), "metrics": metrics}


def _simple(config: dict) -> dict[str, object]:
    """Keep flags, numbers, short texts, and short lists of these; drop what is nested deeper."""
    kept = {}
    for key, value in list(config.items())[:60]:
        is_list = isinstance(value, list | tuple)
        values = [_finite(item) for item in value] if is_list else [_finite(value)]
        if len(values) <= 8 and all(map(_is_simple, values)):
            kept[_name(key)] = values if is_list else values[0]
    return kept


def _is_simple(value: object) -> bool:
    if type(value) is str:
        return len(value) <= limits.NAME_CHARACTERS
    return type(value) in (bool, int, float, type(None))


def _finite(value: object) -> object:
    return str(value) if type(value) is float and not math.isfinite(value) else value


def _shape(shape: object) -> list[int | None] | None:
    if not isinstance(shape, tuple | list) or not all(size is None or type(size) is int for size in shape):
        return None
    return list(shape)


def _name(name: object) -> str:
    return str(name)[: limits.NAME_CHARACTERS]
