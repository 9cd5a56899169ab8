"""Typical wrong answers of lesson 04: code for the gap, and a part of the hint that it must get."""

from __future__ import annotations

SCHEDULE = """
rising = start + (peak - start) * at / warmup
part = (at - warmup) / (steps - warmup)
falling = peak * (1 + np.cos(np.pi * part)) / 2
"""

MOVED = """
moved, length = {}, {}
for name, kernel in before.items():
    block = name.split("_")[0]
    moved[block] = moved.get(block, 0) + ((after[name] - kernel) ** 2).sum()
    length[block] = length.get(block, 0) + (kernel**2).sum()
"""

MODEL = """
x = keras.ops.cast(inputs, "float32")
x = keras.layers.RandomFlip("horizontal")(x)
x = keras.layers.RandomTranslation(0.1, 0.1)(x)
return keras.Model(inputs, keras.layers.Dense(10)(base(x)))
"""

DIAGNOSIS = """
if report["norm_moved"].max() > 0:
    return 1
if first["base_moved"] > 0:
    return 2
if second["base_moved"] == 0:
    return 3
return 4 if second["learning_rate"] >= first["learning_rate"] else 0
"""

PREPARE = """
base.trainable = phase == 2
for layer in base.layers:
    if isinstance(layer, keras.layers.BatchNormalization):
        layer.trainable = False
model.compile(
    optimizer=keras.optimizers.Adam(1e-3 if phase == 1 else 1e-4),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
"""


def _without(code: str, line: str) -> str:
    assert line in code
    return code.replace(line, "")


def _with(code: str, old: str, new: str) -> str:
    assert old in code
    return code.replace(old, new)


WRONG = {
    "04.1": [
        (
            _with(SCHEDULE, "(at - warmup) / (steps - warmup)", "at / steps")
            + "return np.where(at < warmup, rising, falling)",
            "should start where the warm-up",
        ),
        (SCHEDULE + "return np.where(at < warmup, peak, falling)", "At step 0, in the warm-up"),
        (
            SCHEDULE + "return np.where(at < warmup, rising, peak * (1 - part))",
            "along a straight line",
        ),
        (
            SCHEDULE + "return np.where(at < warmup, rising, peak * np.cos(np.pi * part))",
            "goes below zero",
        ),
        (
            SCHEDULE + "return np.where(at < warmup, peak * at / warmup, falling)",
            "starts at 0, not at `start`",
        ),
        (
            _with(SCHEDULE, "np.pi *", "180 *") + "return np.where(at < warmup, rising, falling)",
            "counts in radians",
        ),
        (SCHEDULE + "return np.where(at < warmup, rising, peak)", "then stays"),
        (
            SCHEDULE + "return np.where(at < warmup, rising, peak * np.cos(np.pi / 2 * part))",
            "A quarter of a wave",
        ),
    ],
    "04.2": [
        ('return images.astype("float32") - MEAN', "still stand in the order red"),
        ('return images.astype("float32") - MEAN[::-1]', "ResNet50 wants blue first"),
        ('return images.astype("float32") / 127.5 - 1', "pixels of MobileNetV2"),
        ('return images[..., ::-1].astype("float32") - MEAN[::-1]', "lost the mean of another one"),
        ('return images[:, :, ::-1].astype("float32") - MEAN', "from left to right"),
        ('return images[..., ::-1].astype("float32")', "mean is still in there"),
        ('return images[..., ::-1].astype("float64") - MEAN', "of the dtype float64"),
        ('return images[..., ::-1] - MEAN.astype("uint8")', "wraps around"),
    ],
    "04.3": [
        (
            'mask = layers["layer"].str.startswith(("head", *blocks))\n'
            'return layers.loc[mask, "parameters"].sum()',
            "You count BatchNormalization",
        ),
        (
            'mask = layers["layer"].str.startswith(blocks) & (layers["type"] != "BatchNormalization")\n'
            'return layers.loc[mask, "parameters"].sum()',
            "it trains in each phase",
        ),
        (
            'mask = layers["layer"].str.startswith(blocks)\nreturn layers.loc[mask, "parameters"].sum()',
            "and BatchNormalization is counted",
        ),
        ('return layers["parameters"].sum()', "all parameters, whatever"),
        (
            'is_norm = layers["type"] == "BatchNormalization"\n'
            'mask = layers["layer"].str.startswith(("head", *blocks)) & ~is_norm\n'
            'return layers["parameters"].sum() - layers.loc[mask, "parameters"].sum()',
            "the frozen ones",
        ),
    ],
    "04.4": [
        (
            "ratios = {}\n"
            "for name, kernel in before.items():\n"
            "    change = np.linalg.norm(after[name] - kernel) / np.linalg.norm(kernel)\n"
            '    ratios.setdefault(name.split("_")[0], []).append(change)\n'
            "return {block: np.mean(values) for block, values in ratios.items()}",
            "You average over the layers",
        ),
        (MOVED + "return {block: moved[block] / length[block] for block in moved}", "These are squares"),
        (MOVED + "return {block: np.sqrt(moved[block]) for block in moved}", "These are lengths of changes"),
        (
            MOVED + "return {block: 100 * np.sqrt(moved[block] / length[block]) for block in moved}",
            "These are per cent",
        ),
        (
            "return {name: np.linalg.norm(after[name] - kernel) / np.linalg.norm(kernel)\n"
            "        for name, kernel in before.items()}",
            "one number a layer",
        ),
        (
            "return {\n"
            '    name.split("_")[0]: np.linalg.norm(after[name] - kernel) / np.linalg.norm(kernel)\n'
            "    for name, kernel in before.items()\n"
            "}",
            "the last layer of each block only",
        ),
        (
            _with(MOVED, "(kernel**2).sum()", "(after[name] ** 2).sum()")
            + "return {block: np.sqrt(moved[block] / length[block]) for block in moved}",
            "divide by the length after",
        ),
    ],
    "04.5": [
        (
            "base.trainable = True\n"
            "for layer in base.layers:\n"
            "    layer.trainable = layer in base.layers[-count:]\n"
            "return base",
            "mean and variance would be overwritten",
        ),
        (
            "for layer in base.layers:\n"
            "    is_norm = isinstance(layer, keras.layers.BatchNormalization)\n"
            "    layer.trainable = layer in base.layers[-count:] and not is_norm\n"
            "return base",
            "the base as a whole is still frozen",
        ),
        ("base.trainable = True\nreturn base", "All layers are trainable now"),
        (
            "base.trainable = True\n"
            "for layer in base.layers:\n"
            "    is_norm = isinstance(layer, keras.layers.BatchNormalization)\n"
            "    layer.trainable = layer in base.layers[:count] and not is_norm\n"
            "return base",
            "Which end is the last?",
        ),
        ("return base", "All layers of the base are still frozen"),
        (
            "base.trainable = True\n"
            "for layer in base.layers:\n"
            "    layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)\n"
            "return base",
            "it is none of the last",
        ),
    ],
    "04.6": [
        (_with(MODEL, '"horizontal"', ""), "ships would stand on their masts"),
        (_without(MODEL, "x = keras.layers.RandomTranslation(0.1, 0.1)(x)"), "no layer RandomTranslation"),
        (
            "x = base(keras.ops.cast(inputs, 'float32'))\n"
            "return keras.Model(inputs, keras.layers.Dense(10)(x))",
            "does not travel with it",
        ),
        (_with(MODEL, "0.1, 0.1", "0.5, 0.5"), "asks for a tenth"),
        (_with(MODEL, "Dense(10)", 'Dense(10, activation="softmax")'), "Logits have none"),
    ],
    "04.7": [
        (
            _with(
                DIAGNOSIS,
                'second["learning_rate"] >= first["learning_rate"]',
                'second["val_accuracy"] < first["val_accuracy"]',
            ),
            "or by chance",
        ),
        (
            _without(DIAGNOSIS, 'if second["base_moved"] == 0:\n    return 3\n'),
            "did it move?",
        ),
        (
            _without(DIAGNOSIS, 'if first["base_moved"] > 0:\n    return 2\n'),
            "What was frozen in phase 1?",
        ),
        (
            _with(DIAGNOSIS, 'report["norm_moved"].max() > 0', 'first["norm_moved"] > 0'),
            "must stay still",
        ),
        (
            _with(DIAGNOSIS, 'if first["base_moved"] > 0', 'if second["base_moved"] > 0'),
            "Which phase is the early one?",
        ),
        ("return 5", "none of the five"),
    ],
    "04.8": [
        (
            _with(PREPARE, "model.compile(", "if phase == 1: model.compile("),
            "but it did not move",
        ),
        (
            "base.trainable = phase == 2\n" + PREPARE[PREPARE.index("model.compile") :],
            "In phase 2 BatchNormalization moved",
        ),
        (_with(PREPARE, "phase == 2", "True"), "In phase 1 the base moved"),
        (_with(PREPARE, "1e-3 if phase == 1 else 1e-4", "1e-3"), "In which one must the steps be small"),
        (_with(PREPARE, "from_logits=True", ""), "takes them for probabilities"),
        (_with(PREPARE, "base.trainable = phase == 2", "base.trainable = False"), "base is still frozen"),
        (_with(PREPARE, "1e-3 if phase == 1 else 1e-4", "1e-3 / phase"), "but not clearly"),
    ],
}
