"""Features are computed once, and never taken from another model, preprocessing, size or set of pictures."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.features import cached_features, cached_projection

PICTURES = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype="uint8")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    return tmp_path / "features"


class Extractor:
    """What a Keras model is to the cache: something that predicts."""

    def __init__(self, *, seed=0, scale=1 / 255, size=8):
        self.weights = np.random.default_rng(seed).normal(size=(size * 3, 4)).astype("float32")
        self.scale = scale
        self.calls: list[int] = []

    def predict(self, pictures, **_):
        if len(pictures) > 3:  # the preparation needs three
            self.calls.append(len(pictures))
        return self(pictures, training=False)

    def __call__(self, pictures, *, training):
        assert training is False  # else augmentation would work
        rows = np.resize(pictures.mean(1), (len(pictures), len(self.weights)))
        return (rows * self.scale) @ self.weights.astype("float64")


def keras_extractor():
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 3), dtype="uint8")
    x = keras.layers.RandomFlip()(keras.ops.cast(inputs, "float32"))  # does nothing in predict
    x = keras.layers.Conv2D(4, 3, activation="relu")(keras.layers.Rescaling(1 / 255)(x))
    pooled = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.ops.cast(pooled, "bfloat16"))


def test_second_call_reads_the_cache(folder):
    model = Extractor()
    first, seconds = cached_features(model, PICTURES)
    second, same_seconds = cached_features(model, PICTURES)
    assert model.calls == [6]
    assert np.array_equal(first, second)
    assert np.allclose(first, model.predict(PICTURES), atol=1e-4)
    assert (first.dtype, second.dtype, first.shape) == ("float32", "float32", (6, 4))
    assert seconds == same_seconds > 0
    assert len(list(folder.iterdir())) == 1


def test_a_keras_model_built_again_reads_the_cache_and_predicts_nothing(folder, monkeypatch):
    model = keras_extractor()
    first, _ = cached_features(model, PICTURES)
    assert first.dtype == "float32"
    assert np.array_equal(first, model.predict(PICTURES, verbose=0).astype("float32"))
    built_again = keras_extractor()
    monkeypatch.setattr(built_again, "predict", None)  # to prepare it for a large base takes seconds
    again, _ = cached_features(built_again, PICTURES)
    assert np.array_equal(first, again)
    assert len(list(folder.iterdir())) == 1

    model.set_weights([weight * 1.1 for weight in model.get_weights()])
    moved, _ = cached_features(model, PICTURES)
    assert not np.array_equal(first, moved)
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("other", [{"seed": 1}, {"scale": 1 / 127.5}, {"size": 16}], ids=str)
def test_another_extractor_does_not(other):
    one, another = Extractor(), Extractor(**other)
    first, _ = cached_features(one, PICTURES)
    second, _ = cached_features(another, PICTURES)
    assert one.calls == another.calls == [6]
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(
    "others",
    [PICTURES[:5], PICTURES[::-1], np.concatenate([PICTURES[:-1], PICTURES[-1:] ^ 1])],
    ids=["fewer", "other order", "one bit"],
)
def test_other_pictures_do_not(others):
    model = Extractor()
    cached_features(model, PICTURES)
    features, _ = cached_features(model, others)
    assert len(model.calls) == 2
    assert np.allclose(features, model.predict(others), atol=1e-4)


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "another archive", "flipped"])
def test_damaged_file_is_computed_again(folder, damage):
    model = Extractor()
    first, _ = cached_features(model, PICTURES)
    (path,) = folder.iterdir()
    content = path.read_bytes()
    if damage == "another archive":
        np.savez(path, other=first)
    else:
        half = len(content) // 3
        flipped = content[:half] + bytes([content[half] ^ 255]) + content[half + 1 :]
        path.write_bytes({"cut": content[:half], "empty": b"", "text": b"<html>", "flipped": flipped}[damage])
    second, _ = cached_features(model, PICTURES)
    assert model.calls == [6, 6]
    assert np.array_equal(first, second)
    cached_features(model, PICTURES)
    assert model.calls == [6, 6]
    assert list(folder.iterdir()) == [path]


def test_a_failed_extraction_leaves_nothing(folder):
    def broken(pictures, **_):
        raise MemoryError

    model = Extractor()
    model.predict = broken
    with pytest.raises(MemoryError):
        cached_features(model, PICTURES)
    assert not folder.exists() or not list(folder.iterdir())


def test_a_projection_is_computed_once_for_the_same_values_and_settings() -> None:
    class Twice:
        calls = 0

        def __init__(self, factor: int) -> None:
            self.factor = factor

        def __repr__(self) -> str:
            return f"Twice({self.factor})"

        def fit_transform(self, values: np.ndarray) -> np.ndarray:
            Twice.calls += 1
            return values * self.factor

    values = np.random.default_rng(7).normal(size=(5, 3))
    for _ in range(2):
        np.testing.assert_array_equal(cached_projection([Twice(2), Twice(3)], values), values * 6)
    assert Twice.calls == 2
    np.testing.assert_array_equal(cached_projection([Twice(2), Twice(4)], values), values * 8)
    np.testing.assert_array_equal(cached_projection([Twice(2), Twice(3)], values + 1), (values + 1) * 6)
    assert Twice.calls == 6
