"""Typical wrong answers of lesson 04; their form: see ``exercise_runs.wrong_answers``."""

from __future__ import annotations

MEAN_OF_LAYERS = """
ratios = {}
for name, kernel in before.items():
    change = np.linalg.norm(after[name] - kernel) / np.linalg.norm(kernel)
    ratios.setdefault(name.split("_")[0], []).append(change)
return {block: np.mean(values) for block, values in ratios.items()}
"""
RATES = "1e-3 if phase == 1 else 1e-4"
FROZEN_NORMS = """
for layer in base.layers:
    if isinstance(layer, keras.layers.BatchNormalization):
        layer.trainable = False
"""

WRONG = {
    "04.1": [
        ("should start where the warm-up", "(at - warmup) / (steps - warmup)", "at / steps"),
        ("At step 0, in the warm-up", "rising, falling", "peak, falling"),
        ("along a straight line", ", falling", ", peak * (1 - part)"),
        ("goes below zero", ", falling", ", peak * np.cos(np.pi * part)"),
        ("starts at 0, not at `start`", "rising, falling", "peak * at / warmup, falling"),
        ("counts in radians", "np.pi *", "180 *"),
        ("then stays", ", falling", ", peak"),
        ("A quarter of a wave", ", falling", ", peak * np.cos(np.pi / 2 * part)"),
    ],
    "04.2": [
        ("still stand in the order red", "[..., ::-1]", ""),
        ("ResNet50 wants blue first", "[..., ::-1]", "", "MEAN", "MEAN[::-1]"),
        ("pixels of MobileNetV2", "[..., ::-1]", "", "- MEAN", "/ 127.5 - 1"),
        ("lost the mean of another one", "MEAN", "MEAN[::-1]"),
        ("from left to right", "[..., ::-1]", "[:, :, ::-1]"),
        ("mean is still in there", " - MEAN", ""),
        ("of the dtype float64", "float32", "float64"),
        ("wraps around", '.astype("float32") - MEAN', ' - MEAN.astype("uint8")'),
    ],
    "04.3": [
        ("You count BatchNormalization", " & ~is_norm", ""),
        ("it trains in each phase", "is_head | is_open", "is_open"),
        ("and BatchNormalization is counted", " & ~is_norm", "", "is_head | is_open", "is_open"),
        ("all parameters, whatever", ".loc[is_head | is_open, ", "["),
        ("the frozen ones", "is_head | is_open", "~(is_head | is_open)"),
    ],
    "04.4": [
        ("You average over the layers", MEAN_OF_LAYERS),
        ("These are squares", "np.sqrt(", "("),
        ("These are lengths of changes", " / length[block]", ""),
        ("These are per cent", "np.sqrt", "100 * np.sqrt"),
        ("one number a layer", 'name.split("_")[0]', "name"),
        ("the last layer of each block only", "moved.get(block, 0) + ", "", "length.get(block, 0) + ", ""),
        ("divide by the length after", "(kernel**2)", "(after[name] ** 2)"),
    ],
    "04.5": [
        ("mean and variance would be overwritten", " and not is_norm", ""),
        ("the base as a whole is still frozen", "base.trainable = True\n", ""),
        ("All layers are trainable now", "base.trainable = True\nreturn base"),
        ("Which end is the last?", "[-count:]", "[:count]"),
        ("All layers of the base are still frozen", "return base"),
        ("it is none of the last", "layer in base.layers[-count:] and ", ""),
    ],
    "04.6": [
        ("ships would stand on their masts", '"horizontal"', ""),
        ("no layer RandomTranslation", "x = keras.layers.RandomTranslation(0.1, 0.1)(x)\n", ""),
        ("does not travel with it", 'x = keras.layers.RandomFlip("horizontal")(x)\n', ""),
        ("asks for a tenth", "0.1, 0.1", "0.5, 0.5"),
        ("Logits have none", "Dense(10)", 'Dense(10, activation="softmax")'),
    ],
    "04.7": [
        (
            "or by chance",
            'second["learning_rate"] >=',
            'second["val_accuracy"] <',
            'first["learning_rate"]',
            'first["val_accuracy"]',
        ),
        ("did it move?", 'if second["base_moved"] == 0:\n    return 3\n', ""),
        ("What was frozen in phase 1?", 'if first["base_moved"] > 0:\n    return 2\n', ""),
        ("must stay still", 'report["norm_moved"].max() > 0', 'first["norm_moved"] > 0'),
        ("Which phase is the early one?", 'if first["base_moved"] > 0', 'if second["base_moved"] > 0'),
        ("none of the five", "return 5"),
    ],
    "04.8": [
        ("but it did not move", "model.compile(", "if phase == 1: model.compile("),
        ("In phase 2 BatchNormalization moved", FROZEN_NORMS, "\n"),
        ("In phase 1 the base moved", "phase == 2", "True"),
        ("In which one must the steps be small", RATES, "1e-3"),
        ("takes them for probabilities", "from_logits=True", ""),
        ("base is still frozen", "base.trainable = phase == 2", "base.trainable = False"),
        ("but not clearly", RATES, "1e-3 / phase"),
    ],
}
