"""Wrong answers to the exercises of lesson 02, each with a part of the hint it must get."""

from __future__ import annotations

CNN = """
model = keras.Sequential([keras.Input((side, side, 3), dtype="uint8")])
model.add(keras.layers.Rescaling(1 / 255))
for count in filters:
    model.add(keras.layers.Conv2D(count, 3, padding="same", activation="relu"))
    model.add(keras.layers.MaxPooling2D())
model.add(keras.layers.Flatten())
model.add(keras.layers.Dense(units, activation="relu"))
model.add(keras.layers.Dense(classes))
"""

CONFUSIONS = """
shares = table / table.sum(axis=1, keepdims=True)
recall = np.diag(shares).copy()
np.fill_diagonal(shares, 0)
true, predicted = np.unravel_index(shares.argmax(), shares.shape)
return recall, (CLASS_NAMES[true], CLASS_NAMES[predicted])
"""

COMPARISON = """
difference = 100 * (np.mean(second) - np.mean(first))
spread = 100 * max(np.std(first, ddof=1), np.std(second, ddof=1))
p = (np.mean(first) + np.mean(second)) / 2
uncertainty = 100 * np.sqrt(p * (1 - p) / pictures)
is_real = abs(difference) > spread and abs(difference) > 2 * uncertainty
return difference, spread, uncertainty, bool(is_real)
"""

BY_HEART = """
rescaling = keras.layers.Rescaling(1 / 255)
last_layer = keras.layers.Dense(10)
optimizer = keras.optimizers.Adam(1e-3)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
"""

WRONG = {
    "02.1": [
        ("return filter_side * filter_side * inputs * outputs", "biases are missing"),
        ("return (filter_side * filter_side * inputs + 1) * outputs", "two of these layers have none"),
        ("return filter_side * filter_side * inputs * outputs + bias", "one bias a layer"),
        ("return (filter_side * inputs + bias) * outputs", "3×3 places"),
        ("return (filter_side**2 + bias) * outputs", "all channels that come in"),
        ("return (inputs + bias) * outputs", "as if all layers were Dense"),
    ],
    "02.2": [
        ("return np.flatnonzero(np.abs(losses - np.log(10)) > 0.5)", "compare all with ln 10"),
        ("return np.flatnonzero(losses - np.log(classes) > 0.5)", "too low as well"),
        ("return np.flatnonzero(np.abs(losses - np.log(classes)) <= 0.5)", "healthy ones"),
        ("return np.flatnonzero(np.abs(losses - np.log(1 / classes)) > 0.5)", "all of them"),
        ("return np.abs(losses - np.log(classes)) > 0.5", "This is a mask"),
    ],
    "02.3": [
        ("return (labels == probabilities.argmax(axis=1)).mean()", "print the shape"),
        ("return 100 * (labels.ravel() == probabilities.argmax(axis=1)).mean()", "per cent"),
        ("return (labels.ravel() == probabilities.argmax(axis=1)).sum()", "Divide by the number"),
        ("return (labels == probabilities.argmax(axis=1, keepdims=True)).mean()", "work for both shapes"),
        ("return (labels.ravel() != probabilities.argmax(axis=1)).mean()", "share of wrong"),
    ],
    "02.4": [
        (CNN.replace("Dense(classes)", 'Dense(classes, activation="softmax")'), "activation softmax"),
        (CNN.replace("model.add(keras.layers.Rescaling(1 / 255))", ""), "0 to 1"),
        (CNN.replace('padding="same", ', ""), "border of one pixel"),
        (CNN.replace("in filters", "in filters[::-1]"), "wrong order"),
        (CNN.replace('Dense(units, activation="relu")', "Dense(units)"), "no activation"),
        (CNN.replace("Flatten", "GlobalAveragePooling2D"), "no Flatten"),
        (CNN.replace("    model.add(keras.layers.MaxPooling2D())\n", ""), "MaxPooling2D"),
        (CNN.replace("Dense(classes)", "Dense(10)"), "logits"),
    ],
    "02.5": [
        ("row = history['val_loss'].idxmin()\nreturn {'best_epoch': row, 'gap': 0.0}", "one too low"),
        (
            "row = history['val_accuracy'].idxmax()\nreturn {'best_epoch': row + 1, 'gap': 0.0}",
            "notices earlier",
        ),
        ("row = history['loss'].idxmin()\nreturn {'best_epoch': row + 1, 'gap': 0.0}", "has not seen"),
        (
            "best = history.loc[history['val_loss'].idxmin()]\n"
            "return {'best_epoch': best['epoch'], 'gap': best['accuracy'] - best['val_accuracy']}",
            "is a fraction",
        ),
        (
            "best = history.loc[history['val_loss'].idxmin()]\n"
            "return {'best_epoch': best['epoch'], 'gap': 100 * (best['val_accuracy'] - best['accuracy'])}",
            "negative",
        ),
        (
            "best, last = history.loc[history['val_loss'].idxmin()], history.iloc[-1]\n"
            "return {'best_epoch': best['epoch'], 'gap': 100 * (last['accuracy'] - last['val_accuracy'])}",
            "last epoch",
        ),
    ],
    "02.6": [
        (CONFUSIONS.replace("axis=1, keepdims=True", "axis=0"), "precision"),
        (CONFUSIONS.replace("np.fill_diagonal(shares, 0)", ""), "Leave the diagonal out"),
        (
            CONFUSIONS.replace("[true], CLASS_NAMES[predicted]", "[predicted], CLASS_NAMES[true]"),
            "turned round",
        ),
        (
            CONFUSIONS.replace("np.fill_diagonal(shares, 0)", "shares = table * (1 - np.eye(10))"),
            "different sizes",
        ),
        (CONFUSIONS.replace("return recall", "return 1 - recall"), "that was found"),
    ],
    "02.7": [
        (COMPARISON.replace("ddof=1", "ddof=0"), "needs n - 1"),
        (COMPARISON.replace("100 * (np.mean", "(np.mean"), "is a fraction"),
        (COMPARISON.replace("abs(difference)", "difference"), "really worse"),
        (COMPARISON.replace(" and abs(difference) > 2 * uncertainty", ""), "spread alone"),
        (COMPARISON.replace("abs(difference) > spread and ", ""), "uncertainty alone"),
        (COMPARISON.replace(" and ", " or "), "Both must hold"),
        (COMPARISON.replace("max(np.std(first, ddof=1), ", "max(0, "), "spread of the second model"),
    ],
    "02.8": [
        ("best = test.argmax()\nreturn best, test[best], 0.0", "choose on the test set"),
        ("best = val.argmax()\nreturn best, val[best], 0.0", "no part in the choice"),
        ("best = val.argmax()\nreturn best, test[best], test.max() - test[best]", "is a fraction"),
        ("best = val.argmax()\nreturn best, test[best], 100 * (test[best] - test.max())", "negative"),
    ],
    "02.9": [
        (
            BY_HEART.replace("1 / 255", "255")
            .replace("(10)", '(10, activation="softmax")')
            .replace("1e-3", "0.5"),
            "The first loss was",
        ),
        (BY_HEART.replace("(10)", '(10, activation="softmax")'), "One of the two must change"),
        (BY_HEART.replace("1e-3", "0.5"), "each step is too large"),
        (BY_HEART.replace("from_logits=True", "from_logits=False"), "expects probabilities"),
        (BY_HEART.replace("1e-3", "1e-6"), "so small now"),
    ],
}
