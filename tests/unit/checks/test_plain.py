"""Answers as plain data: exact types only, nothing lost on the way, nothing odd let in."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from course_utils.checks import limits
from course_utils.checks.judges import Hint, read
from course_utils.checks.plain import to_plain
from course_utils.checks.validation import Invalid, checked_plain
from course_utils.errors import CourseError


def carried(answer: object) -> dict:
    """Reduce, send through JSON, and validate: the way of an answer to grading."""
    return checked_plain(json.loads(json.dumps(to_plain(answer), allow_nan=False)))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, {"kind": "nothing"}),
        (True, {"kind": "flag", "value": True}),
        (np.True_, {"kind": "flag", "value": True}),
        (3, {"kind": "number", "type": "int", "value": 3}),
        (0.5, {"kind": "number", "type": "float", "value": 0.5}),
        (np.float32(0.5), {"kind": "number", "type": "float32", "value": 0.5}),
        (np.int64(7), {"kind": "number", "type": "int64", "value": 7}),
        (float("nan"), {"kind": "number", "type": "float", "value": "nan"}),
        (-np.inf, {"kind": "number", "type": "float", "value": "-inf"}),
        ("cat", {"kind": "text", "value": "cat"}),
        (np.str_("cat"), {"kind": "text", "value": "cat"}),
    ],
)
def test_simple_values(answer: object, expected: dict):
    assert carried(answer) == expected


@pytest.mark.parametrize("dtype", limits.DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4)])
def test_arrays_arrive_unchanged(dtype: str, shape: tuple[int, ...]):
    values = np.asarray(np.random.default_rng(0).random(shape) * 100).astype(dtype)
    arrived = read.array(carried(values))

    assert arrived.dtype == dtype
    assert np.array_equal(arrived, values)


def test_arrays_in_other_orders_arrive_unchanged():
    values = np.arange(24, dtype=">f4").reshape(2, 3, 4)

    assert np.array_equal(read.array(carried(np.asfortranarray(values))), values)
    assert np.array_equal(read.array(carried(values[:, ::-2])), values[:, ::-2])


def test_a_large_array_is_summarised():
    plain = carried(np.ones((1000, 1000)))

    assert plain["data"] is None
    assert (plain["shape"], plain["min"], plain["max"]) == ([1000, 1000], 1.0, 1.0)
    with pytest.raises(Hint, match="too large"):
        read.array(plain)


def test_predictions_of_some_thousand_pictures_fit():
    predictions = np.random.default_rng(0).random((10_000, 10), dtype="float32")

    assert np.array_equal(read.array(carried(predictions)), predictions)


def test_values_that_are_not_finite():
    plain = carried(np.array([1.0, np.nan, np.inf]))

    assert (plain["min"], plain["max"], plain["mean"]) == (None, None, None)
    assert np.isnan(read.array(plain)[1])


def test_tables_arrive_unchanged():
    frame = pd.DataFrame({"class": ["cat", "dog"], "count": [3, 4], "share": [0.5, 0.25]}, index=["a", "b"])
    arrived = read.table(carried(frame), columns=["count"])

    assert arrived.equals(frame)
    assert np.array_equal(read.array(carried(frame["count"])), [3, 4])
    assert read.texts(carried(frame["class"])) == ["cat", "dog"]


def test_lists_sets_and_dicts():
    assert read.array(carried([[1, 2], (3, 4)])).tolist() == [[1, 2], [3, 4]]
    assert sorted(read.texts(carried({"b", "a"}))) == ["a", "b"]
    assert carried({"b", "a"}) == carried({"a", "b"})
    assert read.whole_number(read.mapping(carried({"depth": 3, 1: None}), ["depth"])["depth"]) == 3


class Pretender(float):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = float.__hash__


class AnyArray(np.ndarray):
    pass


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (Pretender(1), "Pretender"),
        ([Pretender(1)], "Pretender"),
        ({"a": Pretender(1)}, "Pretender"),
        (np.zeros(3).view(AnyArray), "AnyArray"),
        (np.ma.masked_array([1, 2]), "MaskedArray"),
        (np.array([Pretender(1)], dtype=object), "Pretender"),
        (np.zeros(3, "complex64"), "complex64"),
        (np.zeros(2, [("a", "i4")]), "cannot be checked"),
        (np.datetime64("2020-01-01"), "datetime64"),
        (1j, "complex"),
        (b"cat", "bytes"),
        (len, "call it first"),
        (float, "call it first"),
        ((n for n in range(3)), r"hand in list\(answer\)"),
        (object(), "object"),
    ],
)
def test_other_types_are_refused_by_name(answer: object, name: str):
    with pytest.raises(CourseError, match=name) as error:
        to_plain(answer)

    assert str(error.value).count("\n") <= 3


class Equal:
    def __eq__(self, other: object) -> bool:
        raise AssertionError("the answer's own code was asked")

    __ne__ = __bool__ = __len__ = __float__ = __array__ = __iter__ = __eq__
    __hash__ = object.__hash__


def test_code_of_the_answer_is_not_run():
    with pytest.raises(CourseError, match="Equal"):
        to_plain(Equal())


def nested(depth: int) -> list:
    return [nested(depth - 1)] if depth else []


def ring() -> list:
    circle: list = []
    circle.append(circle)
    return circle


@pytest.mark.parametrize(
    "answer", [nested(20), ring(), 10**400, [0] * 30_000, "x" * 30_000, {n: n for n in range(30_000)}]
)
def test_too_much_is_refused(answer: object):
    with pytest.raises(CourseError, match="too large"):
        to_plain(answer)


LAYER = {"class": "Dense", "name": "head", "trainable": True, "config": {"units": 3}, "layers": []}
LAYER |= {"parameters": 4, "trainable_parameters": 4, "output_shape": [None, 3]}
COMPILED = {"optimizer": "Adam", "learning_rate": 0.001, "loss": {"class": "mse", "config": {}}}
MODEL = LAYER | {"kind": "model", "input_shape": None, "compiled": COMPILED, "layers": [LAYER]}
EMPTY = {"kind": "list", "type": "list", "items": []}


@pytest.mark.parametrize(
    "plain",
    [
        None,
        5,
        [],
        "cat",
        {},
        {"kind": "evil"},
        {"kind": ["list"]},
        {"kind": "nothing", "value": 1},
        {"kind": "flag", "value": 1},
        {"kind": "number", "type": "int", "value": True},
        {"kind": "number", "type": "int", "value": "12"},
        {"kind": "number", "type": "int", "value": 10**400},
        {"kind": "number", "type": "x" * 999, "value": 1},
        {"kind": "text", "value": "x" * 30_000},
        {"kind": "list", "type": "list", "items": {}},
        {"kind": "list", "type": "Evil", "items": []},
        {"kind": "list", "type": "list", "items": [3]},
        {"kind": "mapping", "items": [[{"kind": "nothing"}]]},
        {"kind": "array", "dtype": "float32", "shape": [2], "data": "AAAA"},
        {"kind": "array", "dtype": "float32", "shape": [-1], "data": ""},
        {"kind": "array", "dtype": "float32", "shape": [10**9], "data": "AAAA"},
        {"kind": "array", "dtype": "object", "shape": [0], "data": ""},
        {"kind": "array", "dtype": "uint8", "shape": [1], "data": "A!=="},
        {"kind": "array", "dtype": "uint8", "shape": [True], "data": "AA=="},
        {"kind": "array", "dtype": "text", "shape": [2], "texts": ["a"]},
        {"kind": "history", "epochs": -1, "metrics": {}},
        {"kind": "history", "epochs": 1, "metrics": {"loss": ["x"]}},
        {"kind": "table", "columns": ["a"], "values": [], "index": EMPTY},
        {"kind": "series", "name": None, "index": EMPTY, "values": EMPTY | {"items": [{"kind": "nothing"}]}},
        MODEL | {"trainable_parameters": -1},
        MODEL | {"input_shape": ["cat"]},
        MODEL | {"layers": [LAYER | {"trainable": 1}]},
        MODEL | {"layers": [LAYER | {"config": {"a": {"b": 1}}}]},
        MODEL | {"layers": [LAYER | {"layers": [LAYER] * 1500}] * 2},
        MODEL | {"compiled": COMPILED | {"learning_rate": "fast"}},
        MODEL | {"compiled": COMPILED | {"loss": "mse"}},
    ],
)
def test_data_out_of_form_are_refused(plain: object):
    assert checked_plain(MODEL) == MODEL
    with pytest.raises(Invalid):
        checked_plain(plain)


def weights(answer: dict) -> list[np.ndarray]:
    return read.weights(answer, [(1,), (1,)], what="the list", finite=True)


def positions(answer: dict) -> np.ndarray:
    return read.positions(answer, 5, none="none at all", outside="no place {}")


@pytest.mark.parametrize(
    ("reader", "answer", "hint"),
    [
        (read.number, "3", "Your answer is a text. Expected: a number"),
        (read.number, float("inf"), "no finite number"),
        (read.whole_number, 2.5, "A whole number"),
        (read.text, 3, "Expected: a text"),
        (read.flag, 1, "True or False"),
        (read.labels, [0.5], "not whole"),
        (read.labels, [True], "True and False"),
        (read.labels, [[1]], r"expected: \(n,\)"),
        (read.labels, ["cat"], "holds texts"),
        (read.array, [[1], [1, 2]], "different lengths"),
        (positions, [], "none at all"),
        (positions, [True], "This is a mask"),
        (positions, [0, 5], "no place 5"),
        (positions, [-1], "no place -1"),
        (weights, [[1.0], [float("nan")]], "no finite numbers"),
        (weights, [[1.0], [1.0, 2.0]], r"\(1,\) is expected"),
        (read.table, [1], "a table"),
        (read.model, 3, "a Keras model"),
        (read.history, 3, "model.fit"),
    ],
)
def test_readers_say_what_they_expect(reader, answer: object, hint: str):
    with pytest.raises(Hint, match=hint):
        reader(carried(answer))


def test_readers_accept_what_means_the_same():
    assert read.number(carried(np.array([2.5]))) == 2.5
    assert read.labels(carried([1.0, 2.0])).tolist() == [1, 2]
    assert positions(carried([4, 0, 4])).tolist() == [0, 4]
    assert read.labels(carried(pd.Series([1, 2]))).tolist() == [1, 2]
    assert read.history(carried({"loss": [1.0, 0.5]})) == {"loss": [1.0, 0.5]}


@pytest.mark.parametrize(
    ("found", "expected", "is_close"),
    [
        (1.00001, 1, True),
        (1.1, 1, False),
        ([1, 2], [1, 2, 3], False),
        ([float("nan")], [1], False),
        (0, 0, True),
        (1e-9, 0, True),
        ([1e6, 1], [1e6, 2], True),  # small beside the largest value
    ],
)
def test_close(found: object, expected: object, is_close: bool):
    assert read.close(found, expected) is is_close


def test_mistakes_are_told_by_distance_or_by_part():
    mistakes = {"one off": 101, "far off": 140}

    read.tell_mistake(100, mistakes, within=0)
    read.tell_mistake(100.5, mistakes)
    for how in ({"within": 1}, {"tolerance": 0.01}):
        with pytest.raises(Hint, match="one off"):
            read.tell_mistake(100, mistakes, **how)


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def test_models_are_described(keras):
    base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="inner")], name="base")
    base.trainable = False
    inputs = keras.Input((4,))
    head = keras.layers.Dense(2, activation="softmax", name="head")
    model = keras.Model(inputs, head(keras.layers.Dropout(0.5)(base(inputs))))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(1e-4), loss=loss, metrics=["accuracy"])
    found = read.model(carried(model))

    assert (found["class"], found["parameters"], found["trainable_parameters"]) == ("Functional", 23, 8)
    assert (found["input_shape"], found["output_shape"]) == ([None, 4], [None, 2])
    assert found["compiled"]["optimizer"] == "Adam"
    assert found["compiled"]["learning_rate"] == pytest.approx(1e-4)
    assert found["compiled"]["loss"]["config"]["from_logits"] is True
    plan = keras.optimizers.schedules.CosineDecay(1e-3, 100)
    model.compile(optimizer=keras.optimizers.SGD(plan), loss="mse")
    assert carried(model)["compiled"]["learning_rate"]["class"] == "CosineDecay"
    assert carried(model)["compiled"]["loss"]["class"] == "mse"
    layers = {layer["name"]: layer for layer in read.all_layers(found)}
    assert layers["inner"]["trainable"] is False
    assert (layers["head"]["config"]["activation"], layers["head"]["config"]["units"]) == ("softmax", 2)


def test_models_that_are_not_built_or_compiled(keras):
    found = carried(keras.Sequential([keras.layers.Dense(3)]))

    assert (found["parameters"], found["compiled"], found["output_shape"]) == (None, None, None)


def test_tensors_and_histories(keras):
    history = keras.callbacks.History()
    history.epoch, history.history = [0, 1], {"loss": [1.0, float("nan")]}

    assert read.array(carried(keras.ops.arange(3))).tolist() == [0, 1, 2]
    assert read.array(carried(keras.Variable([1.0, 2.0]))).tolist() == [1, 2]
    assert np.isnan(read.history(carried(history))["loss"][1])


def test_own_subclasses_of_models_are_refused(keras):
    class Mine(keras.Model):
        pass

    with pytest.raises(CourseError, match="Mine"):
        to_plain(Mine())
