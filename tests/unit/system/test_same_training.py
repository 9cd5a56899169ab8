"""What tells one training from another. Whole messages are compared in tests/faults/test_training.py."""

from __future__ import annotations

import numpy as np
import pytest
from small_trainings import LABELS, PICTURES, small_model

from course_utils.errors import CourseError
from course_utils.system.same_training import check_same, described, fingerprint, layer_words, leaves, moving


def facts(model, **others: object) -> dict:
    return described(model, PICTURES, LABELS, [], others, epochs=3)


def test_verbose_makes_no_other_training() -> None:
    check_same("cnn", facts(small_model(), verbose=0), facts(small_model(), verbose=1))


def test_class_weights_do() -> None:
    with pytest.raises(CourseError, match="other arguments of fit"):
        check_same("cnn", facts(small_model()), facts(small_model(), class_weight={0: 2.0}))


def test_patience_makes_another_training_but_what_a_callback_saw_does_not() -> None:
    import keras

    early, patient, seen = (keras.callbacks.EarlyStopping(patience=n) for n in (3, 5, 3))
    seen.wait, seen.best = 2, 0.5
    trainings = (described(small_model(), PICTURES, LABELS, [one], {}) for one in (early, patient, seen))
    one, other, later = trainings
    check_same("head", one, later)
    with pytest.raises(CourseError, match=r"callbacks: kept EarlyStopping\(.*patience=3.*asked.*patience=5"):
        check_same("head", one, other)


def test_fingerprint() -> None:
    changed = PICTURES.copy()
    changed[-1, -1, -1, -1] ^= 1
    assert fingerprint(PICTURES).startswith("uint8 (24, 8, 8, 3) ")
    assert len({fingerprint(array) for array in (PICTURES, changed, PICTURES[::-1], PICTURES[:-1])}) == 4
    assert fingerprint(np.asfortranarray(PICTURES)) == fingerprint(PICTURES)
    assert fingerprint() == "none"


def test_nested_models_are_looked_into() -> None:
    import keras

    outer = keras.Sequential([keras.Input((8, 8, 3), dtype="uint8"), small_model()])
    assert [layer_words(layer) for layer in leaves(outer)] == [layer_words(n) for n in small_model().layers]


def test_frozen_layers_are_left_out_but_their_random_state() -> None:
    model = small_model()
    for layer in model.layers[:-1]:
        layer.trainable = False
    paths = [variable.path for variable in moving(model)]
    assert sum("seed" in path for path in paths) == 2  # flip and Dropout
    assert sorted(path.split("/")[-1] for path in paths if "seed" not in path) == ["bias", "kernel"]
