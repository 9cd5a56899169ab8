"""Right answers of lesson 01."""

from __future__ import annotations

import numpy as np

from course_utils.checks.judges import Hint, judge, questions_of, read
from course_utils.cifar10 import CLASS_NAMES

WRAPS = "`uint8` cannot be negative: 3 - 5 wraps around to 254. Change the dtype before you subtract."
CHANNELS = (0, 1, 2)  # the axes of pictures to average over, for one number a channel


@judge("01.1", points=1, title="How much memory?", hidden=True)
def memory(answer: dict, data: dict) -> str:
    """A list of gigabytes, one for each set of pictures."""
    pictures, sides, dtypes = map(np.array, zip(*data["cases"], strict=True))
    found = read.array(answer, shape=(len(pictures),))
    numbers = pictures * sides**2 * 3
    right = numbers * [np.dtype(dtype).itemsize for dtype in dtypes] / 1e9
    if read.close(found, right, tolerance=1e-3):
        return f"The largest of these sets needs {right.max():.0f} GB: scale pictures up batch by batch."
    mistakes = {
        "These numbers are a third of what is needed. How many numbers describe one pixel?": right / 3,
        "You divided by 2**30, which gives GiB. Here a gigabyte is 10**9 bytes.": right * 1e9 / 2**30,
        "These are bytes. How many bytes make a gigabyte?": right * 1e9,
        "These are megabytes. The task asks for gigabytes.": right * 1e3,
        "These are bits. `itemsize` counts bytes already.": right * 8,
        "A picture has `side` rows and `side` columns. Does your product count both?": right / sides,
    }
    for dtype in ("uint8", "float16", "float32", "float64"):
        text = f"You count as if each number were {dtype}. Each set has a dtype of its own."
        mistakes[text] = numbers * np.dtype(dtype).itemsize / 1e9
    read.tell_mistake(found, mistakes, tolerance=1e-3)
    raise Hint("Multiply by hand for one set: pictures × rows × columns × colours × bytes a number.")


@judge("01.2", points=1, title="Scale up by hand", hidden=True)
def upsampling(answer: dict, data: dict) -> str:
    """Pictures in which each pixel is a square of factor × factor pixels."""
    images, factor = data["images"], data["factor"]
    found = read.array(answer)
    _look_at_axes(found.shape, images, factor)
    if np.array_equal(found, np.tile(images, (1, factor, factor, 1))):
        raise Hint("Each picture stands there several times. Repeat pixels, not pictures: `np.repeat`.")
    if not read.close(found, images.repeat(factor, axis=1).repeat(factor, axis=2)):
        raise Hint(
            "The size is right, the pixels are not. Compare the first rows of one picture with its original."
        )
    if found.dtype != "uint8":
        raise Hint(f"The pixels are right, but of the dtype {found.dtype}. Pixels stay uint8: one byte each.")
    return "This is what `UpSampling2D` does by default: larger, with no new detail."


def _look_at_axes(shape: tuple[int, ...], images: np.ndarray, factor: int) -> None:
    count, side = images.shape[:2]
    large = side * factor
    one_way = "You have more {}, but not more {}. A picture has two axes to stretch."
    colours = "The last axis holds the colours: it must stay 3."
    hints = {
        (count, side, side, 3): "The pictures still have their old size.",
        (count * factor, side, side, 3): "You have more pictures now, not larger ones. Look at axis 0.",
        (count, large, side, 3): one_way.format("rows", "columns"),
        (count, side, large, 3): one_way.format("columns", "rows"),
        (count, side, large, 3 * factor): colours,
        (count, large, side, 3 * factor): colours,
    }
    right = (count, large, large, 3)
    if shape != right:
        raise Hint(hints.get(shape, f"Your pictures have the shape {shape}. The shape {right} is expected."))


@judge("01.3", points=1, title="Pixels for MobileNetV2", hidden=True)
def pixel_range(answer: dict, data: dict) -> str:
    """Pictures as float32 from -1 to 1."""
    images = data["images"].astype("float64")
    found = read.numbers(answer, shape=images.shape)
    if read.close(found, images / 127.5 - 1, tolerance=1e-5):
        if found.dtype != "float32":
            raise Hint(
                f"The values are right, but of the dtype {found.dtype}: more memory for nothing. "
                "Turn the pictures into float32 before you calculate."
            )
        return "One line, and MobileNetV2 sees what it was trained on."
    white = "Close: but white (255) does not land on 1, because you used 128. Both ends must fit."
    mistakes = {
        "Your values go from 0 to 1. Where does black lie for MobileNetV2?": images / 255,
        "Your values go from 0 to 2. The scale is right; the middle must lie at 0.": images / 127.5,
        white: images / 128 - 1,
        "Your values go from -0.5 to 0.5. The range is half as wide as it must be.": images / 255 - 0.5,
    }
    read.tell_mistake(found, mistakes)
    order = np.argsort(images, axis=None, kind="stable")
    if np.any(np.diff(found.ravel()[order]) < -0.5):
        raise Hint(f"Some dark pixels became lighter than bright ones. {WRAPS}")
    low, high = found.min(), found.max()
    raise Hint(f"Your values go from {low:.3g} to {high:.3g}. Black (0) must become -1, white (255) 1.")


@judge("01.4", points=2, title="One order of the classes", hidden=True)
def label_order(answer: dict, data: dict) -> str:
    """Labels in the order of CLASS_NAMES."""
    labels, order = data["labels"], data["order"]
    found = read.labels(answer, len(labels))
    to_course = np.array([CLASS_NAMES.index(name) for name in order])
    right = to_course[labels]
    if np.array_equal(found, right):
        return "The names decide, not the numbers. `load_cifar10` does this check for each source."
    other_way = (
        "You went the other way: from the course's order to the colleague's. "
        "Start from a label, take its name from `order`, then look that name up in CLASS_NAMES."
    )
    mistakes = {
        "These are the labels as they came. Which class is number 0 in the colleague's order?": labels,
        other_way: np.argsort(to_course)[labels],
        "Each label is one too high. The first class has the number 0.": right + 1,
    }
    read.tell_mistake(found, mistakes)
    first = read.first_difference(found, right)
    raise Hint(
        f"Look at picture {first}: its label {labels[first]} means {order[labels[first]]!r} there. "
        f"You gave it the number {found[first]}. Which number has that name in CLASS_NAMES?"
    )


@judge("01.5", points=2, title="A cell that may run twice", hidden=True)
def prepared_twice(answer: dict, data: dict) -> str:
    """Result of the first and of the second call, and the pictures that went in."""
    images = data["images"]
    names = ("the first result", "the second result", "the pictures that went in")
    first, second, kept = read.each(read.numbers, answer, names, shape=images.shape)
    is_kept = read.close(kept, images, tolerance=1e-6)
    if not is_kept and not read.close(first, second):
        raise Hint(
            "The second call scaled what the first had scaled: the pictures that went in were changed. "
            "`/=` and `-=` change an array in place. Which operators make a new one?"
        )
    if not is_kept:
        raise Hint(
            "Both results agree, but the pictures that went in were changed, so other cells see scaled ones. "
            "The mistake is hidden, not corrected: make a new array."
        )
    if read.close(first, images / 255):
        raise Hint("The pictures that went in are safe now. But the result goes from 0 to 1: keep -1 to 1.")
    if not read.close(first, images.astype("float64") / 127.5 - 1, tolerance=1e-5):
        raise Hint(
            f"The result goes from {first.min():.3g} to {first.max():.3g}. Scale as before, from -1 to 1."
        )
    if first.dtype != "float32":
        raise Hint(
            f"The values are right, but the dtype became {first.dtype}. What went in is float32: keep that."
        )
    return "Safer still: preprocessing as a layer inside the model, which no cell can run twice."


@judge("01.6", points=2, title="Split by class", hidden=True)
def stratified(answer: dict, data: dict) -> str:
    """Indices of the pictures to train with and to validate with."""
    labels, fraction = data["labels"], data["fraction"]
    count = len(labels)
    train, val = read.each(_indices, answer, ("train_index", "val_index"), count=count)
    shared = np.intersect1d(train, val)
    if len(shared):
        raise Hint(
            f"{len(shared)} pictures stand in both parts: a model is asked what it has learned by heart."
        )
    if len(train) + len(val) != count:
        raise Hint(f"{count - len(train) - len(val)} of {count} pictures are in neither part.")
    if abs(len(train) - fraction * count) <= 10 < abs(len(val) - fraction * count):
        raise Hint("The parts are swapped: the larger one is for training.")
    _look_at_shares(np.bincount(labels[val], minlength=10), np.bincount(labels), fraction)
    return "Each class has the same share in both parts, and no picture is in both."


def _indices(answer: dict, *, count: int, what: str) -> np.ndarray:
    index = read.labels(answer, what=what)
    if not len(index):
        raise Hint(f"`{what}` is empty.")
    if index.min() < 0 or index.max() >= count:
        raise Hint(f"`{what}` holds the number {index.max()}; there are only the pictures 0 to {count - 1}.")
    repeated = len(index) - len(np.unique(index))
    if repeated:
        raise Hint(
            f"`{what}` names {repeated} pictures more than once. Are these labels? "
            "The task asks for positions of pictures, each once."
        )
    return index


def _look_at_shares(found: np.ndarray, sizes: np.ndarray, fraction: float) -> None:
    gap = found - fraction * sizes
    if np.abs(gap).max() <= 1:
        return
    if abs(gap.sum()) > 10:
        raise Hint(
            f"{found.sum() / sizes.sum():.0%} of all pictures are set aside. `fraction` says otherwise."
        )
    if np.count_nonzero(found) <= 5:
        missing = CLASS_NAMES[int(np.flatnonzero(found == 0)[0])]
        raise Hint(
            f"The validation part has no {missing} at all: the pictures lie in order of class. Mix them."
        )
    worst = int(np.abs(gap / sizes).argmax())
    raise Hint(
        f"Of class {CLASS_NAMES[worst]} {found[worst] / sizes[worst]:.1%} are set aside, not {fraction:.0%}. "
        "The parts are mixed, but not stratified: each class needs the same share."
    )


@judge("01.7", points=2, title="A leak in two numbers", hidden=True)
def statistics_leak(answer: dict, data: dict) -> str:
    """Test pictures, standardised by mean and deviation of the training pictures, a channel each."""
    train, test = (data[part].astype("float64") for part in ("train", "test"))
    if read.numbers(answer).shape == train.shape:
        raise Hint("These are the training pictures. The task asks for the test pictures.")
    found = read.array(answer, shape=test.shape)
    mean, std = train.mean(CHANNELS), train.std(CHANNELS)
    if read.close(found, (test - mean) / std, tolerance=2e-3):
        return (
            "What you know about the test set in advance is a leak, even if it is only two numbers a channel."
        )
    both = np.concatenate([train, test])
    of_test = (
        "Mean and deviation come from the test pictures alone. In use you may have one picture only: "
        "take the numbers from what the model learns from."
    )
    of_both = "Your mean still sees the test pictures: training and test set together. That is the leak."
    of_pixels = "You have a mean for each pixel. Average over rows and columns too: axes 0, 1 and 2."
    one = "You used one mean for all colours. Each channel needs its own: look at `axis`."
    mistakes = {
        of_both: (test - both.mean(CHANNELS)) / both.std(CHANNELS),
        of_test: (test - test.mean(CHANNELS)) / test.std(CHANNELS),
        one: (test - train.mean()) / train.std(),
        "The mean is right. The deviation is missing: divide by it.": test - mean,
        "You divided by the variance. The deviation is its square root.": (test - mean) / std**2,
        of_pixels: (test - train.mean(0)) / np.maximum(train.std(0), 1e-9),
    }
    read.tell_mistake(found, mistakes, tolerance=2e-3)
    means = ", ".join(f"{mean:.2f}" for mean in found.mean(CHANNELS))
    raise Hint(f"The channels of your pictures have the means {means}. Subtract mean, divide by deviation.")


@judge("01.8", points=3, title="Find the pictures that leaked", hidden=True)
def near_duplicates(answer: dict, data: dict) -> str:
    """Positions of the test pictures that come from the training set."""
    train, test = (data[part].astype("int16") for part in ("train", "test"))
    distances = np.array([np.abs(train - picture).mean(axis=(1, 2, 3)) for picture in test])
    leaked, sources = (np.flatnonzero(distances.min(axis) < data["limit"]) for axis in (1, 0))
    none = "You found none. Is your difference a sum? `limit` is a mean over all numbers of a picture."
    outside = f"There is no picture {{}}; the test set has {len(test)}."
    found = read.positions(answer, max(len(test), len(train)), none=none, outside=outside)
    if np.array_equal(found, leaked):
        return (
            f"{len(found)} of {len(test)} test pictures were known. Their answers would have been too good."
        )
    if np.array_equal(found, sources):
        raise Hint("These are positions in the training set. The task asks for the pictures of the test set.")
    wrong = np.setdiff1d(found, leaked)
    if len(wrong) and wrong[0] >= len(test):
        raise Hint(outside.format(wrong[0]))
    if len(wrong):
        raise Hint(
            f"Test picture {wrong[0]} is no copy: its closest training picture differs by "
            f"{distances[wrong[0]].min():.0f} levels on average. "
            "Do you compare single pictures, and their mean?"
        )
    brighter = {place: (test[place] - train[distances[place].argmin()]).mean() for place in leaked}
    if set(found) == {place for place, change in brighter.items() if not change}:
        raise Hint("You found the exact copies. Others were made a little brighter or darker.")
    missed = np.setdiff1d(leaked, found)
    signs = {int(np.sign(brighter[place])) for place in missed}
    if len(signs) == 1:
        kind = "brighter" if signs == {1} else "darker"
        raise Hint(f"You miss the copies that are {kind} than their original. {WRAPS}")
    raise Hint(
        f"What you found is right, but {len(missed)} copies are missing. Compare with `limit` as it is given."
    )


questions_of(__file__)
