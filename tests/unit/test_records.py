"""Result records: complete, traceable, replaced only by their own kind; damaged ones are named."""

from __future__ import annotations

import json
import os
from importlib import metadata

import numpy as np
import pytest

from course_utils import records
from course_utils.errors import CourseError
from course_utils.records import FIELDS, read_records, record, slug

CONTEXT = {"data": "drawn", "weights": "none", "profile": "offline", "seed": 0}


@pytest.fixture(autouse=True)
def _quick_device(monkeypatch):
    monkeypatch.setattr(records, "device_name", lambda: "a computer")  # to ask for it takes seconds


def write(out, value=0.5, *, metric="accuracy", split="val", model="CNN", **context):
    return record("02", model, metric, value, unit="fraction", split=split, out=out, **(CONTEXT | context))


def refused(out, *args, **kwargs) -> str:
    with pytest.raises(CourseError) as caught:
        write(out, *args, **kwargs)
    assert not list(out.glob("records/*"))
    message = str(caught.value)
    assert len(message.splitlines()) <= 4
    assert "Next: " in message
    return message


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


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -float("inf"), np.float32("nan"), None, "0.5", [0.5], 1.01, -0.1]
)
def test_value_refused(tmp_path, value):
    assert "'accuracy'" in refused(tmp_path, value)


@pytest.mark.parametrize("value", [0, 1, True, np.float32(0.5), np.float64(0.5), np.int64(1), np.array(0.5)])
def test_value_accepted(tmp_path, value):
    assert json.loads(write(tmp_path, value).read_text())["value"] == float(value)


def test_other_metrics_may_be_large(tmp_path):
    assert json.loads(write(tmp_path, 545_098, metric="parameters").read_text())["value"] == 545_098


def test_context_of_numpy_is_stored_plain(tmp_path):
    entry = json.loads(write(tmp_path, seed=np.int64(3), rate=np.float32(0.5), on=np.bool_(True)).read_text())
    assert (entry["seed"], entry["rate"], entry["on"]) == (3, 0.5, True)


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}, np.zeros(2), float("nan"), object()])
def test_context_that_is_not_plain_is_refused(tmp_path, value):
    assert "'size'" in refused(tmp_path, size=value)


@pytest.mark.parametrize("split", ["validation", "", None, "Test"])
def test_unknown_split(tmp_path, split):
    assert f"split {split!r}" in refused(tmp_path, split=split)


@pytest.mark.parametrize("data", ["cifar10", None, "/path/of/mine"])
def test_unknown_data(tmp_path, data):
    assert f"data {data!r}" in refused(tmp_path, data=data)


@pytest.mark.parametrize("name", list(CONTEXT))
def test_missing_context(tmp_path, name):
    context = {key: value for key, value in CONTEXT.items() if key != name}
    with pytest.raises(CourseError, match=f"missing: {name}"):
        record("02", "CNN", "accuracy", 0.5, unit="fraction", split="val", out=tmp_path, **context)


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


def test_read_records_of_the_default_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_OUT", str(tmp_path))
    record("02", "CNN", "accuracy", 0.5, unit="fraction", split="val", **CONTEXT)
    assert len(read_records()) == 1


def test_read_records_of_nothing_has_the_columns(tmp_path):
    assert list(read_records(tmp_path / "nowhere").columns) == list(FIELDS)
    assert len(read_records(tmp_path / "nowhere")) == 0
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1]", b'"text"', b'{"value": 1}', b"\xff\xfe\x00", b'{"lesson": "02", "model"']
)
def test_damaged_file_is_named_and_left(tmp_path, content):
    write(tmp_path)
    bad = tmp_path / "records" / "bad.json"
    bad.write_bytes(content)
    with pytest.raises(CourseError, match=r"bad\.json is not a result record") as caught:
        read_records(tmp_path / "records")
    assert len(str(caught.value).splitlines()) <= 4
    assert bad.read_bytes() == content


def test_record_without_a_number_is_named(tmp_path):
    path = write(tmp_path)
    path.write_text(path.read_text().replace('"value": 0.5', '"value": "half"'))
    with pytest.raises(CourseError, match="the value is no number"):
        read_records(tmp_path / "records")


def test_slug():
    assert slug("Fine-tuned ResNet50, 1e-05 (last block)") == "fine-tuned-resnet50-1e-05-last-block"
    assert slug("  ../a/b\\c  ") == "..-a-b-c"


def test_versions_name_what_a_result_depends_on(monkeypatch):
    for name in ("python", "keras", "numpy", "pillow"):
        assert f"{name} " in records.versions()

    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert "tensorflow unknown" in records.versions.__wrapped__()


def test_device_name_is_told(monkeypatch):
    monkeypatch.undo()
    assert records.device_name().strip()


@pytest.mark.parametrize(
    "change", [{"data": None}, {"data": [1]}, {"value": None}, {"value": "a"}, {"seed": {}}, {"lesson": 2}]
)
def test_record_that_holds_something_else_is_refused(tmp_path, change):
    path = write(tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CourseError, match=r"is not a result record"):
        read_records(tmp_path / "records")


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


def test_a_record_that_is_damaged_is_replaced(tmp_path):
    write(tmp_path).write_text("{")
    write(tmp_path)
    assert len(read_records(tmp_path / "records")) == 1
