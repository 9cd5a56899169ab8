"""Answers as plain data: what JSON can hold, so that only data leaves the student's process.

A plain answer is a dict with a ``"kind"``:

=========  =============================================================================================
nothing    –
flag       value: true or false
number     value: a number, or "nan", "inf", "-inf"; type: "int", "float32" …
text       value
array      shape, dtype, min, max, mean, data: base64 of the values in C order and little-endian, or null
           where they are too many; texts instead of data where dtype is "text"
list       items: plain answers; of a list, tuple, set, or array of objects (type says which)
mapping    items: pairs of plain answers, key and value
series     name, index, values
table      columns (texts), index, values: one plain answer a column
model, history: see ``plain_keras``
=========  =============================================================================================

Only exact types are accepted. A subclass could bring its own ``__eq__`` or ``__float__`` along.
"""

from __future__ import annotations

import base64
import json
import math
import sys
from collections.abc import Callable

import numpy as np

from course_utils.checks import limits
from course_utils.checks.plain_keras import keras_to_plain
from course_utils.errors import CourseError

Plain = dict[str, object]


def to_plain(answer: object) -> Plain:
    """Reduce an answer to plain data.

    Args:
        answer: numbers, texts, flags, lists, tuples, sets, dicts, numpy arrays, pandas tables, Keras models
            and histories, tensors, and nothing else.

    Raises:
        CourseError: another type, named, or too much data.
    """
    plain = _reduced(answer, 0)
    if len(json.dumps(plain)) > limits.ANSWER_CHARACTERS:
        raise _too_much("It holds too much data to be kept.")
    return plain


def _reduced(answer: object, depth: int) -> Plain:
    if depth > limits.DEPTH:
        raise _too_much(f"Its lists lie more than {limits.DEPTH} deep in one another.")
    reducer = _REDUCERS.get(type(answer))
    if reducer:
        return reducer(answer, depth)
    if isinstance(answer, np.generic) and type(answer).__module__ == "numpy":
        return _numpy_scalar(answer)
    plain = _pandas_to_plain(answer, depth) or keras_to_plain(answer)
    if plain:
        return plain
    tensor = _tensor_to_numpy(answer)
    if tensor is not None:
        return _array(tensor, depth)
    raise _refused(answer)


def _nothing(answer: None, depth: int) -> Plain:
    return {"kind": "nothing"}


def _flag(answer: bool, depth: int) -> Plain:
    return {"kind": "flag", "value": bool(answer)}


def _number(answer: int | float, depth: int) -> Plain:
    return _named_number(answer, type(answer).__name__)


def _named_number(value: int | float, type_name: str) -> Plain:
    if isinstance(value, float) and not math.isfinite(value):
        return {"kind": "number", "type": type_name, "value": str(value)}
    if abs(value) > limits.LARGEST_NUMBER:
        raise _too_much(f"It holds a number above {limits.LARGEST_NUMBER:.0e}.")
    return {"kind": "number", "type": type_name, "value": value}


def _numpy_scalar(answer: np.generic) -> Plain:
    value = answer.item()
    if type(value) in (bool, str):
        return _reduced(value, 0)
    if type(value) in (int, float):
        return _named_number(value, answer.dtype.name)
    raise _refused(answer)


def _text(answer: str, depth: int) -> Plain:
    if len(answer) > limits.TEXT_CHARACTERS:
        raise _too_much(f"It holds a text of {len(answer):,} characters.")
    return {"kind": "text", "value": str(answer)}


def _list(answer: list | tuple, depth: int) -> Plain:
    if len(answer) > limits.ITEMS:
        raise _too_much(f"It holds a {type(answer).__name__} of {len(answer):,} items.")
    items = [_reduced(item, depth + 1) for item in answer]
    return {"kind": "list", "type": type(answer).__name__, "items": items}


def _set(answer: set | frozenset, depth: int) -> Plain:
    plain = _list(list(answer), depth)
    plain["items"].sort(key=json.dumps)
    return plain | {"type": "set"}


def _mapping(answer: dict, depth: int) -> Plain:
    if len(answer) > limits.ITEMS:
        raise _too_much(f"It holds a dict of {len(answer):,} items.")
    pairs = [[_reduced(key, depth + 1), _reduced(value, depth + 1)] for key, value in answer.items()]
    return {"kind": "mapping", "items": pairs}


def _array(answer: np.ndarray, depth: int) -> Plain:
    shape = list(answer.shape)
    if answer.dtype.kind == "U":
        texts = _list(answer.ravel().tolist(), depth)["items"]
        return {"kind": "array", "dtype": "text", "shape": shape, "texts": [text["value"] for text in texts]}
    if answer.dtype.kind == "O":
        return _list(answer.tolist(), depth) if answer.ndim else _reduced(answer.item(), depth + 1)
    if answer.dtype.name not in limits.DTYPES:
        raise _refused_array(answer)
    plain = {"kind": "array", "dtype": answer.dtype.name, "shape": shape, **_summary(answer), "data": None}
    if answer.nbytes <= limits.ARRAY_BYTES:
        values = np.ascontiguousarray(answer, dtype=answer.dtype.newbyteorder("<"))
        plain["data"] = base64.b64encode(values.tobytes()).decode()
    return plain


def _summary(answer: np.ndarray) -> dict[str, object]:
    """Return minimum, maximum and mean; null where a value is no finite number."""
    if not answer.size:
        return {"min": None, "max": None, "mean": None}
    with np.errstate(all="ignore"):
        found = {"min": answer.min(), "max": answer.max(), "mean": answer.mean(dtype=np.float64)}
    numbers = {name: float(value) for name, value in found.items()}
    return {name: value if math.isfinite(value) else None for name, value in numbers.items()}


def _pandas_to_plain(answer: object, depth: int) -> Plain | None:
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return None
    if type(answer) is pandas.DataFrame:
        if answer.shape[1] > limits.COLUMNS:
            raise _too_much(f"It holds a table of {answer.shape[1]:,} columns.")
        columns = [_column(answer.iloc[:, number], depth) for number in range(answer.shape[1])]
        index = _column(answer.index, depth)
        names = [str(name)[: limits.NAME_CHARACTERS] for name in answer.columns]
        return {"kind": "table", "columns": names, "index": index, "values": columns}
    if type(answer) is pandas.Series:
        name = None if answer.name is None else str(answer.name)[: limits.NAME_CHARACTERS]
        values = _column(answer, depth)
        return {"kind": "series", "name": name, "index": _column(answer.index, depth), "values": values}
    if type(answer) in (pandas.Index, pandas.RangeIndex):
        return _column(answer, depth)
    return None


def _column(column: object, depth: int) -> Plain:
    return _array(np.asarray(column.to_numpy()), depth)


def _tensor_to_numpy(answer: object) -> np.ndarray | None:
    module = type(answer).__module__
    if "keras" not in sys.modules or not module.startswith(("tensorflow.", "keras.src.", "jaxlib", "torch")):
        return None
    import keras

    if not (keras.ops.is_tensor(answer) or isinstance(answer, keras.Variable)):
        return None
    values = keras.ops.convert_to_numpy(answer)
    return values if type(values) is np.ndarray else None


_REDUCERS: dict[type, Callable[..., Plain]] = {
    type(None): _nothing,
    bool: _flag,
    int: _number,
    float: _number,
    str: _text,
    list: _list,
    tuple: _list,
    range: _list,
    set: _set,
    frozenset: _set,
    dict: _mapping,
    np.ndarray: _array,
}


def _too_much(cause: str) -> CourseError:
    return CourseError(
        "This answer is too large.",
        cause=cause,
        next_step="hand in only what the exercise asks for.",
    )


def _refused_array(answer: np.ndarray) -> CourseError:
    return CourseError(
        f"This answer is an array of dtype {answer.dtype}, which cannot be checked.",
        cause=f"Expected one of {', '.join(limits.DTYPES)}, or texts.",
        next_step='turn it into plain numbers, for example by .astype("float32").',
    )


def _refused(answer: object) -> CourseError:
    kind = type(answer)
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    if isinstance(answer, np.ndarray):
        step = "hand in np.asarray(answer)."
    elif callable(answer) and not hasattr(answer, "shape"):
        step = "call it first, and hand in what it returns."
    elif hasattr(kind, "__next__"):
        step = "hand in list(answer)."
    else:
        step = "hand in numbers, texts, lists, arrays, tables or a Keras model."
    return CourseError(
        f"This answer is of the type {name[:100]}, which cannot be checked.",
        cause="Only plain types can be compared safely.",
        next_step=step,
    )
