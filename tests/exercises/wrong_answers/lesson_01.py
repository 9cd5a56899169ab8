"""Typical wrong answers of lesson 01; their form: see ``exercise_runs.wrong_answers``."""

from __future__ import annotations

WRONG = {
    "01.1": [
        ("describe one pixel", " * 3", ""),
        ("gives GiB", "1e9", "2**30"),
        ("`side` rows", "side * side", "side"),
        ("were float32", "np.dtype(dtype).itemsize", "4"),
        ("These are bytes", " / 1e9", ""),
        ("These are bits", "/ 1e9", "* 8 / 1e9"),
        ("megabytes", "1e9", "1e6"),
    ],
    "01.2": [
        ("several times", "return np.tile(images, (1, factor, factor, 1))"),
        ("not more columns", "return np.repeat(rows, factor, axis=2)", "return rows"),
        ("Look at axis 0", "return np.repeat(images, factor, axis=0)"),
        ("stay uint8", "axis=2)", "axis=2) / 1.0"),
        ("holds the colours", "axis=1", "axis=3"),
        ("have the shape", "return np.repeat(images, factor)"),
    ],
    "01.3": [
        ("from 0 to 1", "127.5 - 1", "255"),
        ("float64", '.astype("float32")', ""),
        ("wraps around", 'return (images - 127).astype("float32") / 128'),
        ("used 128", "127.5", "128"),
        ("half as wide", "127.5 - 1", "255 - 0.5"),
        ("Your values go from 0 to 255", " / 127.5 - 1", ""),
        ("is None", "return None"),
    ],
    "01.4": [
        ("as they came", "table[labels]", "labels"),
        (
            "the other way",
            "CLASS_NAMES.index(name) for name in order",
            "order.index(name) for name in CLASS_NAMES",
        ),
        ("holds texts", "return [order[label] for label in labels]"),
        ("one too high", "table[labels]", "table[labels] + 1"),
        ("Look at picture", "table[labels]", "np.sort(table[labels])"),
    ],
    "01.5": [
        ("in place", "images /= 127.5\nimages -= 1\nreturn images"),
        (
            "hidden, not corrected",
            "if images.max() > 1:\n    images /= 127.5\n    images -= 1\nreturn images",
        ),
        ("keep -1 to 1", "127.5 - 1", "255"),
        ("dtype became float64", "images", 'images.astype("float64")'),
        ("Scale as before", "/ 127.5 - 1", "- 127.5"),
    ],
    "01.6": [
        ("not stratified", "stratify=labels, ", ""),
        ("in order of class", "stratify=labels, random_state=seed", "shuffle=False"),
        ("swapped", "test_size", "train_size"),
        ("both parts", "return train_index", "return positions"),
        ("Are these labels?", "positions, test_size", "labels, test_size"),
    ],
    "01.7": [
        ("training and test set together", "train.", "np.concatenate([train, test])."),
        ("test pictures alone", "train.", "test."),
        ("one mean for all colours", "axis=(0, 1, 2)", ""),
        ("deviation is missing", " / std", ""),
        ("the variance", "train.std", "train.var"),
        ("a mean for each pixel", "axis=(0, 1, 2)", "axis=0", "/ std", "/ np.maximum(std, 1e-9)"),
        ("the training pictures", "test - mean", "train - mean"),
    ],
    "01.8": [
        ("the exact copies", "differences.min() < limit", "differences.min() == 0"),
        ("wraps around", '.astype("int16")', ""),
        ("positions in the training set", "(test.", "(train.", "abs(train -", "abs(test.astype(int) -"),
        ("is no copy", ".mean(axis=(1, 2, 3))", ""),
        (
            "np.flatnonzero",
            "if differences.min() < limit:\n        ",
            "",
            "position)",
            "differences.min() < limit)",
        ),
        ("found none", "return np.array(found)", "return []"),
    ],
}
