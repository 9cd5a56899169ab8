"""Typical wrong answers of lesson 03; their form: see ``exercise_runs.wrong_answers``."""

from __future__ import annotations

FREEZING = "base_model.trainable = False\nassert not base_model.trainable_weights"
SOME = "for layer in base_model.layers[:-30]:\n    layer.trainable = False"
NORMS = """
for layer in base_model.layers:
    layer.trainable = isinstance(layer, keras.layers.BatchNormalization)
"""
NEAREST = "np.abs(fresh - row).sum(axis=1).argmin()"
ORDERS = "rng.permutation(np.flatnonzero(labels == label))"

WRONG = {
    "03.1": [
        ("halve four times", "32", "16"),
        ("what Flatten gives", "(pictures, 1280)", "(pictures, places**2 * 1280)"),
        ("not always ten classes", "classes", "10"),
        ("pictures is missing", "(pictures, places, places, 1280)", "(places, places, 1280)"),
        ("two axes of places", "(pictures, 1280)", "(pictures, 1, 1, 1280)"),
    ],
    "03.2": [
        ("from 0 to 1", "preprocess_input(x)", "x / 255"),
        ("close to -1", "preprocess_input(x)", "preprocess_input(x / 255)"),
        ("became squares", '"bilinear"', '"nearest"'),
        ("raw pixels", "x = preprocess_input(x)\n", ""),
        ("resize before it", "side, side,", "32, 32,"),
    ],
    "03.3": [
        ("nothing is frozen", FREEZING, "base_model.trainble = False"),
        (
            "head is frozen too",
            "return",
            "model =",
            "head])",
            "head])\nmodel.trainable = False\nreturn model",
        ),
        ("layers of your base still learn", FREEZING, SOME),
        ("convolutions are frozen", FREEZING, NORMS),
    ],
    "03.4": [
        ("has a head too", "return whole,", "return base_parameters,"),
        ("count it as trainable", "return whole, head,", "return whole, whole,"),
        ("Flatten keeps", "channels if pooling else rows * columns * channels", "channels"),
        ("biases of the head", " + 1)", ")"),
        ("You count in MiB", "* 4 / 1e6", "* 4 / 2**20"),
        ("frozen weights too", "whole * 4", "head * 4"),
    ],
    "03.5": [
        ("need no activation", "Dense(classes)", 'Dense(classes, activation="softmax")'),
        (
            "a second one with other random weights",
            "inputs, head(",
            "inputs, keras.models.clone_model(head)(",
        ),
        ("ends too early", "head(extractor.output))", "extractor.output)"),
        ("has no Dropout", "head.add(keras.layers.Dropout(dropout))\n", ""),
        ("of the units off", "Dropout(dropout)", "Dropout(1 - dropout)"),
    ],
    "03.6": [
        ("order of the pictures", "labels[found]", "labels"),
        ("positions of pictures", "labels[found]", "found"),
        ("the other way", "fresh - row", "features - row", "in features", "in fresh"),
        ("look for equal numbers", NEAREST, "int((fresh == row + 1e-3).all(axis=1).argmax())"),
        ("in a wrong order", "labels[found]", "np.sort(labels)"),
    ],
    "03.7": [
        ("same seed give different", "default_rng(seed)", "default_rng()"),
        ("Does your generator use", "default_rng(seed)", "default_rng(0)"),
        ("always take the first", ORDERS, "np.flatnonzero(labels == label)"),
        (
            "two things change at once",
            ORDERS,
            "rng.choice(np.flatnonzero(labels == label), count, replace=False)",
        ),
        (
            "class by class",
            "return np.random.default_rng(seed).choice(len(labels), 10 * count, replace=False)",
        ),
    ],
    "03.8": [
        ("Both accuracies are equal", "(bundled, None)", "(bundled, bundled)"),
        ("are swapped", "(bundled, None)", "(None, bundled)"),
        ("is not frozen", "base.trainable = False", "pass"),
        ("is a fraction", "100 * (", "("),
        ("distance to the control", "accuracies[1])", "0.1)"),
    ],
    "03.9": [
        ("no sentence between the quotes", 'answer = "It is better."'),
        ("A text between quotes", "answer = accuracies"),
        ("Say it shorter", 'answer = "The base is better, I think. " * 40'),
    ],
}
