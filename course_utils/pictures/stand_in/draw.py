"""Whole sets of drawn pictures, each from a seed of its own."""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
    """
    return _draw_stream(np.asarray(labels).tolist(), f"{seed}/train")


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
    """
    parts: list[NDArray] = []
    for part, count in (("train", train_per_class), ("test", test_per_class)):
        order = random.Random(f"{seed}/{part}/order")
        labels = [label for label in range(len(KINDS)) for _ in range(count)]
        order.shuffle(labels)
        parts += [_draw_stream(labels, f"{seed}/{part}"), np.array(labels, np.int64)]
    return tuple(parts)


def _draw_stream(labels: list[int], stream: str) -> NDArray[np.uint8]:
    """Draw the labels; the stream's name and the index seed each picture."""
    images = np.empty((len(labels), SIZE, SIZE, 3), np.uint8)
    for start in range(0, len(labels), BATCH):
        batch = labels[start : start + BATCH]
        rngs = [random.Random(f"{stream}/{start + i}/{label}") for i, label in enumerate(batch)]
        drawn = np.stack([np.asarray(draw_one(rng, one)) for rng, one in zip(rngs, batch, strict=True)])
        images[start : start + len(batch)] = photograph(drawn, rngs)
    return images
