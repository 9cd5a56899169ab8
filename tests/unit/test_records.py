"""Result records: complete, traceable, replaced only by their own kind; damaged ones are named."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from messages import message_of

from course_utils.errors import CourseError
from course_utils.records import read_records, record
from course_utils.system.tables import FIELDS

pytestmark = pytest.mark.usefixtures("known_device")
CONTEXT = {"data": "drawn", "weights": "none", "profile": "offline", "seed": 0}
MISSING = object()


def write(out, value=0.5, *, metric="accuracy", split="val", model="CNN", **context):
    return record("02", model, metric, value, unit="fraction", split=split, out=out, **(CONTEXT | context))


def test_file_is_one_flat_object_with_all_fields(tmp_path):
    path = write(tmp_path, 0.25, seconds=1.5, size=96)
    entry = json.loads(path.read_text())
    assert set(entry) == {*FIELDS, "size"}
    assert entry | CONTEXT == entry
    assert (entry["lesson"], entry["model"], entry["metric"]) == ("02", "CNN", "accuracy")
    assert entry["value"] == 0.25
    assert (entry["unit"], entry["split"], entry["seconds"], entry["size"]) == ("fraction", "val", 1.5, 96)
    assert entry["device"] == "a computer"
    assert f"numpy {np.__version__}" in entry["versions"]
    assert path.parent == tmp_path / "records"
    assert list(path.parent.iterdir()) == [path]


def test_same_key_replaces(tmp_path):
    first = write(tmp_path, 0.1, seconds=3)
    second = write(tmp_path, 0.2, seconds=4, profile="laptop", data="path")
    assert first == second
    assert read_records(tmp_path / "records")["value"].tolist() == [0.2]


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"size": 96},
        {"learning_rate": 1e-5},
        {"weights": "bundled"},
        {"split": "test"},
        {"model": "MLP"},
        {"metric": "accuracy_top5"},
    ],
)
def test_another_key_does_not(tmp_path, other):
    base = {"size": 32, "learning_rate": 1e-4}
    write(tmp_path, 0.1, **base)
    write(tmp_path, 0.2, **(base | other))
    assert sorted(read_records(tmp_path / "records")["value"]) == [0.1, 0.2]


NOT_PLAIN = [[1, 2], {"a": 1}, np.zeros(2), float("nan"), object()]
NO_VALUE = [float("nan"), float("inf"), -float("inf"), np.float32("nan"), None, "0.5", [0.5], 1.01, -0.1]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        *(({"value": value}, "'accuracy'") for value in NO_VALUE),
        *(({"size": value}, "'size'") for value in NOT_PLAIN),
        *(({"split": split}, f"split {split!r}") for split in ("validation", "", None, "Test")),
        *(({"data": data}, f"data {data!r}") for data in ("cifar10", None, "/path/of/mine")),
        *(({name: MISSING}, f"missing: {name}") for name in CONTEXT),
    ],
)
def test_what_says_too_little_is_refused(tmp_path, given, told):
    given = {"value": 0.5, "split": "val"} | CONTEXT | given
    given = {name: value for name, value in given.items() if value is not MISSING}
    assert told in message_of(record, "02", "CNN", "accuracy", unit="fraction", out=tmp_path, **given)
    assert not list(tmp_path.glob("records/*"))


@pytest.mark.parametrize("value", [0, 1, True, np.float32(0.5), np.float64(0.5), np.int64(1), np.array(0.5)])
def test_value_accepted(tmp_path, value):
    assert json.loads(write(tmp_path, value).read_text())["value"] == float(value)


def test_other_metrics_may_be_large_and_numpy_is_stored_plain(tmp_path):
    context = {"seed": np.int64(3), "rate": np.float32(0.5), "on": np.bool_(True)}
    entry = json.loads(write(tmp_path, 545_098, metric="parameters", **context).read_text())
    assert (entry["value"], entry["seed"], entry["rate"], entry["on"]) == (545_098, 3, 0.5, True)


def test_a_stopped_write_leaves_the_old_record(tmp_path, monkeypatch):
    path = write(tmp_path, 0.1)
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("no space")))
    with pytest.raises(OSError, match="no space"):
        write(tmp_path, 0.2)
    assert json.loads(path.read_text())["value"] == 0.1
    assert len(read_records(tmp_path / "records")) == 1


def test_read_records_is_a_table_in_order(tmp_path):
    for model in ("MLP", "CNN"):
        write(tmp_path, 0.5, model=model)
    table = read_records(tmp_path / "records")
    assert table["model"].tolist() == ["CNN", "MLP"]
    assert table["value"].dtype == "float64"
    assert set(FIELDS) <= set(table.columns)


def test_read_records_of_the_default_folder_and_of_none(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_OUT", str(tmp_path))
    record("02", "CNN", "accuracy", 0.5, unit="fraction", split="val", **CONTEXT)
    assert len(read_records()) == 1
    nothing = read_records(tmp_path / "nowhere")
    assert (list(nothing.columns), len(nothing)) == (list(FIELDS), 0)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "damage",
    [
        *(b"", b"{", b"[1]", b'"text"', b'{"value": 1}', b"\xff\xfe\x00", b'{"lesson": "02", "model"'),
        *({"data": None}, {"data": [1]}, {"value": None}, {"value": "a"}, {"seed": {}}, {"lesson": 2}),
    ],
)
def test_damaged_file_is_named_and_left(tmp_path, damage):
    good = write(tmp_path)
    bad = tmp_path / "records" / "bad.json"
    if isinstance(damage, dict):
        damage = json.dumps(json.loads(good.read_text()) | damage).encode()
    bad.write_bytes(damage)
    with pytest.raises(CourseError, match=r"bad\.json is not a result record") as caught:
        read_records(tmp_path / "records")
    assert len(str(caught.value).splitlines()) <= 4
    assert bad.read_bytes() == damage


def test_a_record_that_is_damaged_is_replaced(tmp_path):
    write(tmp_path).write_text("{")
    write(tmp_path)
    assert len(read_records(tmp_path / "records")) == 1


@pytest.mark.parametrize(
    "names", [["CNN", "CNN+", "cnn"], ["模型一", "模型二"], ["CNN α", "CNN β"], ["A 1", "A-1"]]
)
def test_records_of_different_names_never_meet_on_the_disk(tmp_path, names):
    for _ in range(2):
        for name in names:
            write(tmp_path, model=name)
            write(tmp_path, model="CNN", variant=name)
    found = read_records(tmp_path / "records")
    assert sorted(found["model"]) == sorted([*names, *["CNN"] * len(names)])
    assert sorted(found["variant"].dropna()) == sorted(names)
