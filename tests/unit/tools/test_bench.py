"""The measuring script: both ways of training agree, and its table, its file and its errors are right."""

from __future__ import annotations

import importlib
import json

import numpy as np
import pytest

from course_utils.cifar10 import Split


@pytest.fixture(scope="module")
def bench():
    return importlib.import_module("tools.bench.__main__")


@pytest.fixture
def extractor():
    import keras

    keras.utils.set_random_seed(1)
    inputs = keras.Input((8, 8, 3), dtype="uint8")
    maps = keras.layers.Conv2D(6, 3)(keras.ops.cast(inputs, "float32") / 255)
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(maps))
    model.trainable = False
    return model


@pytest.fixture
def split():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (400, 8, 8, 3), dtype=np.uint8)
    return Split(images[:300], np.arange(300) % 10, images[300:], np.arange(100) % 10)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))


def test_both_ways_of_training_end_with_the_same_head(bench, extractor, split):
    slow = bench.through_base(extractor, split, epochs=3)
    cached, extraction = bench.from_cache(extractor, split, epochs=3)
    untrained = bench.new_head(6).predict(extractor.predict(split.val_images, verbose=0), verbose=0)
    assert np.allclose(slow.logits, cached.logits, atol=1e-5)
    assert not np.allclose(slow.logits, untrained, atol=1e-3), "the head has not moved"
    assert 0 < extraction.seconds < cached.time.seconds
    assert 0 < extraction.processor < cached.time.processor


def test_the_rows_hold_ratio_and_difference(bench, extractor, split):
    rows = {row.what: row.value for row in bench.caching_rows(extractor, split, epochs=2)}
    slow, cached = rows["through the frozen base"], rows["features once, then the head"]
    assert rows["ratio (target: at least 12)"] == pytest.approx(slow / cached)
    assert rows["difference (target: within 0.5)"] == 0
    assert rows["other answers, of 100"] == 0


def test_accuracy_is_the_part_of_right_answers(bench):
    arm = bench.Arm(bench.Time(0, 0), bench.Time(0, 0), np.eye(4))
    assert arm.accuracy(np.array([0, 1, 2, 0])) == 0.75


def test_shuffled_keeps_pictures_and_labels_together(bench):
    split = Split(np.arange(50), np.arange(50) * 2, np.arange(3), np.arange(3))
    mixed = bench.shuffled(split)
    assert np.array_equal(mixed.train_images * 2, mixed.train_labels)
    assert sorted(mixed.train_images) == list(range(50))
    assert not np.array_equal(mixed.train_images, split.train_images)


def test_the_table_groups_and_rounds(bench):
    rows = [
        bench.Row("A", "short", 0.021, "s"),
        bench.Row("A", "long", 120.44, "s"),
        bench.Row("B", "rate", 1234.5, "pictures/s"),
    ]
    text = bench.table(rows)
    assert text.splitlines() == [
        "A",
        "  short      0.02 s",
        "  long      120.4 s",
        "B",
        "  rate      1,234 pictures/s",
    ]


def test_results_are_saved_with_device_and_versions(bench, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench, "measure", lambda data: (f"from {data}", [bench.Row("A", "b", 2.0, "s")]))
    out = tmp_path / "new" / "bench.json"
    assert bench.main(["--data", "x", "--out", str(out)]) == 0
    content = json.loads(out.read_text(encoding="utf-8"))
    assert content["rows"] == [{"part": "A", "what": "b", "value": 2.0, "unit": "s"}]
    assert content["pictures_of_the_heads"] == "from x"
    assert "keras" in content["versions"]
    assert content["device"]
    assert [path.name for path in out.parent.iterdir()] == ["bench.json"]
    assert "2.00 s" in capsys.readouterr().out


def test_data_that_cannot_be_loaded_is_named(bench, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench, "drawing_rows", list)
    assert bench.main(["--data", str(tmp_path / "no such"), "--out", str(tmp_path / "out.json")]) == 1
    assert "no such" in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()


def test_loading_twice_is_timed(bench, monkeypatch):
    monkeypatch.setattr(bench, "load_cifar10", lambda source, seed: source)
    pictures, rows = bench.loading_rows("drawn", "part")
    assert pictures == "drawn"
    assert [row.what for row in rows] == ["first load", "second load"]
