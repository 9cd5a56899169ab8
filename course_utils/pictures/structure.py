"""What CIFAR-10 looks like, and the checks that every source has to pass."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace

import numpy as np

from course_utils.errors import CourseError, shown

CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
IMAGE_SHAPE = (32, 32, 3)
NUM_CLASSES = len(CLASS_NAMES)
ROW_LENGTH = int(np.prod(IMAGE_SHAPE))
FEWEST_TO_JUDGE = 10  # pictures, to tell the order of their numbers
CLEARLY_LESS = 0.8  # the real photographs: at most 0.55 for any ten

_ALSO_CALLED = {"plane": "airplane", "aircraft": "airplane", "car": "automobile", "lorry": "truck"}


@dataclass(frozen=True)
class Pictures:
    """What a source holds.

    Attributes:
        train_images, test_images: uint8 (n, 32, 32, 3), RGB, 0–255. test_images is None in a source without a
            test part.
        train_labels, test_labels: int64 (n,), 0–9 in the order of ``CLASS_NAMES``.
        notes: what the reader must know, one sentence each, for example which files were left out.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray | None = None
    test_labels: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    def with_notes(self, *notes: str) -> Pictures:
        """Return the same pictures with more notes."""
        return replace(self, notes=self.notes + notes)


def check_images(name: str, images: np.ndarray) -> np.ndarray:
    """Return the images unchanged if they are uint8 (n, 32, 32, 3), n ≥ 1.

    Raises:
        CourseError: another dtype or shape, or no picture.
    """
    if images.dtype != np.uint8:
        raise CourseError(
            f"{name} holds {images.dtype} numbers.",
            cause="Expected uint8 pixels, 0–255.",
            next_step="save them as uint8; pixels in 0–1 times 255, then rounded.",
        )
    if images.ndim != 4 or images.shape[1:] != IMAGE_SHAPE:
        hint = " The channels come first here: images.transpose(0, 2, 3, 1) corrects it."
        raise CourseError(
            f"{name} has the shape {images.shape}.",
            cause="Expected (n, 32, 32, 3): RGB pictures of 32×32 pixels."
            + (hint if images.shape[1:] == (3, 32, 32) else ""),
            next_step="give CIFAR-10 pictures in that shape.",
        )
    if len(images) == 0:
        raise CourseError(
            f"{name} holds no picture.",
            cause="The array is empty.",
            next_step="give a source with pictures.",
        )
    return images


def check_brightness(images: np.ndarray) -> None:
    """Refuse pictures that are black but for numbers of 1.

    Raises:
        CourseError: no number is above 1.
    """
    if images.max() <= 1:
        raise CourseError(
            "The pictures are black: no pixel of them is above 1 of 255.",
            cause="Pixels of 0–1 were probably cast to uint8, which leaves 0 and 1.",
            next_step="save them as (pixels * 255).round().astype('uint8').",
        )


def check_pixel_order(name: str, rows: np.ndarray, *, colours_together: bool) -> None:
    """Refuse pictures whose numbers were reshaped where they had to be transposed.

    The shape cannot tell. In a photograph a pixel resembles the one below it, so the distance between similar
    numbers does: 96 if the three colours of a pixel stand together, 32 if all red numbers come first. Of
    CIFAR-10, any ten pictures tell clearly; fewer are not judged.

    Args:
        name: what to call the pictures in a message.
        rows: uint8 (n, …), 3,072 numbers a picture.
        colours_together: what is expected: True for (32, 32, 3), False for (3, 32, 32).

    Raises:
        CourseError: the numbers stand in the other order.
    """
    if len(rows) < FEWEST_TO_JUDGE:
        return
    sample = rows[:: max(1, len(rows) // 200)].reshape(-1, ROW_LENGTH).astype(np.int16)
    difference = {step: np.abs(sample[:, step:] - sample[:, :-step]).mean() for step in (32, 96)}
    expected, other = (96, 32) if colours_together else (32, 96)
    if difference[other] >= CLEARLY_LESS * difference[expected]:
        return
    orders = ["red, green and blue of one pixel after another", "all red numbers, then all green, all blue"]
    expected_order, found_order = orders if colours_together else orders[::-1]
    raise CourseError(
        f"{name} holds its numbers in another order.",
        cause=f"Expected {expected_order}; found {found_order}.",
        next_step="images.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1) corrects it."
        if colours_together
        else "write the rows as images.transpose(0, 3, 1, 2).reshape(-1, 3072).",
    )


def check_labels(name: str, labels: np.ndarray, count: int) -> np.ndarray:
    """Return the labels as int64 (n,) if there are ``count`` whole numbers 0–9.

    Args:
        name: what to call them in a message.
        labels: integers, (n,) or (n, 1).
        count: how many pictures they belong to.

    Raises:
        CourseError: another dtype, shape or count, or a label outside 0–9.
    """
    if labels.ndim == 2 and labels.shape[1] == NUM_CLASSES:
        raise CourseError(
            f"{name} has the shape {labels.shape}: one-hot labels, ten numbers a picture.",
            cause="Expected whole numbers 0–9, one for each picture.",
            next_step="save labels.argmax(axis=1) instead.",
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise CourseError(
            f"{name} holds {labels.dtype} values.",
            cause="Expected whole numbers 0–9, one for each picture.",
            next_step="save the labels as integers.",
        )
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (count,):
        raise CourseError(
            f"{name} has the shape {labels.shape}, but there are {count:,} pictures.",
            cause=f"Expected one label for each picture: ({count},) or ({count}, 1).",
            next_step="check that pictures and labels were saved together.",
        )
    outside = np.flatnonzero((labels < 0) | (labels >= NUM_CLASSES))
    if len(outside):
        first = outside[0]
        raise CourseError(
            f"{name} holds labels outside 0–9.",
            cause=f"{len(outside):,} of {count:,}; the first is {labels[first]} at row {first}."
            + (" CIFAR-100 has 100 classes." if NUM_CLASSES < labels.max() < 100 else ""),
            next_step="use the numbers of CLASS_NAMES: airplane is 0, truck is 9.",
        )
    return labels.astype(np.int64)


def check_class_order(name: str, found: list[str]) -> None:
    """Accept nothing but the ten names of ``CLASS_NAMES`` in their order.

    Raises:
        CourseError: that lists the differences.
    """
    if tuple(found) == CLASS_NAMES:
        return
    wrong = [
        f"{number} is {shown(there)!r}, not {expected!r}"
        for number, (expected, there) in enumerate(zip(CLASS_NAMES, found, strict=False))
        if expected != there
    ]
    if len(found) != NUM_CLASSES:
        wrong.insert(0, f"{len(found)} names, not {NUM_CLASSES}")
    raise CourseError(
        f"{name} lists other classes than CIFAR-10.",
        cause=shortened(wrong, "differences"),
        next_step="use the files of CIFAR-10 as they were published.",
    )


def class_number(name: str) -> int | None:
    """Return 0–9 for a class name in any case, None for another word."""
    folded = name.strip().lower()
    return CLASS_NAMES.index(folded) if folded in CLASS_NAMES else None


def closest_class(name: str) -> str:
    """Return a hint such as ``"; did you mean airplane?"``, or an empty text."""
    word = name.strip().lower()
    close = (
        [_ALSO_CALLED[word]] if word in _ALSO_CALLED else difflib.get_close_matches(word, CLASS_NAMES, n=1)
    )
    return f"; did you mean {close[0]}?" if close else ""


def check_several_classes(name: str, labels: np.ndarray) -> None:
    """Refuse labels of one class only: there is nothing to tell apart.

    Raises:
        CourseError: fewer than two classes.
    """
    present = np.unique(labels)
    if len(present) > 1:
        return
    only = CLASS_NAMES[int(present[0])] if len(present) else "none"
    raise CourseError(
        f"{name} holds one class only: {only}.",
        cause=f"Expected the ten classes {', '.join(CLASS_NAMES)}.",
        next_step="give the folder or file that holds all classes.",
    )


def shortened(items: list[str], what: str, limit: int = 5) -> str:
    """Join the first few items: ``"a, b, … (12 differences in all)"``."""
    if len(items) <= limit:
        return ", ".join(items)
    return f"{', '.join(items[:limit])}, … ({len(items):,} {what} in all)"


def described(origin: str, pictures: Pictures) -> str:
    """Return in one line what pictures there are: how many, of how many classes, and their notes."""
    present = np.unique(pictures.train_labels)
    missing = [name for number, name in enumerate(CLASS_NAMES) if number not in present]
    sentences = [
        f"{origin}: {len(pictures.train_images):,} pictures to train and "
        f"{len(pictures.test_images):,} to test, {len(present)} classes{_per_class(pictures.train_labels)}",
        *([f"missing: {', '.join(missing)}"] if missing else []),
        *pictures.notes,
    ]
    return "; ".join(sentences).encode(errors="backslashreplace").decode() + "."


def _per_class(labels: np.ndarray) -> str:
    counts = np.bincount(labels)
    counts = counts[counts > 0]
    if counts.min() == counts.max():
        return ""
    return f", {counts.min():,} to {counts.max():,} of each to train"
