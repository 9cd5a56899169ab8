"""Right answers of lesson 01."""

from __future__ import annotations

import numpy as np

from course_utils.checks.judges import Hint, judge, quiz, read
from course_utils.cifar10 import CLASS_NAMES

WRAPS = "`uint8` cannot be negative: 3 - 5 wraps around to 254. Change the dtype before you subtract."


@judge("01.1", points=1, title="How much memory?", hidden=True)
def memory(answer: dict, data: dict) -> str:
    """A list of gigabytes, one for each set of pictures."""
    pictures, sides, dtypes = zip(*data["cases"], strict=True)
    found = read.array(answer, shape=(len(pictures),))
    numbers = np.array(pictures) * np.array(sides) ** 2 * 3
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
    _compare(found, mistakes, tolerance=1e-3)
    raise Hint("Multiply by hand for one set: pictures × rows × columns × colours × bytes a number.")


def _compare(found: np.ndarray, mistakes: dict[str, object], *, tolerance: float = 1e-4) -> None:
    """Raise the hint of the mistake that gives what was found."""
    for hint, result in mistakes.items():
        if read.close(found, result, tolerance=tolerance):
            raise Hint(hint)


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
    hints = {
        (count, side, side, 3): "The pictures still have their old size.",
        (count * factor, side, side, 3): "You have more pictures now, not larger ones. Look at axis 0.",
        (
            count,
            side * factor,
            side,
            3,
        ): "You have more rows, but not more columns. A picture has two axes to stretch.",
        (
            count,
            side,
            side * factor,
            3,
        ): "You have more columns, but not more rows. A picture has two axes to stretch.",
        (count, side, side * factor, 3 * factor): "The last axis holds the colours: it must stay 3.",
        (count, side * factor, side, 3 * factor): "The last axis holds the colours: it must stay 3.",
    }
    expected = (count, side * factor, side * factor, 3)
    if shape != expected:
        raise Hint(
            hints.get(shape, f"Your pictures have the shape {shape}. The shape {expected} is expected.")
        )


@judge("01.3", points=1, title="Pixels for MobileNetV2", hidden=True)
def pixel_range(answer: dict, data: dict) -> str:
    """Pictures as float32 from -1 to 1."""
    images = data["images"].astype("float64")
    found = read.finite(read.array(answer, shape=images.shape))
    if read.close(found, images / 127.5 - 1, tolerance=1e-5):
        if found.dtype != "float32":
            raise Hint(
                f"The values are right, but of the dtype {found.dtype}: more memory for nothing. "
                "Turn the pictures into float32 before you calculate."
            )
        return "One line, and MobileNetV2 sees what it was trained on."
    _compare(
        found,
        {
            "Your values go from 0 to 1. Where does black lie for MobileNetV2?": images / 255,
            "Your values go from 0 to 2. The scale is right; the middle must lie at 0.": images / 127.5,
            "Close: but white (255) does not land on 1, because you used 128. Both ends must fit.": images
            / 128
            - 1,
            "Your values go from -0.5 to 0.5. The range is half as wide as it must be.": images / 255 - 0.5,
        },
    )
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
    if np.array_equal(found, to_course[labels]):
        return "The names decide, not the numbers. `load_cifar10` does this check for each source."
    if np.array_equal(found, labels):
        raise Hint("These are the labels as they came. Which class is number 0 in the colleague's order?")
    if np.array_equal(found, np.argsort(to_course)[labels]):
        raise Hint(
            "You went the other way: from the course's order to the colleague's. "
            "Start from a label, take its name from `order`, then look that name up in CLASS_NAMES."
        )
    if np.array_equal(found - 1, to_course[labels]):
        raise Hint("Each label is one too high. The first class has the number 0.")
    first = int(np.flatnonzero(found != to_course[labels])[0])
    raise Hint(
        f"Look at picture {first}: its label {labels[first]} means {order[labels[first]]!r} there. "
        f"You gave it the number {found[first]}. Which number has that name in CLASS_NAMES?"
    )


@judge("01.5", points=2, title="A cell that may run twice", hidden=True)
def prepared_twice(answer: dict, data: dict) -> str:
    """Result of the first and of the second call, and the pictures that went in."""
    parts = read.items(answer, 3)
    names = ("the first result", "the second result", "the pictures that went in")
    first, second, kept = (
        read.finite(read.array(part, shape=data["images"].shape, what=name), what=name)
        for part, name in zip(parts, names, strict=True)
    )
    right = data["images"].astype("float64") / 127.5 - 1
    is_kept = read.close(kept, data["images"], tolerance=1e-6)
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
    if read.close(first, data["images"] / 255):
        raise Hint("The pictures that went in are safe now. But the result goes from 0 to 1: keep -1 to 1.")
    if not read.close(first, right, tolerance=1e-5):
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
    train, val = (
        _checked_indices(read.labels(part, what=name), len(labels), name)
        for part, name in zip(read.items(answer, 2), ("train_index", "val_index"), strict=True)
    )
    shared = np.intersect1d(train, val)
    if len(shared):
        raise Hint(
            f"{len(shared)} pictures stand in both parts: a model is asked what it has learned by heart."
        )
    if len(train) + len(val) != len(labels):
        missing = len(labels) - len(train) - len(val)
        raise Hint(f"{missing} of {len(labels)} pictures are in neither part.")
    if abs(len(train) - fraction * len(labels)) <= 10 < abs(len(val) - fraction * len(labels)):
        raise Hint("The parts are swapped: the larger one is for training.")
    _look_at_shares(np.bincount(labels[val], minlength=10), np.bincount(labels), fraction)
    return "Each class has the same share in both parts, and no picture is in both."


def _checked_indices(index: np.ndarray, count: int, name: str) -> np.ndarray:
    if not len(index):
        raise Hint(f"`{name}` is empty.")
    if index.min() < 0 or index.max() >= count:
        raise Hint(f"`{name}` holds the number {index.max()}; there are only the pictures 0 to {count - 1}.")
    repeated = len(index) - len(np.unique(index))
    if repeated:
        raise Hint(
            f"`{name}` names {repeated} pictures more than once. Are these labels? "
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
    found = read.finite(read.array(answer))
    if found.shape == train.shape != test.shape:
        raise Hint("These are the training pictures. The task asks for the test pictures.")
    found = read.array(answer, shape=test.shape)
    channels = (0, 1, 2)
    mean, std = train.mean(channels), train.std(channels)
    if read.close(found, (test - mean) / std, tolerance=2e-3):
        return (
            "What you know about the test set in advance is a leak, even if it is only two numbers a channel."
        )
    both = np.concatenate([train, test])
    _compare(
        found,
        {
            "Your mean still sees the test pictures: training and test set together. That is the leak.": (
                (test - both.mean(channels)) / both.std(channels)
            ),
            "Mean and deviation come from the test pictures alone. In use you may have one picture only: "
            "take the numbers from what the model learns from.": (test - test.mean(channels))
            / test.std(channels),
            "You used one mean for all colours. Each channel needs its own: look at `axis`.": (
                (test - train.mean()) / train.std()
            ),
            "The mean is right. The deviation is missing: divide by it.": test - mean,
            "You divided by the variance. The deviation is its square root.": (test - mean) / std**2,
            "You have a mean for each pixel. Average over rows and columns too: axes 0, 1 and 2.": (
                (test - train.mean(0)) / np.maximum(train.std(0), 1e-9)
            ),
        },
        tolerance=2e-3,
    )
    low = ", ".join(f"{mean:.2f}" for mean in found.mean(channels))
    raise Hint(f"The channels of your pictures have the means {low}. Subtract mean, divide by deviation.")


@judge("01.8", points=3, title="Find the pictures that leaked", hidden=True)
def near_duplicates(answer: dict, data: dict) -> str:
    """Positions of the test pictures that come from the training set."""
    train, test = (data[part].astype("int16") for part in ("train", "test"))
    distances = np.array([np.abs(train - picture).mean(axis=(1, 2, 3)) for picture in test])
    leaked = set(np.flatnonzero(distances.min(axis=1) < data["limit"]).tolist())
    found = set(_positions(answer, len(test)).tolist())
    if found == leaked:
        return (
            f"{len(found)} of {len(test)} test pictures were known. Their answers would have been too good."
        )
    sources = set(np.flatnonzero(distances.min(axis=0) < data["limit"]).tolist())
    if found == sources:
        raise Hint("These are positions in the training set. The task asks for the pictures of the test set.")
    if found - leaked:
        wrong = min(found - leaked)
        raise Hint(
            f"Test picture {wrong} is no copy: its closest training picture differs by "
            f"{distances[wrong].min():.0f} levels on average. Do you compare single pictures, and their mean?"
        )
    _look_at_misses(found, leaked, train[distances.argmin(axis=1)] - test)


def _positions(answer: dict, count: int) -> np.ndarray:
    values = read.array(answer)
    if values.dtype == bool:
        raise Hint("This is a mask of True and False. `np.flatnonzero` turns it into positions.")
    if not values.size:
        raise Hint(
            "You found none. Is your difference a sum? `limit` is a mean over all numbers of a picture."
        )
    positions = read.labels(answer)
    if positions.min() < 0 or positions.max() >= max(count, 80):
        raise Hint(f"There is no picture {positions.max()}; the test set has {count}.")
    return positions


def _look_at_misses(found: set[int], leaked: set[int], differences: np.ndarray) -> None:
    missed = leaked - found
    exact = {index for index in leaked if not differences[index].any()}
    if found == exact:
        raise Hint("You found the exact copies. Others were made a little brighter or darker.")
    signs = {int(np.sign(differences[index].mean())) for index in missed}
    if len(signs) == 1:
        kind = "brighter" if signs == {-1} else "darker"
        raise Hint(f"You miss the copies that are {kind} than their original. {WRAPS}")
    raise Hint(
        f"What you found is right, but {len(missed)} copies are missing. Compare with `limit` as it is given."
    )


quiz(
    "01.q1",
    right="c",
    title="A pickup truck",
    hints={
        "a": "In CIFAR-10, truck means big trucks only. See section 2 of the lesson.",
        "b": "In CIFAR-10, automobile means cars such as sedans and SUVs. See section 2 of the lesson.",
        "d": "Labels are not given by chance: the authors wrote down a definition of each class.",
    },
    why="A model learns the definition of its labels, not the one in your head.",
)
quiz(
    "01.q2",
    right="d",
    title="The test set",
    hints={
        "a": "Then the number of epochs was chosen on the test set, and its score is too good.",
        "b": "The best of ten on the test set is best partly by luck. What is the validation set for?",
        "c": "Mean and deviation of the test set are knowledge about it. Think of exercise 7.",
    },
    why="Every choice is made on the validation set, so the test set tells the truth once.",
)
quiz(
    "01.q3",
    right="b",
    title="Two orders of the classes",
    hints={
        "a": "All labels are numbers from 0 to 9 in both orders. Does anything look invalid?",
        "c": "The accuracy compares numbers; the names are never looked at.",
        "d": "The loss compares numbers too, and all of them are valid. It becomes large, but stays finite.",
    },
    why="That is why a class order is checked by names, before anything is trained.",
)
quiz(
    "01.q4",
    right="a",
    title="Divided by 255.0",
    hints={
        "b": "float32 must be asked for: `.astype('float32')` before the division.",
        "c": "uint8 holds whole numbers only. What would become of 0.5?",
        "d": "Count the bytes of one number in the result. numpy does not choose the small type by itself.",
    },
    why="Keep uint8, and scale inside the model, batch by batch.",
)
quiz(
    "01.q5",
    right="b",
    title="What ResNet50 expects",
    hints={
        "a": "That range belongs to no network of this lesson, but to many tutorials.",
        "c": "That is what MobileNetV2 expects.",
        "d": "Raw pixels go in, and something else comes out: look at the histograms of section 6.",
    },
    why="Each family has its own `preprocess_input`; a range check costs one line.",
)
quiz(
    "01.q6",
    right="c",
    title="Where augmentation stands",
    hints={
        "a": "Then the changed pictures are cached: each epoch shows the same ones.",
        "b": "The test set must stay as it is, so that its score speaks about real pictures.",
        "d": "Changed once and stored, each epoch shows the same pictures again.",
    },
    why="Each epoch sees other versions of the same pictures.",
)
