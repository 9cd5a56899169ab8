"""Typical wrong answers of lesson 01: code for the gap, and a part of the hint that it must get."""

from __future__ import annotations

WRONG = {
    "01.1": [
        ("return pictures * side * side * np.dtype(dtype).itemsize / 1e9", "describe one pixel"),
        ("return pictures * side * side * 3 * np.dtype(dtype).itemsize / 2**30", "gives GiB"),
        ("return pictures * side * 3 * np.dtype(dtype).itemsize / 1e9", "`side` rows"),
        ("return pictures * side * side * 3 * 4 / 1e9", "were float32"),
        ("return pictures * side * side * 3 * np.dtype(dtype).itemsize", "These are bytes"),
        ("return pictures * side * side * 3 * np.dtype(dtype).itemsize * 8 / 1e9", "These are bits"),
        ("return pictures * side * side * 3 * np.dtype(dtype).itemsize / 1e6", "megabytes"),
    ],
    "01.2": [
        ("return np.tile(images, (1, factor, factor, 1))", "several times"),
        ("return np.repeat(images, factor, axis=1)", "not more columns"),
        ("return np.repeat(images, factor, axis=0)", "Look at axis 0"),
        ("return images.repeat(factor, 1).repeat(factor, 2) / 1.0", "stay uint8"),
        ("return np.repeat(np.repeat(images, factor, axis=2), factor, axis=3)", "holds the colours"),
        ("return np.repeat(images, factor)", "have the shape"),
    ],
    "01.3": [
        ('return images.astype("float32") / 255', "from 0 to 1"),
        ("return images / 127.5 - 1", "float64"),
        ('return (images - 127).astype("float32") / 128', "wraps around"),
        ('return images.astype("float32") / 128 - 1', "used 128"),
        ('return images.astype("float32") / 255 - 0.5', "half as wide"),
        ('return images.astype("float32")', "Your values go from 0 to 255"),
        ("return None", "is None"),
    ],
    "01.4": [
        ("return labels", "as they came"),
        ("return np.array([order.index(name) for name in CLASS_NAMES])[labels]", "the other way"),
        ("return [order[label] for label in labels]", "holds texts"),
        ("return np.array([CLASS_NAMES.index(name) for name in order])[labels] + 1", "one too high"),
        ("return np.sort(np.array([CLASS_NAMES.index(name) for name in order])[labels])", "Look at picture"),
    ],
    "01.5": [
        ("images /= 127.5\nimages -= 1\nreturn images", "in place"),
        (
            "if images.max() > 1:\n    images /= 127.5\n    images -= 1\nreturn images",
            "hidden, not corrected",
        ),
        ("return images / 255", "keep -1 to 1"),
        ('return images.astype("float64") / 127.5 - 1', "dtype became float64"),
        ("return images - 127.5", "Scale as before"),
    ],
    "01.6": [
        (
            "return train_test_split(np.arange(len(labels)), test_size=fraction, random_state=seed)",
            "not stratified",
        ),
        (
            "count = int(len(labels) * fraction)\n"
            "positions = np.arange(len(labels))\n"
            "return positions[count:], positions[:count]",
            "in order of class",
        ),
        (
            "return train_test_split(\n"
            "    np.arange(len(labels)), train_size=fraction, stratify=labels, random_state=seed\n"
            ")",
            "swapped",
        ),
        (
            "parts = train_test_split(\n"
            "    np.arange(len(labels)), test_size=fraction, stratify=labels, random_state=seed\n"
            ")\n"
            "return np.arange(len(labels)), parts[1]",
            "both parts",
        ),
        (
            "return train_test_split(labels, test_size=fraction, stratify=labels, random_state=seed)",
            "Are these labels?",
        ),
    ],
    "01.7": [
        (
            "pictures = np.concatenate([train, test])\n"
            "return (test - pictures.mean((0, 1, 2))) / pictures.std((0, 1, 2))",
            "training and test set together",
        ),
        ("return (test - test.mean((0, 1, 2))) / test.std((0, 1, 2))", "test pictures alone"),
        ("return (test - train.mean()) / train.std()", "one mean for all colours"),
        ("return test - train.mean((0, 1, 2))", "deviation is missing"),
        ("return (test - train.mean((0, 1, 2))) / train.var((0, 1, 2))", "the variance"),
        ("return (test - train.mean(0)) / np.maximum(train.std(0), 1e-9)", "a mean for each pixel"),
        ("return (train - train.mean((0, 1, 2))) / train.std((0, 1, 2))", "the training pictures"),
    ],
    "01.8": [
        (
            "return [i for i, p in enumerate(test) if (train == p).all(axis=(1, 2, 3)).any()]",
            "the exact copies",
        ),
        (
            "return [i for i, p in enumerate(test)\n"
            "        if np.abs(train - p).mean(axis=(1, 2, 3)).min() < limit]",
            "wraps around",
        ),
        (
            "wide = test.astype(int)\n"
            "return [i for i, p in enumerate(train)\n"
            "        if np.abs(wide - p).mean(axis=(1, 2, 3)).min() < limit]",
            "positions in the training set",
        ),
        (
            "return [i for i, p in enumerate(test.astype(int))\n        if np.abs(train - p).min() < limit]",
            "is no copy",
        ),
        (
            "return np.array([np.abs(train - p).mean(axis=(1, 2, 3)).min() < limit\n"
            "                 for p in test.astype(int)])",
            "np.flatnonzero",
        ),
        ("return []", "found none"),
    ],
}
