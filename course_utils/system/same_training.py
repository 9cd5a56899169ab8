"""Is this the training that was kept? What it depends on, in words that can be compared."""

from __future__ import annotations

import inspect
import itertools
import json
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.errors import CourseError, shown

if TYPE_CHECKING:
    import keras

PLAIN = (bool, int, float, str, type(None))
START = "weights at the start"


def described(
    model: keras.Model,
    x: np.ndarray,
    y: np.ndarray,
    callbacks: Sequence[keras.callbacks.Callback],
    others: dict[str, object],
    **numbers: int,
) -> dict[str, object]:
    """Return what a training depends on, as plain values.

    Args:
        model: compiled, before its first step.
        x: inputs (n, …).
        y: labels (n,).
        callbacks: that were given to ``fit``.
        others: what else was given to ``fit``.
        **numbers: epochs, batch_size, seed.
    """
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)  # of half precision
    settings = optimizer.get_config()
    rate = settings.pop("learning_rate", None)
    settings.pop("name", None)
    more = {
        name: value
        for name, value in others.items()
        if isinstance(value, (*PLAIN, dict)) and name != "verbose"
    }
    facts = {
        "layers": [layer_words(layer) for layer in leaves(model)],
        "optimizer": type(optimizer).__name__,
        "learning rate": _rate_words(rate),
        "other settings of the optimizer": _json(settings),
        "precision": model.dtype_policy.name,
        "loss": model.loss if isinstance(model.loss, PLAIN) else _words(model.loss, model.loss.get_config()),
        "training data": fingerprint(x, y),
        "validation data": fingerprint(*others.get("validation_data") or ()),
        "callbacks": [_callback_words(callback) for callback in callbacks],
        "other arguments of fit": more,
        START: fingerprint(*model.get_weights()).rpartition(" ")[2],
    }
    return json.loads(_json({name.replace("_", " "): value for name, value in numbers.items()} | facts))


def check_same(name: str, kept: dict[str, object], asked: dict[str, object]) -> None:
    """Refuse to go on with another training than the one that was kept.

    Args:
        name: of the training.
        kept: what ``described`` returned then.
        asked: what it returns now.

    Raises:
        CourseError: they differ; it lists in what.
    """
    differences = [
        f"{what}: kept {_first_difference(kept.get(what), asked[what])}"
        for what in asked
        if kept.get(what) != asked[what]
    ]
    if differences:
        raise CourseError(
            f"The training that was kept as {name!r} is another one than this.",
            cause="; ".join(differences) + ".",
            next_step="give this training another name, or set FRESH = True to forget the kept one.",
        )


def leaves(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Return the layers of a model that hold no other layers, those of nested models too."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from leaves(layer)
        else:
            yield layer


def moving(model: keras.Model) -> list[keras.Variable]:
    """Return the variables that training may change: all but the numbers of frozen layers.

    Random states of frozen layers are among them: a frozen Dropout draws, too.
    """
    frozen = {
        id(variable)
        for layer in leaves(model)
        if not layer.trainable
        for variable in layer.weights  # without random states
    }
    return [variable for variable in model.variables if id(variable) not in frozen]


def layer_words(layer: keras.layers.Layer) -> str:
    """Return what a layer is, for example ``"Dense(units=64, activation=relu, trainable=True)"``."""
    try:
        config = layer.get_config()
    except NotImplementedError:  # a layer that someone wrote
        config = {"shapes": str([variable.shape for variable in layer.weights])}
    config["trainable"] = layer.trainable
    config.pop("name", None)
    return _words(layer, config)


def fingerprint(*arrays: np.ndarray) -> str:
    """Return type, shape and a quick digest of arrays, for example ``"uint8 (1600, 32, 32, 3) 1c291ca3"``."""
    digest = 0
    for array in map(np.ascontiguousarray, arrays):
        digest = zlib.crc32(array.reshape(-1).view(np.uint8), digest)
    words = [f"{array.dtype} {array.shape}" for array in map(np.asarray, arrays)]
    return f"{', '.join(words)} {digest:08x}" if arrays else "none"


def _rate_words(rate: float | dict | None) -> str:
    if isinstance(rate, dict):
        plain = {name: value for name, value in rate["config"].items() if name != "name"}
        return f"{rate['class_name']}({', '.join(f'{name}={value}' for name, value in plain.items())})"
    return f"{rate:.6g}" if isinstance(rate, float) else str(rate)


def _callback_words(callback: keras.callbacks.Callback) -> str:
    """Return a callback with what it was made with; what it has seen since does not count."""
    made_with = inspect.signature(type(callback).__init__).parameters
    return _words(callback, {name: vars(callback)[name] for name in made_with if name in vars(callback)})


def _words(thing: object, config: dict[str, object]) -> str:
    plain = {name: value for name, value in config.items() if isinstance(value, (*PLAIN, tuple))}
    inside = ", ".join(f"{name}={value}" for name, value in plain.items() if value is not None)
    return f"{type(thing).__name__}({inside})"


def _first_difference(kept: object, asked: object) -> str:
    if isinstance(kept, list) and isinstance(asked, list):
        pairs = itertools.zip_longest(kept, asked, fillvalue="none")
        kept, asked = next((one, other) for one, other in pairs if one != other)
    return f"{shown(str(kept), limit=200)}, asked {shown(str(asked), limit=200)}"


def _json(value: object) -> str:
    return json.dumps(value, default=str)
