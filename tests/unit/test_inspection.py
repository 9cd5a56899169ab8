"""Looking inside a model, compared with counts and values worked out by hand."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from course_utils.errors import CourseError
from course_utils.inspection import heat_maps, layer_table, outputs_at, parameter_counts, weight_change


@pytest.fixture
def model():
    import keras

    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3, name="block1_conv"),  # 3*3*3*4 + 4 = 112
            keras.layers.BatchNormalization(name="block1_bn"),  # 4*4 = 16, 8 of them trainable
            keras.layers.Conv2D(2, 1, use_bias=False, name="block2_a"),  # 8
            keras.layers.Conv2D(2, 1, use_bias=False, name="block2_b"),  # 4
            keras.layers.Dropout(0.5, name="dropout"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(10, name="head"),  # 72*10 + 10 = 730
        ]
    )


def test_parameter_counts(model):
    assert parameter_counts(model).to_dict() == {"total": 870, "trainable": 862, "frozen": 8}
    model.get_layer("block1_conv").trainable = False
    assert parameter_counts(model).to_dict() == {"total": 870, "trainable": 750, "frozen": 120}
    model.trainable = False
    assert parameter_counts(model).to_dict() == {"total": 870, "trainable": 0, "frozen": 870}


def test_layer_table(model):
    import keras

    model.get_layer("head").trainable = False
    table = layer_table(model).set_index("layer")
    assert table.loc["block1_conv"].tolist() == ["Conv2D", "6×6×4", 112, 112]
    assert table.loc["block1_bn"].tolist() == ["BatchNormalization", "6×6×4", 16, 8]
    assert table.loc["flatten"].tolist() == ["Flatten", "72", 0, 0]
    assert table.loc["head"].tolist() == ["Dense", "10", 730, 0]
    assert table.parameters.sum() == model.count_params()
    inputs = keras.Input((8, 8, 3))
    nested = layer_table(keras.Model(inputs, model(inputs)))
    assert nested["type"].tolist() == ["InputLayer", "Sequential"]
    assert nested.parameters.tolist() == [0, 870]


def test_outputs_at_shares_weights(model):
    pictures = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    inside = outputs_at(model, ["block1_conv", "head"])
    first, last = inside(pictures)
    assert first.shape == (2, 6, 6, 4)
    assert np.array_equal(last, model(pictures))
    model.get_layer("head").set_weights([np.zeros((72, 10)), np.ones(10)])
    assert np.array_equal(inside(pictures)[1], np.ones((2, 10)))
    with pytest.raises(ValueError, match="block9"):
        outputs_at(model, ["block9"])


SLOPES = """
import keras
import numpy as np
from course_utils.inspection import gradient
inputs = keras.Input((3, 2))
kernel = np.arange(12.0, dtype="float32").reshape(6, 2)
outputs = keras.layers.Dense(2, use_bias=False)(keras.layers.Flatten()(keras.layers.Dropout(0.5)(inputs)))
model = keras.Model(inputs, outputs)
model.layers[-1].set_weights([kernel])
slopes = gradient(model, np.array([np.ones((3, 2)), -np.ones((3, 2))], dtype="float32"))
assert slopes.shape == (2, 3, 2) and slopes.dtype == "float32"
assert np.allclose(slopes[0].ravel(), kernel[:, 1]), slopes  # the second output is the larger one
assert np.allclose(slopes[1].ravel(), kernel[:, 0]), slopes
print(keras.backend.backend())
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_gradient_of_the_largest_output_on_each_backend(backend):
    pytest.importorskip(backend)
    environment = os.environ | {"KERAS_BACKEND": backend}
    done = subprocess.run([sys.executable, "-c", SLOPES], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == [backend], done.stderr[-2000:]


def test_weight_change_known(model):
    before = model.get_weights()
    assert weight_change(before, model).to_dict() == {"block1": 0, "block2": 0}

    before[-4], before[-3] = np.full((1, 1, 4, 2), 1.0), np.full((1, 1, 2, 2), 2.0)  # length: √(8·1 + 4·4)
    model.get_layer("head").set_weights([np.zeros((72, 10)), np.ones(10)])  # no kernel of a convolution
    kernel, bias = model.get_layer("block1_conv").get_weights()
    model.get_layer("block1_conv").set_weights([kernel * 1.5, bias + 1])
    model.get_layer("block2_a").set_weights([np.full((1, 1, 4, 2), 1.0)])
    model.get_layer("block2_b").set_weights([np.full((1, 1, 2, 2), 5.0)])  # length of change: √(4·9)
    change = weight_change(before, model)
    assert list(change.index) == ["block1", "block2"]
    assert change.tolist() == pytest.approx([0.5, (36 / 24) ** 0.5])


def test_weight_change_does_not_depend_on_what_is_frozen(model):
    before = model.get_weights()
    model.get_layer("block1_conv").trainable = False
    model.get_layer("block2_a").set_weights([before[-4] + 1])
    change = weight_change(before, model)
    assert change["block1"] == 0 < change["block2"]


def test_weight_change_of_another_network(model):
    import keras

    other = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(5, 3)], name="other")
    with pytest.raises(CourseError, match="those of 'other'"):
        weight_change(model.get_weights(), other)


@pytest.mark.parametrize("pooled_inside", [True, False])
def test_heat_maps_of_a_linear_head_are_its_weights_on_the_maps(pooled_inside: bool):
    """With pooling and one Dense layer, Grad-CAM is known without a gradient (class activation maps)."""
    import keras

    keras.utils.set_random_seed(0)
    inside = keras.Input((12, 12, 3))
    maps = keras.layers.Conv2D(6, 3, activation="relu")(inside)
    pool = keras.layers.GlobalAveragePooling2D()
    base = keras.Model(inside, pool(maps) if pooled_inside else maps)
    inputs = keras.Input((12, 12, 3), dtype="uint8")
    features = base(keras.ops.cast(inputs, "float32") / 255.0)
    head = keras.layers.Dense(4)
    model = keras.Model(inputs, head(features if pooled_inside else pool(features)))
    pictures = np.random.default_rng(0).integers(0, 256, (5, 12, 12, 3), dtype=np.uint8)

    seen = keras.Model(inside, maps).predict(pictures.astype("float32") / 255, verbose=0)
    chosen = head.get_weights()[0][:, model.predict(pictures, verbose=0).argmax(axis=1)]
    known = np.maximum(np.einsum("nhwc,cn->nhw", seen, chosen), 0)

    heat = heat_maps(model, pictures)
    assert heat.shape == (5, 10, 10)
    assert np.allclose(heat, known / known.max(axis=(1, 2), keepdims=True), atol=1e-5)


def test_a_model_without_maps_is_told():
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)], name="flat")

    with pytest.raises(CourseError, match="'flat' has no maps to show"):
        heat_maps(model, np.zeros((1, 4), "float32"))
