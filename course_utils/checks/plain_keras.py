"""Models, layers, settings and histories of Keras as plain data: names, classes, flags and counts.

=========  =============================================================================================
model      class, name, parameters, trainable_parameters, input_shape, output_shape, compiled (null, or
           optimizer, learning_rate, loss, metrics), layers: one dict a layer
layer      class, name, trainable, parameters, trainable_parameters, output_shape, config (simple values
           only), layers: of a nested model, else empty
settings   class, config: of an optimizer, schedule or loss
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
    is_keras_own = type(answer).__module__.startswith("keras.src.")
    if isinstance(answer, keras.Model):
        return _model(answer) if is_keras_own else _refuse_subclass(answer)
    if not is_keras_own:
        return None
    if isinstance(answer, keras.layers.Layer):
        return {"kind": "layer"} | _layer(answer, [limits.LAYERS])
    if isinstance(answer, keras.callbacks.History):
        return _history(answer)
    learning_rates = keras.optimizers.schedules.LearningRateSchedule
    if isinstance(answer, keras.optimizers.Optimizer | keras.losses.Loss | learning_rates):
        return {"kind": "settings", **_settings(answer)}
    return None


def _refuse_subclass(answer: object) -> None:
    raise CourseError(
        f"This model is of the class {type(answer).__name__[:100]}, which cannot be checked.",
        cause="Expected keras.Sequential or keras.Model(inputs, outputs).",
        next_step="build it from layers, as the lesson does.",
    )


def _model(model) -> dict[str, object]:
    left = [limits.LAYERS]
    return {
        "kind": "model",
        "class": type(model).__name__,
        "name": _name(model.name),
        "parameters": _parameters(model),
        "trainable_parameters": _count(model.trainable_weights),
        "input_shape": _shape(getattr(model, "input_shape", None)),
        "output_shape": _shape(getattr(model, "output_shape", None)),
        "compiled": _compiled(model),
        "layers": [_layer(layer, left) for layer in model.layers],
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
    return {
        "class": type(layer).__name__,
        "name": _name(layer.name),
        "trainable": bool(layer.trainable),
        "parameters": _parameters(layer),
        "trainable_parameters": _count(layer.trainable_weights),
        "output_shape": _shape(getattr(output, "shape", None)),
        "config": _simple(layer.get_config()) if type(layer).__module__.startswith("keras.src.") else {},
        "layers": [_layer(inner, left) for inner in getattr(layer, "layers", [])],
    }


def _compiled(model) -> dict[str, object] | None:
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        return None
    config = model.get_compile_config() or {}
    return {
        "optimizer": type(optimizer).__name__,
        "learning_rate": _learning_rate(optimizer),
        "loss": _settings_of(getattr(model, "loss", None)),
        "metrics": [_settings_of(metric) for metric in _flat(config.get("metrics"))],
    }


def _learning_rate(optimizer) -> float | dict[str, object]:
    rate = optimizer.get_config().get("learning_rate")
    if isinstance(rate, dict):
        return {"class": _name(rate.get("class_name")), "config": _simple(rate.get("config", {}))}
    return _finite(float(rate))


def _settings_of(thing: object) -> dict[str, object] | None:
    """Describe a loss or metric that was given as a text, a serialised dict or an object."""
    if thing is None:
        return None
    if isinstance(thing, str):
        return {"class": _name(thing), "config": {}}
    if isinstance(thing, dict):
        return {"class": _name(thing.get("class_name")), "config": _simple(thing.get("config") or {})}
    return _settings(thing)


def _settings(thing) -> dict[str, object]:
    config = thing.get_config() if hasattr(thing, "get_config") else {}
    return {"class": type(thing).__name__, "config": _simple(config)}


def _flat(metrics: object) -> list:
    if metrics is None:
        return []
    if isinstance(metrics, dict) and "class_name" not in metrics:
        metrics = list(metrics.values())
    if not isinstance(metrics, list | tuple):
        return [metrics]
    return [inner for metric in metrics for inner in _flat(metric)]


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
        values = list(value) if isinstance(value, list | tuple) else [value]
        if len(values) <= 8 and all(_is_simple(item) for item in values):
            kept[_name(key)] = (
                [_finite(v) for v in values] if isinstance(value, list | tuple) else _finite(value)
            )
    return kept


def _is_simple(value: object) -> bool:
    return type(value) in (bool, int, float, type(None)) or (
        type(value) is str and len(value) <= limits.NAME_CHARACTERS
    )


def _finite(value: object) -> object:
    return str(value) if type(value) is float and not math.isfinite(value) else value


def _parameters(layer) -> int | None:
    return int(layer.count_params()) if layer.built else None


def _count(weights: list) -> int:
    return int(sum(math.prod(weight.shape) for weight in weights))


def _shape(shape: object) -> list[int | None] | None:
    if not isinstance(shape, tuple | list) or not all(size is None or type(size) is int for size in shape):
        return None
    return list(shape)


def _name(name: object) -> str:
    return str(name)[: limits.NAME_CHARACTERS]
