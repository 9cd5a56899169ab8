"""Typical wrong answers of lesson 02; their form: see ``exercise_runs.wrong_answers``."""

from __future__ import annotations

SOFTMAX = '(10, activation="softmax")'

WRONG = {
    "02.1": [
        ("biases are missing", "weights + bias", "weights"),
        ("two of these layers have none", "+ bias", "+ 1"),
        ("one bias a layer", "(weights + bias) * outputs", "weights * outputs + bias"),
        ("3×3 places", "filter_side * filter_side", "filter_side"),
        ("all channels that come in", " * inputs", ""),
        ("as if all layers were Dense", "filter_side * filter_side * ", ""),
    ],
    "02.2": [
        ("compare all with ln 10", "np.log(classes)", "np.log(10)"),
        ("too low as well", "np.abs(losses - np.log(classes))", "losses - np.log(classes)"),
        ("healthy ones", "> 0.5", "<= 0.5"),
        ("all of them", "np.log(classes)", "np.log(1 / classes)"),
        ("This is a mask", "np.flatnonzero(gaps > 0.5)", "gaps > 0.5"),
    ],
    "02.3": [
        ("print the shape", ".reshape(-1)", ""),
        ("per cent", "return ", "return 100 * "),
        ("Divide by the number", ".mean()", ".sum()"),
        ("work for both shapes", "axis=1)", "axis=1, keepdims=True)", ".reshape(-1)", ""),
        ("share of wrong", "==", "!="),
    ],
    "02.4": [
        ("activation softmax", "Dense(classes)", 'Dense(classes, activation="softmax")'),
        ("0 to 1", "model.add(keras.layers.Rescaling(1 / 255))", ""),
        ("border of one pixel", 'padding="same", ', ""),
        ("wrong order", "in filters", "in filters[::-1]"),
        ("no activation", 'Dense(units, activation="relu")', "Dense(units)"),
        ("no Flatten", "Flatten", "GlobalAveragePooling2D"),
        ("MaxPooling2D", "    model.add(keras.layers.MaxPooling2D())\n", ""),
        ("logits", "Dense(classes)", "Dense(10)"),
    ],
    "02.5": [
        ("one too low", 'best["epoch"]', 'best["epoch"] - 1'),
        ("notices earlier", '"val_loss"].idxmin', '"val_accuracy"].idxmax'),
        ("has not seen", '"val_loss"', '"loss"'),
        ("is a fraction", "100 * ", ""),
        ("negative", "100 *", "-100 *"),
        (
            "last epoch",
            'best["accuracy"] - best["val_accuracy"]',
            'history["accuracy"] - history["val_accuracy"]',
            "gap}",
            "gap.iloc[-1]}",
        ),
    ],
    "02.6": [
        ("precision", "axis=1, keepdims=True", "axis=0"),
        ("Leave the diagonal out", "np.fill_diagonal(shares, 0)", ""),
        ("turned round", "[true], CLASS_NAMES[predicted]", "[predicted], CLASS_NAMES[true]"),
        ("different sizes", "np.fill_diagonal(shares, 0)", "shares = table * (1 - np.eye(10))"),
        ("that was found", "return recall", "return 1 - recall"),
    ],
    "02.7": [
        ("needs n - 1", "ddof=1", "ddof=0"),
        ("is a fraction", "100 * (np.mean", "(np.mean"),
        ("really worse", "abs(difference)", "difference"),
        ("spread alone", " and abs(difference) > 2 * uncertainty", ""),
        ("uncertainty alone", "abs(difference) > spread and ", ""),
        ("Both must hold", " and ", " or "),
        ("spread of the second model", "max(np.std(first, ddof=1), ", "max(0, "),
    ],
    "02.8": [
        ("choose on the test set", "val.argmax", "test.argmax"),
        ("no part in the choice", "test[chosen]", "val[chosen]"),
        ("is a fraction", "100 * ", ""),
        ("negative", "test.max() - score", "score - test.max()"),
    ],
    "02.9": [
        ("The first loss was", "1 / 255", "255", "(10)", SOFTMAX, "1e-3", "0.5"),
        ("One of the two must change", "(10)", SOFTMAX),
        ("each step is too large", "1e-3", "0.5"),
        ("expects probabilities", "from_logits=True", "from_logits=False"),
        ("so small now", "1e-3", "1e-6"),
    ],
}
