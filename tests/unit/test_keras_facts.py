"""What the lessons say about Keras, tried on the Keras that is installed.

If one of these turns red after an update of Keras, the text of a lesson is no longer true: each message says
which one.
"""

from __future__ import annotations

import numpy as np
import pytest

PICTURES = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 3), dtype="uint8")
LABELS = np.arange(16) % 10


@pytest.fixture(scope="module")
def keras():
    import keras

    return keras


@pytest.fixture(autouse=True)
def _seed(keras):
    keras.utils.set_random_seed(0)


def small_base(keras):
    conv, norm = keras.layers.Conv2D(4, 3, name="conv"), keras.layers.BatchNormalization(name="bn")
    return keras.Sequential([keras.Input((8, 8, 3)), conv, norm, keras.layers.ReLU()], name="base")


def with_head(keras, base, *, rate=0.5, **call):
    """Put a head on a base, the way the lessons do."""
    inputs = keras.Input(base.input_shape[1:], dtype="uint8")
    x = base(keras.ops.cast(inputs, "float32") / 127.5 - 1, **call)
    x = keras.layers.Dropout(rate)(keras.layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, keras.layers.Dense(10)(x))


def norms(keras, base):
    return [layer for layer in base.layers if isinstance(layer, keras.layers.BatchNormalization)]


def unfreeze_as_lesson_04(keras, base):
    base.trainable = True
    for layer in norms(keras, base):
        layer.trainable = False


def compiled(keras, model, *, rate=0.1):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.SGD(rate), loss=loss)
    return model


def fit(model):
    return model.fit(PICTURES, LABELS, batch_size=16, epochs=1, shuffle=False, verbose=0)


def copied(layers):
    return [weight.copy() for layer in layers for weight in layer.get_weights()]


def same(before, after):
    return all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


# BatchNormalization and Dropout while fine-tuning (lesson 04, section 4)


def test_frozen_batch_normalization_stays_still_while_convolutions_move(keras):
    base = small_base(keras)
    model = with_head(keras, base)
    unfreeze_as_lesson_04(keras, base)
    before, kernel = copied(norms(keras, base)), copied([base.get_layer("conv")])
    fit(compiled(keras, model))
    assert same(before, copied(norms(keras, base))), (
        "BatchNormalization with trainable = False moved in fit: lesson 04, section 4 "
        "(Unfreeze, but keep BatchNormalization still) teaches that it does not."
    )
    assert not same(kernel, copied([base.get_layer("conv")]))


@pytest.mark.parametrize(("rate", "active"), [(0.9, True), (0.0, False)])
def test_dropout_of_the_head_is_active_in_fit_and_only_there(keras, rate, active):
    """With a learning rate of 0 the losses of fit and of evaluate differ by what is active in fit alone.

    Without Dropout they agree: so frozen BatchNormalization uses its stored statistics in fit, too.
    """
    base = small_base(keras)
    model = with_head(keras, base, rate=rate)
    unfreeze_as_lesson_04(keras, base)
    compiled(keras, model, rate=0.0)
    in_fit = fit(model).history["loss"][0]
    in_evaluate = model.evaluate(PICTURES, LABELS, batch_size=16, verbose=0)
    assert (abs(in_fit - in_evaluate) > 1e-3) is active, (
        f"Loss {in_fit} in fit, {in_evaluate} in evaluate, Dropout {rate}: lessons 03 (section 6) and 04 "
        "(section 4) rest on a head whose Dropout works in fit, and on a base that answers the same in both."
    )


def test_dropout_of_the_head_answers_differently_each_time_in_training(keras):
    model = with_head(keras, small_base(keras))
    assert not np.array_equal(model(PICTURES, training=True), model(PICTURES, training=True))
    assert np.array_equal(model(PICTURES, training=False), model(PICTURES, training=False))


@pytest.mark.parametrize("call", [{}, {"training": False}], ids=["without care", "training=False"])
def test_only_frozen_batch_normalization_keeps_its_statistics(keras, call):
    base = small_base(keras)
    model = with_head(keras, base, **call)
    base.trainable = True
    before = copied(norms(keras, base))[2:]  # moving mean and variance
    fit(compiled(keras, model))
    assert not same(before, copied(norms(keras, base))[2:]), (
        f"Keras {keras.__version__} now keeps the statistics of base(x, training=False) still in fit. "
        "Change the sentence of lesson 04, section 4, which says that fit overrides it, and try whether "
        "the head's Dropout is still active then; keep trainable = False for BatchNormalization."
    )


# trainable and compile (lessons 03, section 4, and 04, section 3)


def test_freezing_and_unfreezing_a_base_reaches_each_layer(keras):
    base = small_base(keras)
    base.trainable = False
    assert not any(layer.trainable for layer in base.layers)
    model = compiled(keras, with_head(keras, base))
    before = copied(base.layers)
    fit(model)
    assert same(before, copied(base.layers))
    base.trainable = True
    assert all(layer.trainable for layer in base.layers)


def test_a_frozen_base_reports_nothing_but_its_unfrozen_layer_moves(keras):
    """The trap behind the line ``base_model.trainable = True`` of lesson 04, section 4."""
    base = small_base(keras)
    base.trainable = False
    base.get_layer("conv").trainable = True
    model = compiled(keras, with_head(keras, base))
    before = copied([base.get_layer("conv")])
    fit(model)
    assert base.trainable_weights == []
    assert not same(before, copied([base.get_layer("conv")])), (
        "A layer unfrozen inside a frozen base now stays still: see the sentence on a frozen base that hides "
        "its layers' own settings in lesson 04, section 4."
    )


@pytest.mark.parametrize("frozen_at_compile", [True, False])
def test_trainable_without_compile_changes_nothing(keras, frozen_at_compile):
    layer = keras.layers.Dense(1)
    toy = keras.Sequential([keras.Input((2,)), layer, keras.layers.Dense(1)])
    x, y = np.ones((8, 2)), np.ones((8, 1))
    layer.trainable = not frozen_at_compile
    toy.compile(optimizer="sgd", loss="mse")
    toy.fit(x, y, verbose=0)

    layer.trainable = frozen_at_compile
    before = copied([layer])
    toy.fit(x, y, verbose=0)
    assert same(before, copied([layer])) is frozen_at_compile, (
        "Changing trainable without compile now has an effect: rewrite section 3 of lesson 04."
    )
    toy.compile(optimizer="sgd", loss="mse")
    before = copied([layer])
    toy.fit(x, y, verbose=0)
    assert same(before, copied([layer])) is not frozen_at_compile


# preprocessing inside the model (lessons 01, 03, 04)


@pytest.mark.parametrize("network", ["resnet50", "mobilenet_v2"])
def test_preprocess_input_in_a_model_survives_saving_exactly(keras, network, tmp_path):
    preprocess_input = getattr(keras.applications, network).preprocess_input
    inputs = keras.Input((8, 8, 3), dtype="uint8")
    model = keras.Model(inputs, preprocess_input(keras.ops.cast(inputs, "float32")))
    answer = model.predict(PICTURES, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras").predict(PICTURES, verbose=0)
    assert np.array_equal(answer, again), "lessons 03 and 04 put preprocess_input into the saved model"
    assert np.allclose(answer, preprocess_input(PICTURES.astype("float32")), atol=1e-5)


@pytest.mark.parametrize(
    ("network", "pixel", "answer"),
    [
        ("mobilenet_v2", [255, 255, 255], [1, 1, 1]),
        ("resnet50", [255, 255, 255], [255 - 103.939, 255 - 116.779, 255 - 123.68]),
        ("resnet50", [255, 0, 0], [-103.939, -116.779, 255 - 123.68]),  # blue first
    ],
)
def test_preprocess_input_gives_the_range_that_the_lessons_name(keras, network, pixel, answer):
    pixels = np.array([[[pixel]]], "float32")
    given = getattr(keras.applications, network).preprocess_input(pixels)
    assert given.ravel().tolist() == pytest.approx(answer)


@pytest.mark.parametrize("network", ["resnet50", "mobilenet_v2"])
def test_preprocess_input_changes_a_float32_array_in_place(keras, network):
    array = PICTURES.astype("float32")
    getattr(keras.applications, network).preprocess_input(array)
    assert not np.array_equal(array, PICTURES), (
        "preprocess_input no longer changes a float32 array in place: lesson 01 shows that it does."
    )
    whole = PICTURES.copy()
    getattr(keras.applications, network).preprocess_input(whole)
    assert np.array_equal(whole, PICTURES)


# what other backbones want (lesson 11, section 1)

BACKBONES = {  # network -> its module, what black and white become, place of red, smallest input
    "MobileNetV2": ("mobilenet_v2", -1, 1, 0, 32),
    "ResNet50": ("resnet50", -123.68, 255 - 103.939, 2, 32),
    "ResNet50V2": ("resnet_v2", -1, 1, 0, 32),
    "InceptionV3": ("inception_v3", -1, 1, 0, 75),
    "VGG16": ("vgg16", -123.68, 255 - 103.939, 2, 32),
    "EfficientNetB0": ("efficientnet", 0, 255, 0, 32),
    "MobileNetV3Large": ("mobilenet_v3", 0, 255, 0, 32),
    "ConvNeXtTiny": ("convnext", 0, 255, 0, 32),
}


@pytest.mark.parametrize(("name", "facts"), BACKBONES.items(), ids=BACKBONES)
def test_what_each_backbone_wants(keras, name, facts):
    module, black, white, place, smallest = facts
    colours = np.array([[[[0, 0, 0], [255, 255, 255], [255, 0, 0]]]], "float32")
    given = getattr(keras.applications, module).preprocess_input(colours.copy())[0, 0]
    assert (given[0].min(), given[1].max()) == pytest.approx((black, white))
    assert np.flatnonzero(given[2] - given[0]).tolist() == [place]

    build = getattr(keras.applications, name)
    with pytest.raises(ValueError, match=f"at least {smallest}"):
        build(include_top=False, weights=None, input_shape=(smallest - 1, smallest - 1, 3))
    base = build(include_top=False, weights=None, input_shape=(smallest, smallest, 3))
    assert base.output_shape[1:3] == (1, 1), "lesson 11 says that one place is left at the smallest input"
    scaling = (keras.layers.Rescaling, keras.layers.Normalization)
    scales_itself = any(isinstance(layer, scaling) for layer in _all_layers(keras, base))
    assert scales_itself == (white == 255), "lesson 11 says which networks scale the pixels themselves"


def _all_layers(keras, model):
    for layer in model.layers:
        yield from _all_layers(keras, layer) if isinstance(layer, keras.Model) else [layer]


# augmentation (lessons 02 and 04)


def test_augmentation_works_in_training_only(keras):
    flip = keras.layers.RandomFlip("horizontal", seed=0)
    shift = keras.layers.RandomTranslation(0.1, 0.1, fill_mode="reflect", seed=0)
    inputs = keras.Input((8, 8, 3), dtype="uint8")
    model = keras.Sequential([inputs, keras.layers.Rescaling(1 / 255), flip, shift])
    plain = PICTURES.astype("float32") * np.float32(1 / 255)
    assert np.array_equal(model.predict(PICTURES, verbose=0), plain), "lesson 04 caches features behind it"
    first, second = (np.asarray(model(PICTURES, training=True)) for _ in range(2))
    assert not np.allclose(first, plain, atol=1e-3)
    assert not np.allclose(first, second, atol=1e-3)


# counts that the lessons name


def test_parameters_of_the_networks_from_scratch(keras):
    layers = keras.layers
    mlp = [layers.Flatten(), layers.Dense(64), layers.Dense(64), layers.Dense(10)]
    cnn = [
        *(layers.Conv2D(32, 3, padding="same"), layers.MaxPooling2D()),
        *(layers.Conv2D(64, 3, padding="same"), layers.MaxPooling2D()),
        *(layers.Flatten(), layers.Dense(128), layers.Dense(10)),
    ]
    counts = [keras.Sequential([keras.Input((32, 32, 3)), *net]).count_params() for net in (mlp, cnn)]
    assert counts == [201_482, 545_098]


def test_parameters_of_the_bases_and_of_a_head_that_was_not_counted(keras):
    layers, applications = keras.layers, keras.applications
    mobilenet = applications.MobileNetV2(include_top=False, weights=None, input_shape=(None, None, 3))
    resnet = applications.ResNet50(include_top=False, weights=None, input_shape=(None, None, 3))
    assert (mobilenet.count_params(), resnet.count_params()) == (2_257_984, 23_587_712)
    assert resnet.compute_output_shape((None, 256, 256, 3)) == (None, 8, 8, 2048)
    norm = layers.BatchNormalization
    head = [
        *(layers.Flatten(), norm(), layers.Dense(128, kernel_initializer="zeros"), layers.Dropout(0.5)),
        *(norm(), layers.Dense(64), layers.Dropout(0.5), norm(), layers.Dense(10)),
    ]
    head = keras.Sequential([keras.Input((8, 8, 2048)), *head])
    assert resnet.count_params() + head.count_params() == 40_899_018


# A model with Resizing inside, called by hand (lesson 04, section on Grad-CAM)


def with_resizing(keras, *, augmented: bool):
    """A small complete model of lesson 03, or with augmentation of lesson 04; and its base."""
    layers = [keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization()]
    base = keras.Sequential([keras.Input((12, 12, 3)), *layers])
    inputs = keras.Input((8, 8, 3), dtype="uint8")
    x = keras.ops.cast(inputs, "float32")
    x = keras.layers.RandomFlip("horizontal", seed=0)(x) if augmented else x
    x = keras.layers.Resizing(12, 12, interpolation="bilinear")(x)
    x = keras.layers.GlobalAveragePooling2D()(base(x / 127.5 - 1))
    return keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Dropout(0.5)(x))), base


@pytest.mark.parametrize("augmented", [False, True], ids=["lesson 03", "lesson 04"])
@pytest.mark.parametrize("is_frozen", [True, False])
def test_what_lessons_call_answers_without_training(keras, augmented: bool, is_frozen: bool):
    """``predict`` (lessons, ``predict_image``) and ``training=False`` (Grad-CAM) agree, and move nothing."""
    model, base = with_resizing(keras, augmented=augmented)
    base.trainable = not is_frozen
    before = copied(norms(keras, base))

    answers = model.predict(PICTURES, verbose=0)
    by_hand = np.asarray(model(PICTURES, training=False))

    assert np.allclose(answers, by_hand, atol=1e-5)
    assert same(before, copied(norms(keras, base)))


def test_called_by_hand_without_training_false_resizing_switches_to_training(keras):
    model, base = with_resizing(keras, augmented=False)
    before = copied(norms(keras, base))
    by_hand, answers = np.asarray(model(PICTURES)), model.predict(PICTURES, verbose=0)
    assert not np.allclose(answers, by_hand, atol=1e-3), (
        f"Keras {keras.__version__} now answers the same: shorten the warning of lesson 04 (Grad-CAM)."
    )
    assert not same(before, copied(norms(keras, base)))
