"""Wrong answers to the exercises of lesson 03, each with a part of the hint it must get."""

from __future__ import annotations

AROUND = """
x = keras.ops.cast(inputs, "float32")
x = keras.layers.Resizing(side, side, interpolation="bilinear")(x)
x = preprocess_input(x)
return keras.Model(inputs, base(x))
"""

FROZEN = """
base_model.trainable = False
layers = [base_model, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(classes)]
return keras.Sequential(layers)
"""

SIZES = """
rows, columns, channels = maps
inputs = channels if pooling else rows * columns * channels
head = (inputs + 1) * units + (units + 1) * classes
whole = base_parameters + head
return whole, head, whole * 4 / 1e6
"""

CONNECTED = """
head = keras.Sequential([keras.Input((48,))])
head.add(keras.layers.Dense(units, activation="relu"))
head.add(keras.layers.Dropout(dropout))
head.add(keras.layers.Dense(classes))
return head, keras.Model(extractor.inputs, head(extractor.output))
"""

CHOSEN = """
rng = np.random.default_rng(seed)
orders = [rng.permutation(np.flatnonzero(labels == label)) for label in range(10)]
return np.concatenate([order[:count] for order in orders])
"""

EXPERIMENT = """
bundled = weights_path("MobileNetV2", source="bundled")
bases = [build_base(weights) for weights in (bundled, None)]
for base in bases:
    base.trainable = False
accuracies = [probe_accuracy(base, **data) for base in bases]
transferred = 100 * (accuracies[0] - accuracies[1])
"""

WRONG = {
    "03.1": [
        (
            "p = side // 16\nreturn (pictures, p, p, 1280), (pictures, 1280), (pictures, classes)",
            "halve four times",
        ),
        (
            "p = side // 32\nreturn (pictures, p, p, 1280), (pictures, p * p * 1280), (pictures, classes)",
            "what Flatten gives",
        ),
        (
            "p = side // 32\nreturn (pictures, p, p, 1280), (pictures, 1280), (pictures, 10)",
            "not always ten classes",
        ),
        ("p = side // 32\nreturn (p, p, 1280), (1280,), (classes,)", "pictures is missing"),
        (
            "p = side // 32\nreturn (pictures, p, p, 1280), (pictures, 1, 1, 1280), (pictures, classes)",
            "two axes of places",
        ),
    ],
    "03.2": [
        (AROUND.replace("preprocess_input(x)", "x / 255"), "from 0 to 1"),
        (AROUND.replace("preprocess_input(x)", "preprocess_input(x / 255)"), "close to -1"),
        (AROUND.replace('"bilinear"', '"nearest"'), "became squares"),
        (AROUND.replace("x = preprocess_input(x)\n", ""), "raw pixels"),
        (AROUND.replace("side, side,", "32, 32,"), "resize before it"),
    ],
    "03.3": [
        (FROZEN.replace("trainable", "trainble"), "nothing is frozen"),
        (
            FROZEN.replace("base_model.trainable = False", "").replace(
                "return keras.Sequential(layers)",
                "model = keras.Sequential(layers)\nmodel.trainable = False\nreturn model",
            ),
            "head is frozen too",
        ),
        (
            FROZEN.replace(
                "base_model.trainable = False",
                "for layer in base_model.layers[:-30]:\n    layer.trainable = False",
            ),
            "layers of your base still learn",
        ),
        (
            FROZEN.replace(
                "base_model.trainable = False",
                "for layer in base_model.layers:\n"
                "    layer.trainable = isinstance(layer, keras.layers.BatchNormalization)",
            ),
            "convolutions are frozen",
        ),
    ],
    "03.4": [
        (SIZES.replace("return whole, head,", "return base_parameters, head,"), "has a head too"),
        (SIZES.replace("return whole, head,", "return whole, whole,"), "count it as trainable"),
        (SIZES.replace("channels if pooling else rows * columns * channels", "channels"), "Flatten keeps"),
        (SIZES.replace(" + 1)", ")"), "biases of the head"),
        (SIZES.replace("* 4 / 1e6", "* 4 / 2**20"), "You count in MiB"),
        (SIZES.replace("whole * 4", "head * 4"), "frozen weights too"),
    ],
    "03.5": [
        (CONNECTED.replace("Dense(classes)", 'Dense(classes, activation="softmax")'), "need no activation"),
        (
            CONNECTED.replace(
                "return head, keras.Model(extractor.inputs, head(extractor.output))",
                "return head, keras.Model(extractor.inputs, "
                "keras.models.clone_model(head)(extractor.output))",
            ),
            "a second one with other random weights",
        ),
        (CONNECTED.replace("head(extractor.output))", "extractor.output)"), "ends too early"),
        (CONNECTED.replace("head.add(keras.layers.Dropout(dropout))\n", ""), "has no Dropout"),
        (CONNECTED.replace("Dropout(dropout)", "Dropout(1 - dropout)"), "of the units off"),
    ],
    "03.6": [
        ("return labels", "order of the pictures"),
        (
            "fresh = extract(images)\n"
            "return np.array([np.abs(fresh - row).sum(axis=1).argmin() for row in features])",
            "positions of pictures",
        ),
        (
            "fresh = extract(images)\n"
            "return labels[[np.abs(features - row).sum(axis=1).argmin() for row in fresh]]",
            "the other way",
        ),
        (
            "fresh = extract(images).astype('float16')\n"
            "return labels[[int((fresh == row + 1e-3).all(axis=1).argmax()) for row in features]]",
            "look for equal numbers",
        ),
        ("return np.sort(labels)", "in a wrong order"),
    ],
    "03.7": [
        (CHOSEN.replace("default_rng(seed)", "default_rng()"), "same seed give different"),
        (CHOSEN.replace("default_rng(seed)", "default_rng(0)"), "Does your generator use"),
        (
            CHOSEN.replace(
                "rng.permutation(np.flatnonzero(labels == label))", "np.flatnonzero(labels == label)"
            ),
            "always take the first",
        ),
        (
            "rng = np.random.default_rng(seed)\n"
            "return np.concatenate([rng.choice(np.flatnonzero(labels == label), count, replace=False) "
            "for label in range(10)])",
            "two things change at once",
        ),
        (
            "return np.random.default_rng(seed).choice(len(labels), 10 * count, replace=False)",
            "class by class",
        ),
    ],
    "03.8": [
        (EXPERIMENT.replace("(bundled, None)", "(bundled, bundled)"), "Both accuracies are equal"),
        (EXPERIMENT.replace("(bundled, None)", "(None, bundled)"), "are swapped"),
        (EXPERIMENT.replace("base.trainable = False", "pass"), "is not frozen"),
        (EXPERIMENT.replace("100 * (", "("), "is a fraction"),
        (EXPERIMENT.replace("accuracies[1])", "0.1)"), "distance to the control"),
    ],
}
