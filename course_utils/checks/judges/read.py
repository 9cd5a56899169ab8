"""Reading plain answers in judges. Each function returns ordinary values, or raises a kind Hint.

``what`` is how hints call the thing that is read, for example ``"the loss"``.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from course_utils.checks.judges import Hint
from course_utils.checks.plain import Plain

NAMES = {
    "nothing": "None",
    "flag": "True or False",
    "number": "a number",
    "text": "a text",
    "array": "an array",
    "list": "a list",
    "mapping": "a dict",
    "series": "a pandas Series",
    "table": "a table",
    "model": "a Keras model",
    "history": "a History",
}
YOURS = "your answer"


# Single values


def number(answer: Plain, *, what: str = YOURS) -> float:
    """Return a finite number; arrays of one value count as numbers."""
    if answer["kind"] == "array" and math.prod(answer["shape"]) == 1:
        value = float(array(answer).ravel()[0])
    else:
        value = float(_expected("number", answer, what)["value"])
    if not math.isfinite(value):
        raise Hint(f"{start(what)} is {value}, which is no finite number. Is there a division by zero?")
    return value


def whole_number(answer: Plain, *, what: str = YOURS) -> int:
    """Return a whole number."""
    value = number(answer, what=what)
    if value != int(value):
        raise Hint(f"{start(what)} is {value:g}. A whole number is expected.")
    return int(value)


def text(answer: Plain, *, what: str = YOURS) -> str:
    """Return a text without spaces around it."""
    return _expected("text", answer, what)["value"].strip()


def flag(answer: Plain, *, what: str = YOURS) -> bool:
    """Return True or False."""
    return _expected("flag", answer, what)["value"]


# Several values


def items(answer: Plain, count: int | None = None, *, what: str = YOURS) -> list[Plain]:
    """Return the plain items of a list or tuple, of any number if count is None."""
    found = _expected("list", answer, what, "a list" if count is None else f"a list or tuple of {count}")
    if count is not None and len(found["items"]) != count:
        raise Hint(f"{start(what)} has {len(found['items'])} items, {count} are expected.")
    return found["items"]


def each(reader: Callable, answer: Plain, names: Sequence[str], **options: object) -> list:
    """Return the items of a list, one for each name, read by ``reader(item, what=name, **options)``."""
    parts = items(answer, len(names))
    return [reader(part, what=name, **options) for part, name in zip(parts, names, strict=True)]


def mapping(answer: Plain, keys: Sequence[str] = ()) -> dict[object, Plain]:
    """Return a dict, plain Python keys -> plain answers, which has these keys and perhaps others."""
    found = {key["value"]: one for key, one in _expected("mapping", answer, YOURS)["items"] if "value" in key}
    missing = [key for key in keys if key not in found]
    if missing:
        raise Hint(f"Your answer has no entry {missing[0]!r}. Its keys: {', '.join(map(str, found))[:200]}.")
    return found


def array(answer: Plain, *, shape: Sequence[int | None] | None = None, what: str = YOURS) -> np.ndarray:
    """Return an array of numbers, from an array, a Series or a list of numbers (nested alike).

    Args:
        answer: plain.
        shape: expected, None for a free length; None: any shape.
        what: how hints call it.
    """
    values = _as_array(answer, what)
    if shape is None:
        return values
    fits = [wanted in (None, size) for size, wanted in zip(values.shape, shape, strict=False)]
    if len(shape) != values.ndim or not all(fits):
        raise Hint(
            f"{start(what)} has the shape {_shape(values.shape)}. The shape {_shape(shape)} is expected."
        )
    return values


def numbers(answer: Plain, *, shape: Sequence[int | None] | None = None, what: str = YOURS) -> np.ndarray:
    """Return what ``array`` returns, if all of it is finite."""
    values = array(answer, shape=shape, what=what)
    if not np.isfinite(values).all():
        raise Hint(f"{start(what)} holds values that are no finite numbers (nan or inf).")
    return values


def _as_array(answer: Plain, what: str) -> np.ndarray:
    if answer["kind"] == "series":
        answer = answer["values"]
    if answer["kind"] == "array":
        return _decoded(answer, what)
    rows = [_list_item(item, what) for item in _expected("list", answer, what, NAMES["array"])["items"]]
    try:
        return np.array(rows)
    except ValueError:
        raise Hint(
            f"{start(what)} is a list of rows of different lengths; all must be equally long."
        ) from None


def _list_item(item: Plain, what: str) -> object:
    if item["kind"] in ("number", "flag"):
        return float(item["value"]) if type(item["value"]) is str else item["value"]
    if item["kind"] == "text":
        raise Hint(f"{start(what)} holds texts, such as {item['value'][:30]!r}. Numbers are expected.")
    return _as_array(item, what)


def _decoded(answer: Plain, what: str) -> np.ndarray:
    if answer["dtype"] == "text":
        found = f", such as {answer['texts'][0][:30]!r}" if answer["texts"] else ""
        raise Hint(f"{start(what)} holds texts{found}. Numbers are expected.")
    if answer["data"] is None:
        raise Hint(f"{start(what)} has the shape {_shape(answer['shape'])}, which is far too large.")
    dtype = np.dtype(answer["dtype"]).newbyteorder("<")
    values = np.frombuffer(base64.b64decode(answer["data"]), dtype).reshape(answer["shape"])
    return values.astype(answer["dtype"])


def labels(answer: Plain, count: int | None = None, *, what: str = YOURS) -> np.ndarray:
    """Return whole numbers of shape (n,) as int64. Whole numbers held as floats count."""
    values = array(answer, what=what)
    if values.ndim != 1:
        raise Hint(
            f"{start(what)} has the shape {_shape(values.shape)}. One number a picture is expected: (n,)."
        )
    if count is not None and len(values) != count:
        raise Hint(f"{start(what)} has {len(values)} entries, {count} are expected.")
    if values.dtype == bool:
        raise Hint(f"{start(what)} holds True and False. Whole numbers are expected.")
    if not np.array_equal(numbers(answer, what=what), values.astype("int64")):
        raise Hint(f"{start(what)} holds numbers that are not whole.")
    return values.astype("int64")


def positions(answer: Plain, count: int, *, none: str, outside: str) -> np.ndarray:
    """Return the positions that are named, sorted, each once, as int64.

    Args:
        answer: plain.
        count: positions go from 0 to count - 1.
        none: the hint where no position is named.
        outside: the hint where there is no such position, with ``{}`` in its place.
    """
    values = array(answer)
    if not values.size:
        raise Hint(none)
    if values.dtype == bool:
        raise Hint("This is a mask of True and False. `np.flatnonzero` turns it into positions.")
    found = np.unique(labels(answer))
    if found[0] < 0 or found[-1] >= count:
        raise Hint(outside.format(found[-1]))
    return found


def texts(answer: Plain, *, what: str = YOURS) -> list[str]:
    """Return the texts of a list, tuple, set, Series or array of texts."""
    if answer["kind"] == "series":
        answer = answer["values"]
    if answer["kind"] == "array" and answer["dtype"] == "text":
        return list(answer["texts"])
    found = _expected("list", answer, what, "a list of texts")["items"]
    return [text(item, what=f"an item of {what}") for item in found]


def table(answer: Plain, columns: Sequence[str] = (), *, what: str = YOURS) -> pd.DataFrame:
    """Return a table, its index included, which has these columns and perhaps others."""
    _expected("table", answer, what, "a table (DataFrame)")
    missing = [name for name in columns if name not in answer["columns"]]
    if missing:
        raise Hint(
            f"{start(what)} has no column {missing[0]!r}. Its columns: {', '.join(answer['columns'])[:200]}."
        )
    frame = pd.DataFrame(dict(enumerate(map(_column, answer["values"]))))
    frame.columns = answer["columns"]
    frame.index = pd.Index(_column(answer["index"]))
    return frame


def _column(plain: Plain) -> object:
    if plain["kind"] == "list":
        return [item.get("value") for item in plain["items"]]
    return plain["texts"] if plain["dtype"] == "text" else _decoded(plain, "a column")


# Keras


def model(answer: Plain, *, what: str = YOURS) -> dict[str, object]:
    """Return the description of a model, see ``plain_keras``."""
    return _expected("model", answer, what)


def all_layers(description: dict[str, object]) -> list[dict[str, object]]:
    """Return the layers of a described model or layer, those of nested models included, in order."""
    return [found for layer in description["layers"] for found in (layer, *all_layers(layer))]


def history(answer: Plain) -> dict[str, list[float]]:
    """Return the metrics of a History, name -> one number an epoch; a dict of lists counts too."""
    if answer["kind"] == "mapping":
        return {name: array(values).tolist() for name, values in mapping(answer).items()}
    found = _expected("history", answer, YOURS, "what model.fit returns")["metrics"]
    return {name: [float(value) for value in values] for name, values in found.items()}


def compiled(description: dict[str, object]) -> dict[str, object]:
    """Return how a described model was compiled: optimizer, learning_rate, loss."""
    if description["compiled"] is None or description["compiled"]["loss"] is None:
        raise Hint("The model is not compiled with a loss yet. `compile` says how to learn.")
    return description["compiled"]


def takes_logits(description: dict[str, object]) -> bool:
    """True if the loss of a compiled model expects logits."""
    return bool(compiled(description)["loss"]["config"].get("from_logits", False))


def last_activation(description: dict[str, object]) -> str:
    """Return the activation at the end of a described model: of its last layer, or before it."""
    for layer in reversed(all_layers(description)):
        if layer["class"] in ("Softmax", "ReLU"):
            return layer["class"].lower()
        if layer["class"] == "Activation" or layer["parameters"]:
            return str(layer["config"].get("activation", "linear"))
    return "linear"


def input_range(description: dict[str, object]) -> tuple[float, float]:
    """Return what the layers Rescaling at the start of a described model make of pixels from 0 to 255."""
    low, high = 0.0, 255.0
    for layer in all_layers(description):
        if layer["class"] == "Rescaling":
            scale, offset = (np.float64(layer["config"].get(name, 0.0)) for name in ("scale", "offset"))
            low, high = float(low * scale + offset), float(high * scale + offset)
        elif layer["parameters"]:
            break
    return low, high


def weights(
    answer: Plain, shapes: Sequence[Sequence[int]], *, what: str, finite: bool = False
) -> list[np.ndarray]:
    """Return what ``get_weights`` gave, as float64: a list of arrays of these shapes."""
    reader = numbers if finite else array
    parts = zip(items(answer, len(shapes), what=what), shapes, strict=True)
    return [reader(part, shape=shape, what=what).astype("float64") for part, shape in parts]


# Comparing


def close(found: object, expected: object, *, tolerance: float = 1e-4, within: float | None = None) -> bool:
    """True if numbers or arrays agree.

    Args:
        found: numbers.
        expected: numbers; of another shape, they do not agree.
        tolerance: allowed distance, as a part of the largest expected value.
        within: allowed distance itself, instead of ``tolerance``.
    """
    found, expected = np.asarray(found, "float64"), np.asarray(expected, "float64")
    if found.shape != expected.shape:
        return False
    scale = float(np.abs(expected).max(initial=0.0)) or 1.0
    return bool(np.allclose(found, expected, rtol=0, atol=tolerance * scale if within is None else within))


def tell_mistake(found: object, mistakes: Mapping[str, object], **how: float) -> None:
    """Raise the hint of the first mistake that gives what was found; ``how``: options of ``close``."""
    for hint, result in mistakes.items():
        if close(found, result, **how):
            raise Hint(hint)


def first_difference(found: np.ndarray, right: np.ndarray) -> int:
    """Return the first position at which two arrays (n,) differ."""
    return int(np.flatnonzero(found != right)[0])


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean loss of logits (n, classes) for labels (n,)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    right = shifted[np.arange(len(labels)), labels]
    return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - right))


def start(what: str) -> str:
    """Return words as a sentence begins with them."""
    return what[:1].upper() + what[1:]


def _expected(kind: str, answer: Plain, what: str, expected: str = "") -> Plain:
    """Return an answer of this kind, or say what was expected instead."""
    if answer["kind"] != kind:
        raise Hint(f"{start(what)} is {NAMES[answer['kind']]}. Expected: {expected or NAMES[kind]}.")
    return answer


def _shape(shape: Sequence[int | None]) -> str:
    sizes = ["any" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
