"""Whole sets of drawn pictures, each from a seed of its own."""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils.errors import CourseError
from course_utils.pictures.stand_in.composition import draw_one
from course_utils.pictures.stand_in.kinds import KINDS
from course_utils.pictures.stand_in.photograph import photograph
from course_utils.pictures.stand_in.sizes import SIZE

BATCH = 256


def draw_images(labels: ArrayLike, *, seed: int = 0) -> NDArray[np.uint8]:
    """Draw one picture for each label.

    Picture i depends only on ``seed``, i and its label, so that the same call gives the same pictures.

    Args:
        labels: whole numbers 0–9 of shape (n,), in the order of CIFAR-10's classes.
        seed: any whole number.

    Returns:
        uint8 array (n, 32, 32, 3), RGB, 0–255.

    Raises:
        CourseError: labels of another shape or kind, or outside 0–9.
    """
    return _draw_stream(_checked(labels), f"{seed}/train")


def draw_cifar10(
    *, train_per_class: int = 200, test_per_class: int = 50, seed: int = 0
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
    """Draw a whole stand-in with the same number of pictures for each class, in random order.

    Args:
        train_per_class: pictures of each class to train with, at least 1.
        test_per_class: pictures of each class to test with, at least 1; other pictures.
        seed: any whole number.

    Returns:
        train_images uint8 (10 * train_per_class, 32, 32, 3), train_labels int64, then the same for test.

    Raises:
        CourseError: a count below 1.
    """
    parts: list[NDArray] = []
    for part, count in (("train", train_per_class), ("test", test_per_class)):
        if count < 1:
            raise CourseError(
                f"{part}_per_class is {count}.",
                cause="Each class needs at least one picture.",
                next_step=f"give {part}_per_class a whole number from 1 on.",
            )
        order = random.Random(f"{seed}/{part}/order")
        labels = [label for label in range(len(KINDS)) for _ in range(count)]
        order.shuffle(labels)
        parts += [_draw_stream(labels, f"{seed}/{part}"), np.array(labels, np.int64)]
    train_images, train_labels, test_images, test_labels = parts
    return train_images, train_labels, test_images, test_labels


def _checked(labels: ArrayLike) -> list[int]:
    array = np.asarray(labels)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        raise CourseError(
            "labels cannot be drawn.",
            cause=f"Expected whole numbers of shape (n,), found {array.dtype} of shape {array.shape}.",
            next_step="pass a list or array of whole numbers 0–9.",
        )
    wrong = array[(array < 0) | (array >= len(KINDS))]
    if wrong.size:
        raise CourseError(
            f"labels holds {wrong[0]}.",
            cause=f"The classes are 0 to {len(KINDS) - 1}; {wrong.size} labels lie outside.",
            next_step="check the labels; course_utils.cifar10.CLASS_NAMES names the classes.",
        )
    return array.tolist()


def _draw_stream(labels: list[int], stream: str) -> NDArray[np.uint8]:
    """Draw the labels; the stream's name and the index seed each picture."""
    images = np.empty((len(labels), SIZE, SIZE, 3), np.uint8)
    for start in range(0, len(labels), BATCH):
        batch = labels[start : start + BATCH]
        rngs = [random.Random(f"{stream}/{start + i}/{label}") for i, label in enumerate(batch)]
        drawn = np.stack([np.asarray(draw_one(rng, one)) for rng, one in zip(rngs, batch, strict=True)])
        images[start : start + len(batch)] = photograph(drawn, rngs)
    return images
