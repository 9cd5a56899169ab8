"""What a training costs: meters, arithmetic, files, records."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from course_utils.costs import Meter, forward_flops, record_training
from course_utils.lesson import Lesson
from course_utils.profiles import load_profile
from course_utils.records import read_records


def small_model() -> keras.Model:
    layers = [keras.layers.Conv2D(4, 3), keras.layers.DepthwiseConv2D(3)]
    inner = keras.Sequential([keras.Input((16, 16, 3)), *layers])
    inputs = keras.Input((16, 16, 3))
    x = keras.layers.GlobalAveragePooling2D()(inner(inputs))
    return keras.Model(inputs, keras.layers.Dense(10)(x))


def test_flops_are_counted_by_hand():
    # 14x14 places x 3x3x3 kernel x 4 filters, 12x12 places x 3x3 kernel x 4 channels, 4x10 dense; twice each
    model = small_model()
    assert forward_flops(model) == 2 * (14 * 14 * 27 * 4 + 12 * 12 * 9 * 4 + 40)


def test_flops_of_a_separable_convolution_are_those_of_its_two_parts():
    parts = [keras.layers.DepthwiseConv2D(3, strides=2), keras.layers.Conv2D(5, 1)]
    for layers in (parts, [keras.layers.SeparableConv2D(5, 3, strides=2)]):
        assert forward_flops(keras.Sequential([keras.Input((16, 16, 3)), *layers])) == 2 * 7 * 7 * (27 + 15)


def test_flops_of_a_known_network():
    """The paper of MobileNetV2 names 300 million multiplications with additions at 224x224."""
    network = keras.applications.MobileNetV2(weights=None)
    assert forward_flops(network) / 2 == pytest.approx(300e6, rel=0.02)


@pytest.fixture
def lesson(tmp_path) -> Lesson:
    return Lesson("17", load_profile("offline"), "drawn", "none", 0, tmp_path, source="path")


def test_a_training_is_recorded(lesson, tmp_path):
    images = np.random.default_rng(0).random((40, 16, 16, 3), dtype="float32")
    labels = np.arange(40) % 10
    model = small_model()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    with Meter() as cost:
        history = model.fit(images, labels, validation_data=(images, labels), epochs=3, verbose=0)

    parts = {"train": (images[:30], labels[:30]), "test": (images[30:], labels[30:])}
    phases = {"training": (history, cost)}
    accuracies = record_training(lesson, "R5 trial", model, phases, parts, size=16, weights="none")

    records = read_records(tmp_path / "records").set_index(["metric", "split"])
    _, expected = model.evaluate(*parts["test"], verbose=0)
    assert accuracies["test"] == records.loc[("accuracy", "test"), "value"] == pytest.approx(expected)
    assert set(records["size"]) == {16}
    assert set(records["epochs"]) == {3}
    values = records["value"]
    assert values["seconds", "train"] == cost.seconds
    assert values["images_per_second", "train"] == pytest.approx(90 / cost.seconds)
    share = values["epochs_to_90", "train"] / 3
    assert values["seconds_to_90", "train"] == pytest.approx(share * cost.seconds)
    assert values["parameters", "train"] == model.count_params()
    assert values["flops", "train"] == forward_flops(model)


def test_seconds_to_90_count_the_phases_that_were_needed(lesson, tmp_path):
    model = small_model()
    model.layers[1].trainable = False
    phases = {}
    told = (("head", [0.1, 0.2], 4.0, 3e9), ("fine-tuning", [0.46, 0.5], 10.0, 2e9))
    for name, accuracies, seconds, peak_bytes in told:
        history = keras.callbacks.History()
        history.history = {"val_accuracy": accuracies}
        meter = Meter()
        meter.seconds, meter.peak_bytes = seconds, peak_bytes
        phases[name] = (history, meter)
    parts = {"train": (np.zeros((10, 16, 16, 3)), np.arange(10))}

    record_training(lesson, "R5 trial", model, phases, parts, weights="none")

    records = read_records(tmp_path / "records").set_index("metric")["value"]
    assert records["epochs_to_90"] == 3
    assert records["seconds_to_90"] == 4.0 + 5.0
    assert records["images_per_second"] == pytest.approx(40 / 14)
    assert records["peak_bytes"] == 3e9
    assert records["trainable_parameters"] == 4 * 10 + 10
    assert records["parameters"] == model.count_params() > records["trainable_parameters"]
