"""The drawn stand-in: pictures made by code. They are not CIFAR-10."""

from __future__ import annotations

from course_utils.pictures import stand_in as drawing
from course_utils.pictures.array_cache import cached
from course_utils.pictures.structure import Pictures

TRAIN_PER_CLASS = 200
TEST_PER_CLASS = 50


def read_drawn(*, limit_per_class: int | None, seed: int) -> Pictures:
    """Draw 200 pictures a class to train with and 50 to test with, or fewer if a limit says so."""
    train = min(TRAIN_PER_CLASS, limit_per_class or TRAIN_PER_CLASS)
    test = min(TEST_PER_CLASS, limit_per_class or TEST_PER_CLASS)

    def draw() -> Pictures:
        arrays = drawing.draw_cifar10(train_per_class=train, test_per_class=test, seed=seed)
        return Pictures(*arrays)

    return cached(f"drawn-{seed}-{train}-{test}", [], draw)
