"""Does plain data have the form that ``to_plain`` gives it? Asked of all that comes from a sandbox."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable

import numpy as np

from course_utils.checks import limits
from course_utils.checks.plain import Plain

NOT_FINITE = ("nan", "inf", "-inf")


class Invalid(ValueError):
    """Data that ``to_plain`` would not have made."""


def checked_plain(plain: object) -> Plain:
    """Return a plain answer if it is in form.

    Raises:
        Invalid: it is not; the text says where.
    """
    return _checked(plain, 0)


def _checked(plain: object, depth: int) -> Plain:
    _expect(type(plain) is dict, "an answer is no JSON object")
    _expect(depth <= limits.DEPTH + 2, "answers lie too deep in one another")
    kind = plain.get("kind")
    form = _FORMS.get(kind) if type(kind) is str else None
    _expect(form is not None, "an answer is of an unknown kind")
    form(plain, depth)
    return plain


def _expect(is_so: bool, problem: str) -> None:
    if not is_so:
        raise Invalid(problem)


def _nothing(plain: Plain, depth: int) -> None:
    _expect(set(plain) == {"kind"}, "a nothing holds something")


def _flag(plain: Plain, depth: int) -> None:
    _expect(type(plain.get("value")) is bool, "a flag is neither true nor false")


def _number(plain: Plain, depth: int) -> None:
    _expect(_is_number(plain.get("value"), NOT_FINITE), "a number is no number")
    _short_text(plain.get("type"))


def _is_number(value: object, other: tuple[str, ...] = ()) -> bool:
    if type(value) is int:
        return abs(value) <= limits.LARGEST_NUMBER
    return value in other if type(value) is str else type(value) is float and math.isfinite(value)


def _text(plain: Plain, depth: int) -> None:
    _long_text(plain.get("value"))


def _long_text(value: object) -> None:
    _expect(type(value) is str and len(value) <= limits.TEXT_CHARACTERS, "a text is no text, or too long")


def _short_text(value: object) -> None:
    _expect(type(value) is str and len(value) <= limits.NAME_CHARACTERS, "a name is no text, or too long")


def _items(value: object, limit: int = limits.ITEMS) -> list:
    _expect(type(value) is list and len(value) <= limit, "a list is no list, or too long")
    return value


def _list(plain: Plain, depth: int) -> None:
    _expect(plain.get("type") in ("list", "tuple", "range", "set"), "a list is of an unknown type")
    for item in _items(plain.get("items")):
        _checked(item, depth + 1)


def _mapping(plain: Plain, depth: int) -> None:
    for pair in _items(plain.get("items")):
        _expect(type(pair) is list and len(pair) == 2, "an item of a dict is no pair")
        _checked(pair[0], depth + 1)
        _checked(pair[1], depth + 1)


def _array(plain: Plain, depth: int) -> None:
    count = _size(plain.get("shape"))
    if plain.get("dtype") == "text":
        texts = _items(plain.get("texts"))
        _expect(len(texts) == count, "an array of texts has another size than its shape")
        for text in texts:
            _long_text(text)
        return
    _expect(plain.get("dtype") in limits.DTYPES, "an array is of an unknown dtype")
    for name in ("min", "max", "mean"):
        _expect(plain.get(name) is None or _is_number(plain[name]), f"the {name} of an array is no number")
    if plain.get("data") is not None:
        _check_bytes(plain["data"], count * np.dtype(plain["dtype"]).itemsize)


def _size(shape: object) -> int:
    is_list = type(shape) is list and len(shape) <= 32
    _expect(is_list and all(type(n) is int and 0 <= n < 2**40 for n in shape), "an array has no shape")
    return math.prod(shape)


def _check_bytes(data: object, expected: int) -> None:
    _expect(type(data) is str and expected <= limits.ARRAY_BYTES, "an array is too large")
    try:
        found = len(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError) as error:
        raise Invalid("an array is not in base64") from error
    _expect(found == expected, "an array has another size than its shape")


def _series(plain: Plain, depth: int) -> None:
    if plain.get("name") is not None:
        _short_text(plain["name"])
    lengths = {_column_length(plain.get(part), depth) for part in ("index", "values")}
    _expect(len(lengths) == 1, "a series and its index have different lengths")


def _table(plain: Plain, depth: int) -> None:
    names = _items(plain.get("columns"), limits.COLUMNS)
    columns = _items(plain.get("values"), limits.COLUMNS)
    _expect(len(names) == len(columns), "a table has other columns than names")
    for name in names:
        _short_text(name)
    lengths = {_column_length(column, depth) for column in [plain.get("index"), *columns]}
    _expect(len(lengths) == 1, "the columns of a table have different lengths")


def _column_length(column: object, depth: int) -> int:
    kind = _checked(column, depth + 1)["kind"]
    _expect(kind in ("array", "list"), "a column is neither an array nor a list")
    if kind == "list":
        return len(column["items"])
    _expect(len(column["shape"]) == 1, "a column is no row of values")
    return column["shape"][0]


def _history(plain: Plain, depth: int) -> None:
    metrics = plain.get("metrics")
    _expect(_is_count(plain.get("epochs")), "a history has no count of epochs")
    _expect(type(metrics) is dict and len(metrics) <= limits.COLUMNS, "a history has no metrics")
    for name, values in metrics.items():
        _short_text(name)
        is_curve = all(_is_number(value, NOT_FINITE) for value in _items(values))
        _expect(is_curve, "a metric holds what is no number")


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _settings(settings: object) -> None:
    _expect(type(settings) is dict, "settings are no settings")
    _short_text(settings.get("class"))
    _config(settings.get("config"))


def _config(config: object) -> None:
    _expect(type(config) is dict and len(config) <= 60, "settings are no settings")
    for key, value in config.items():
        _short_text(key)
        for item in value if type(value) is list and len(value) <= 8 else [value]:
            is_simple = item is None or type(item) is bool or _is_number(item)
            is_word = type(item) is str and len(item) <= limits.NAME_CHARACTERS
            _expect(is_simple or is_word, "a setting is odd")


def _model(plain: Plain, depth: int) -> None:
    _network(plain, [limits.LAYERS], 0)
    _model_shape(plain.get("input_shape"))
    if plain.get("compiled") is not None:
        _compiled(plain["compiled"])


def _network(network: dict, left: list[int], depth: int) -> None:
    """Check what models and layers share; ``left`` counts down how many layers there may be."""
    for name in ("class", "name"):
        _short_text(network.get(name))
    parameters = network.get("parameters")
    _expect(parameters is None or _is_count(parameters), "parameters are no count")
    _expect(_is_count(network.get("trainable_parameters")), "trainable parameters are no count")
    _model_shape(network.get("output_shape"))
    for layer in _items(network.get("layers"), limits.LAYERS):
        left[0] -= 1
        is_near = left[0] >= 0 and depth <= limits.DEPTH
        _expect(type(layer) is dict and is_near, "a layer is odd, or there are too many")
        _expect(type(layer.get("trainable")) is bool, "a layer does not say whether it is trainable")
        _config(layer.get("config"))
        _network(layer, left, depth + 1)


def _model_shape(shape: object) -> None:
    is_shape = type(shape) is list and len(shape) <= 32 and all(n is None or _is_count(n) for n in shape)
    _expect(shape is None or is_shape, "a shape is no shape")


def _compiled(compiled: object) -> None:
    _expect(type(compiled) is dict, "compile settings are no settings")
    _short_text(compiled.get("optimizer"))
    rate = compiled.get("learning_rate")
    if type(rate) is dict:
        _settings(rate)
    else:
        _expect(_is_number(rate, NOT_FINITE), "a learning rate is no number")
    if compiled.get("loss") is not None:
        _settings(compiled["loss"])


_FORMS: dict[str, Callable[[Plain, int], None]] = {
    "nothing": _nothing,
    "flag": _flag,
    "number": _number,
    "text": _text,
    "list": _list,
    "mapping": _mapping,
    "array": _array,
    "series": _series,
    "table": _table,
    "history": _history,
    "model": _model,
}
