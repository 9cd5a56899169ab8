"""Reading plain answers in judges. Each function returns ordinary values, or raises a kind Hint."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence

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
    "layer": "a Keras layer",
    "settings": "an optimizer or a loss",
    "history": "a History",
}


def number(answer: Plain, *, what: str = "your answer") -> float:
    """Return a finite number; arrays of one value count as numbers.

    Args:
        answer: plain.
        what: how hints call it, for example ``"the loss"``.
    """
    if answer["kind"] == "array" and math.prod(answer["shape"]) == 1:
        value = float(array(answer).ravel()[0])
    elif answer["kind"] == "number":
        value = float(answer["value"])
    else:
        raise _other_kind(answer, "a number", what)
    if not math.isfinite(value):
        raise Hint(f"{_start(what)} is {value}, which is no finite number. Is there a division by zero?")
    return value


def whole_number(answer: Plain, *, what: str = "your answer") -> int:
    """Return a whole number."""
    value = number(answer, what=what)
    if value != int(value):
        raise Hint(f"{_start(what)} is {value:g}. A whole number is expected.")
    return int(value)


def text(answer: Plain, *, what: str = "your answer") -> str:
    """Return a text without spaces around it."""
    if answer["kind"] != "text":
        raise _other_kind(answer, "a text", what)
    return answer["value"].strip()


def flag(answer: Plain, *, what: str = "your answer") -> bool:
    """Return True or False."""
    if answer["kind"] != "flag":
        raise _other_kind(answer, "True or False", what)
    return answer["value"]


def items(answer: Plain, count: int | None = None, *, what: str = "your answer") -> list[Plain]:
    """Return the plain items of a list or tuple.

    Args:
        answer: plain.
        count: how many there must be; None: any number.
        what: how hints call it.
    """
    if answer["kind"] != "list":
        raise _other_kind(answer, "a list" if count is None else f"a list or tuple of {count}", what)
    if count is not None and len(answer["items"]) != count:
        raise Hint(f"{_start(what)} has {len(answer['items'])} items, {count} are expected.")
    return answer["items"]


def mapping(answer: Plain, keys: Sequence[str] = (), *, what: str = "your answer") -> dict[object, Plain]:
    """Return a dict: plain Python keys -> plain answers.

    Args:
        answer: plain.
        keys: that must be there.
        what: how hints call it.
    """
    if answer["kind"] != "mapping":
        raise _other_kind(answer, "a dict", what)
    found = {key["value"]: value for key, value in answer["items"] if "value" in key}
    missing = [key for key in keys if key not in found]
    if missing:
        raise Hint(
            f"{_start(what)} has no entry {missing[0]!r}. Its keys: {', '.join(map(str, found))[:200]}."
        )
    return found


def array(
    answer: Plain, *, shape: Sequence[int | None] | None = None, what: str = "your answer"
) -> np.ndarray:
    """Return an array of numbers, from an array, a Series or a list of numbers (nested alike).

    Args:
        answer: plain.
        shape: expected, None for a free length; None: any shape.
        what: how hints call it.
    """
    values = _as_array(answer, what)
    if shape is not None:
        _check_shape(values.shape, tuple(shape), what)
    return values


def _as_array(answer: Plain, what: str) -> np.ndarray:
    if answer["kind"] == "series":
        answer = answer["values"]
    if answer["kind"] == "array":
        return _decoded(answer, what)
    if answer["kind"] != "list":
        raise _other_kind(answer, "an array", what)
    rows = [_list_item(item, what) for item in answer["items"]]
    try:
        return np.array(rows)
    except ValueError:
        raise Hint(
            f"{_start(what)} is a list of rows of different lengths; all must be equally long."
        ) from None


def _list_item(item: Plain, what: str) -> object:
    if item["kind"] in ("number", "flag"):
        return float(item["value"]) if type(item["value"]) is str else item["value"]
    if item["kind"] == "text":
        raise Hint(f"{_start(what)} holds texts, such as {item['value'][:30]!r}. Numbers are expected.")
    return _as_array(item, what)


def _decoded(answer: Plain, what: str) -> np.ndarray:
    if answer["dtype"] == "text":
        found = f", such as {answer['texts'][0][:30]!r}" if answer["texts"] else ""
        raise Hint(f"{_start(what)} holds texts{found}. Numbers are expected.")
    if answer["data"] is None:
        raise Hint(f"{_start(what)} has the shape {_shape(answer['shape'])}, which is far too large.")
    dtype = np.dtype(answer["dtype"]).newbyteorder("<")
    values = np.frombuffer(base64.b64decode(answer["data"]), dtype).reshape(answer["shape"])
    return values.astype(answer["dtype"])


def _check_shape(found: tuple[int, ...], expected: tuple[int | None, ...], what: str) -> None:
    fits = len(found) == len(expected) and all(
        wanted in (None, size) for size, wanted in zip(found, expected, strict=True)
    )
    if not fits:
        raise Hint(f"{_start(what)} has the shape {_shape(found)}. The shape {_shape(expected)} is expected.")


def finite(values: np.ndarray, *, what: str = "your answer") -> np.ndarray:
    """Return the values if all are finite."""
    if not np.isfinite(values).all():
        raise Hint(f"{_start(what)} holds values that are no finite numbers (nan or inf).")
    return values


def labels(answer: Plain, count: int | None = None, *, what: str = "your answer") -> np.ndarray:
    """Return whole numbers of shape (n,) as int64. Whole numbers held as floats count."""
    values = array(answer, what=what)
    if values.ndim != 1:
        raise Hint(
            f"{_start(what)} has the shape {_shape(values.shape)}. One number a picture is expected: (n,)."
        )
    if count is not None and len(values) != count:
        raise Hint(f"{_start(what)} has {len(values)} entries, {count} are expected.")
    if values.dtype == bool:
        raise Hint(f"{_start(what)} holds True and False. Whole numbers are expected.")
    if not np.array_equal(finite(values, what=what), values.astype("int64")):
        raise Hint(f"{_start(what)} holds numbers that are not whole.")
    return values.astype("int64")


def texts(answer: Plain, *, what: str = "your answer") -> list[str]:
    """Return the texts of a list, tuple, set, Series or array of texts."""
    if answer["kind"] == "series":
        answer = answer["values"]
    if answer["kind"] == "array" and answer["dtype"] == "text":
        return list(answer["texts"])
    if answer["kind"] != "list":
        raise _other_kind(answer, "a list of texts", what)
    return [text(item, what=f"an item of {what}") for item in answer["items"]]


def table(answer: Plain, columns: Sequence[str] = (), *, what: str = "your answer") -> pd.DataFrame:
    """Return a table, its index included.

    Args:
        answer: plain.
        columns: that must be there.
        what: how hints call it.
    """
    if answer["kind"] != "table":
        raise _other_kind(answer, "a table (DataFrame)", what)
    missing = [name for name in columns if name not in answer["columns"]]
    if missing:
        raise Hint(
            f"{_start(what)} has no column {missing[0]!r}. Its columns: {', '.join(answer['columns'])[:200]}."
        )
    frame = pd.DataFrame(dict(enumerate(map(_column, answer["values"]))))
    frame.columns = answer["columns"]
    frame.index = pd.Index(_column(answer["index"]))
    return frame


def _column(plain: Plain) -> object:
    if plain["kind"] == "list":
        return [item.get("value") for item in plain["items"]]
    return plain["texts"] if plain["dtype"] == "text" else _decoded(plain, "a column")


def model(answer: Plain, *, what: str = "your answer") -> dict[str, object]:
    """Return the description of a model, see ``plain_keras``."""
    if answer["kind"] != "model":
        raise _other_kind(answer, "a Keras model", what)
    return answer


def all_layers(description: dict[str, object]) -> list[dict[str, object]]:
    """Return the layers of a described model or layer, those of nested models included, in order."""
    return [found for layer in description["layers"] for found in (layer, *all_layers(layer))]


def history(answer: Plain, *, what: str = "your answer") -> dict[str, list[float]]:
    """Return the metrics of a History, name -> one number an epoch; a dict of lists counts too."""
    if answer["kind"] == "history":
        return {name: [float(value) for value in values] for name, values in answer["metrics"].items()}
    if answer["kind"] == "mapping":
        return {name: array(values).tolist() for name, values in mapping(answer).items()}
    raise _other_kind(answer, "what model.fit returns", what)


def close(found: object, expected: object, *, tolerance: float = 1e-4) -> bool:
    """True if numbers or arrays agree, up to a part ``tolerance`` of the largest expected value."""
    found, expected = np.asarray(found, "float64"), np.asarray(expected, "float64")
    if found.shape != expected.shape:
        return False
    scale = float(np.abs(expected).max(initial=0.0)) or 1.0
    return bool(np.allclose(found, expected, rtol=0, atol=tolerance * scale))


def _other_kind(answer: Plain, expected: str, what: str) -> Hint:
    return Hint(f"{_start(what)} is {NAMES[answer['kind']]}. Expected: {expected}.")


def _start(what: str) -> str:
    return what[:1].upper() + what[1:]


def _shape(shape: Sequence[int | None]) -> str:
    sizes = ["any" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def compiled(description: dict[str, object]) -> dict[str, object]:
    """Return how a described model was compiled: optimizer, learning_rate, loss, metrics."""
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


def input_range(description: dict[str, object], low: float = 0.0, high: float = 255.0) -> tuple[float, float]:
    """Return what the layers Rescaling at the start of a described model make of pixels from low to high."""
    for layer in all_layers(description):
        if layer["class"] == "Rescaling":
            scale, offset = (np.float64(layer["config"].get(name, 0.0)) for name in ("scale", "offset"))
            low, high = float(low * scale + offset), float(high * scale + offset)
        elif layer["parameters"]:
            break
    return low, high
