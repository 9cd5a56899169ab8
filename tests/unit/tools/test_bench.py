"""The measuring script: both ways of training agree, and its table, its file and its errors are right."""

from __future__ import annotations

import json

import numpy as np
import pytest

from course_utils.cifar10 import Split
from tools import bench


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


def test_both_ways_of_training_end_with_the_same_head(extractor, split):
    slow, _ = bench.through_base(extractor, split, epochs=3)
    cached, extraction, training = bench.from_cache(extractor, split, epochs=3)
    untrained = bench.new_head(6).predict(extractor.predict(split.val_images, verbose=0), verbose=0)
    assert np.allclose(slow, cached, atol=1e-5)
    assert not np.allclose(slow, untrained, atol=1e-3), "the head has not moved"
    assert min(extraction, training) > 0


def test_the_rows_hold_ratio_accuracy_and_difference(extractor, split):
    rows = {what: value for _, what, value, _ in bench.caching_rows(extractor, split, epochs=2)}
    slow, cached = rows["through the frozen base"], rows["features once, then the head"]
    assert rows["ratio (target: at least 12)"] == pytest.approx(slow / cached)
    answers, _ = bench.through_base(extractor, split, epochs=2)
    right = (answers.argmax(1) == split.val_labels).mean()
    assert rows["validation accuracy through the base"] == pytest.approx(100 * right)
    assert rows["difference (target: within 0.5)"] == 0
    assert rows["other answers, of 100"] == 0


def test_results_are_saved_with_device_and_versions(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench, "measure", lambda: [("A", "b", 2.0, "s")])
    out = tmp_path / "new" / "bench.json"
    bench.main(["--out", str(out)])
    content = json.loads(out.read_text(encoding="utf-8"))
    assert content["rows"] == [{"part": "A", "what": "b", "value": 2.0, "unit": "s"}]
    assert "keras" in content["versions"]
    assert content["device"]
    assert [path.name for path in out.parent.iterdir()] == ["bench.json"]
    assert "2.00" in capsys.readouterr().out
