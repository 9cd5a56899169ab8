"""Choose and order pictures: for splits, for limits. The same seed chooses the same pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from course_utils.pictures.structure import Pictures

TEST_FRACTION = 1 / 6  # CIFAR-10's own: 10,000 of 60,000
TEST_SEED = 0  # always the same, so that no run trains on what another run tests with
AT_A_TIME = 1000  # images that are moved
MIXING_SEED = 0  # always the same: the order does not depend on the seed of a run


def chosen_per_class(labels: np.ndarray, count_of: Callable[[int], int], *, seed: int) -> np.ndarray:
    """Choose some pictures of each class by chance.

    A smaller count with the same seed chooses a part of what a larger count chooses.

    Args:
        labels: integers (n,).
        count_of: takes the number of pictures of a class, returns how many of them to choose.
        seed: of the choice.

    Returns:
        bool (n,), True where the picture is chosen.
    """
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        chosen[members[: count_of(len(members))]] = True
    return chosen


def part_of_class(fraction: float) -> Callable[[int], int]:
    """Return a ``count_of``: the fraction, rounded, but at least one picture on each side.

    Of a class with a single picture nothing is chosen.
    """

    def count_of(members: int) -> int:
        return min(max(round(members * fraction), 1), members - 1)

    return count_of


def limited(pictures: Pictures, limit: int, seed: int) -> Pictures:
    """Return so many pictures of each class at most, of each part, chosen by chance; the notes say so."""
    parts: list[np.ndarray] = []
    for images, labels in (
        (pictures.train_images, pictures.train_labels),
        (pictures.test_images, pictures.test_labels),
    ):
        chosen = chosen_per_class(labels, lambda members: limit, seed=seed)
        parts += [images[chosen], labels[chosen]]
    return Pictures(*parts, pictures.notes).with_notes(f"limited to {limit:,} a class, seed {seed}")


def with_test_part(pictures: Pictures) -> Pictures:
    """Set one sixth of each class aside as test, unless there is a test part. Nothing is dropped.

    Args:
        pictures: use the returned ones afterwards: what stays is moved together in the same array, because a
            copy would need as much memory again.
    """
    if pictures.test_images is not None:
        return pictures
    images, labels = pictures.train_images, pictures.train_labels
    test = chosen_per_class(labels, part_of_class(TEST_FRACTION), seed=TEST_SEED)
    test_images = images[test]
    split = Pictures(_moved_together(images, ~test), labels[~test], test_images, labels[test], pictures.notes)
    return split.with_notes("no test part there, so one sixth of each class was set aside as test")


def _moved_together(images: np.ndarray, stay: np.ndarray) -> np.ndarray:
    """Move the images that stay to the front of their array, some at a time, and return that front."""
    if not images.flags.writeable:
        return images[stay]
    places = np.flatnonzero(stay)
    for start in range(0, len(places), AT_A_TIME):
        from_here = places[start : start + AT_A_TIME]
        images[start : start + len(from_here)] = images[from_here]
    return images[: len(places)]


def mixed_if_sorted(pictures: Pictures) -> Pictures:
    """Bring pictures that are sorted by class into a mixed but fixed order, so that no batch holds one class.

    Pictures in another order are returned as they are.
    """
    train = _mixed(pictures.train_images, pictures.train_labels)
    if pictures.test_images is None:
        return Pictures(*train, notes=pictures.notes)
    return Pictures(*train, *_mixed(pictures.test_images, pictures.test_labels), notes=pictures.notes)


def _mixed(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if np.any(np.diff(labels) < 0):
        return images, labels
    order = np.random.default_rng(MIXING_SEED).permutation(len(labels))
    return images[order], labels[order]
