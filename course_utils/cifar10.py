"""Load CIFAR-10 from wherever it can be had, always in the same shape and the same class order."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from course_utils.errors import CourseError
from course_utils.pictures.by_path import FORMATS, PUBLISHED_NAME, existing_path, read_path
from course_utils.pictures.order import BY_WORD, DRAWN, Found, Step, find_in_order
from course_utils.pictures.selection import chosen_per_class, limited, part_of_class
from course_utils.pictures.structure import CLASS_NAMES, IMAGE_SHAPE, NUM_CLASSES, Pictures, described

__all__ = [
    "CLASS_NAMES",
    "IMAGE_SHAPE",
    "NUM_CLASSES",
    "Cifar10",
    "Split",
    "Step",
    "check_source",
    "load_cifar10",
    "stratified_split",
]

WORDS = ("auto", "drawn", *BY_WORD)


@dataclass(frozen=True)
class Cifar10:
    """Pictures to train and to test with. The arrays are read-only: copy one to change it.

    Attributes:
        train_images, test_images: uint8 (n, 32, 32, 3), RGB, 0–255.
        train_labels, test_labels: int64 (n,), 0–9 in the order of ``CLASS_NAMES``.
        source: ``"drawn"``, ``"published"`` (proved by the archive's digest), ``"kaggle"`` or ``"path"`` (a
            copy whose contents were checked: of your own, or the parquet copy).
        description: one line: where the pictures come from, how many there are, what was left out.
        steps: where was looked for them, in order; the last one gave them.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    source: str
    description: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Split:
    """Pictures to train and to validate with.

    Attributes:
        train_images, val_images: of the dtype and shape that was given, (n, …).
        train_labels, val_labels: as given, (n,).
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    val_images: np.ndarray
    val_labels: np.ndarray


def load_cifar10(
    source: str | Path = "auto", *, limit_per_class: int | None = None, seed: int = 0
) -> Cifar10:
    """Load CIFAR-10, or its drawn stand-in.

    A source without a test part is split by class: 5/6 to train, 1/6 to test, the same split for every seed.

    Args:
        source: one of these words, or a path.
            ``"auto"``: what ``COURSE_DATA`` names, else the first that can be had of: the published archive
            (cache, ``COURSE_MIRROR``, mirrors, official host), the parquet copy, Kaggle if there are
            credentials, the drawn stand-in. A table says what was tried unless the cache had it.
            ``"drawn"``: pictures made by code.
            ``"published"``: the official archive, from any place, checked by its digest.
            ``"parquet"``: the copy on Hugging Face, checked by its contents.
            ``"kaggle"``: by Kaggle's service, with your credentials.
            A path: a folder of class folders (with train/ and test/, or one to be split), python batches
            (folder or .tar.gz), Kaggle's files (train.7z or train/ with trainLabels.csv), or .npz (x_train,
            y_train, x_test, y_test). Relative to the working folder, else to the project.
        limit_per_class: at most so many pictures of each class, in train and in test each. None: all.
        seed: which pictures a limit chooses, and what is drawn.

    Returns:
        The pictures, read-only arrays.

    Raises:
        CourseError: the source is unknown, cannot be had, or is not built like CIFAR-10.
    """
    _check_limit("limit_per_class", limit_per_class)
    if source == "auto":
        source = os.environ.get("COURSE_DATA", "").strip() or "auto"
    steps: list[Step] = []
    found = _photographs(source, steps)
    if found is None:
        from course_utils.pictures.places.drawn import read_drawn

        steps.append(DRAWN)
        pictures = read_drawn(limit_per_class=limit_per_class, seed=seed)
        found = Found(pictures, "drawn", f"Drawn stand-in (not real CIFAR-10), seed {seed}")
    elif limit_per_class is not None:
        found = replace(found, pictures=limited(found.pictures, limit_per_class, seed))
    return _finished(found, steps)


def check_source(source: str | Path) -> None:
    """Refuse a source for ``load_cifar10`` that is no known word, and a path at which nothing lies.

    Raises:
        CourseError: the source is unknown. What lies at a path is not looked at.
    """
    if source not in WORDS and existing_path(source) is None:
        raise _unknown(source)


def stratified_split(
    images: np.ndarray,
    labels: np.ndarray,
    *,
    val_fraction: float = 0.1,
    train_per_class: int | None = None,
    seed: int = 0,
) -> Split:
    """Set a part of each class aside for validation.

    Args:
        images: (n, …), pictures or features.
        labels: integers (n,).
        val_fraction: part of each class, above 0 and below 1. Rounded; at least one picture of each class on
            each side, but a single picture stays in train.
        train_per_class: training pictures of each class, at most; the others are left out. None: all. The
            validation pictures do not depend on it, and a smaller number chooses a part of a larger one's.
        seed: which pictures.

    Returns:
        The split. The pictures of each side keep their order.

    Raises:
        CourseError: lengths that differ, a fraction outside 0–1, or a train_per_class below 1.
    """
    if len(images) != len(labels):
        raise CourseError(
            f"There are {len(images):,} pictures, but {len(labels):,} labels.",
            cause="Each picture needs one label.",
            next_step="pass pictures and labels of the same part.",
        )
    if not 0 < val_fraction < 1:
        raise CourseError(
            f"val_fraction is {val_fraction}.",
            cause="Expected a part above 0 and below 1.",
            next_step="use 0.1 for one picture in ten.",
        )
    _check_limit("train_per_class", train_per_class)
    held_out = chosen_per_class(labels, part_of_class(val_fraction), seed=seed)
    train = np.flatnonzero(~held_out)
    if train_per_class is not None:
        train = train[chosen_per_class(labels[train], lambda members: train_per_class, seed=seed)]
    return Split(images[train], labels[train], images[held_out], labels[held_out])


def _photographs(source: str | Path, steps: list[Step]) -> Found | None:
    """Get photographs. None: there are none to be had, or the stand-in is wanted."""
    if source == "drawn":
        return None
    if source == "auto":
        return find_in_order(steps)
    if source in BY_WORD:
        return BY_WORD[source](steps)
    return _at_path(source, steps)


def _at_path(source: str | Path, steps: list[Step]) -> Found:
    path = existing_path(source)
    if path is None:
        raise _unknown(source)
    steps.append(Step(str(path), "used"))
    published = _published_in(path)
    if published is not None:
        return Found(published, "published", f"CIFAR-10, the published archive, from {path}")
    kind, pictures = read_path(path)
    return Found(pictures, "path", f"CIFAR-10 from {path} ({kind})")


def _published_in(path: Path) -> Pictures | None:
    """Return the published archive's pictures if it lies at the path, as in a folder of ``make fetch``."""
    if not (path / PUBLISHED_NAME).is_file() and path.name != PUBLISHED_NAME:
        return None
    from course_utils.pictures.places.copies import read_published_in

    return read_published_in(path)


def _finished(found: Found, steps: list[Step]) -> Cifar10:
    pictures = found.pictures
    arrays = (pictures.train_images, pictures.train_labels, pictures.test_images, pictures.test_labels)
    for array in arrays:
        array.flags.writeable = False
    return Cifar10(*arrays, found.source, described(found.origin, pictures), tuple(steps))


def _check_limit(name: str, limit: int | None) -> None:
    if limit is None:
        return
    is_whole = isinstance(limit, int | np.integer) and not isinstance(limit, bool)
    if not is_whole or limit < 1:
        raise CourseError(
            f"{name} is {limit!r}.",
            cause="Expected a whole number from 1 on, or None for all pictures.",
            next_step=f"give for example {name}=500.",
        )


def _unknown(source: str | Path) -> CourseError:
    text = str(source)
    looks_like_a_path = isinstance(source, Path) or os.sep in text or "/" in text or "." in text
    if looks_like_a_path:
        return CourseError(
            f"Nothing lies at {Path(text).expanduser().absolute()}.",
            cause=f"Expected {FORMATS}.",
            next_step=f"check the path, or use one of the words {', '.join(WORDS)}.",
        )
    close = difflib.get_close_matches(text.lower(), WORDS, n=1)
    return CourseError(
        f"The data source {text!r} is unknown{f'; did you mean {close[0]!r}?' if close else '.'}",
        cause=f"Known words: {', '.join(WORDS)}. No file or folder has that name either.",
        next_step="use one of these words, or the path of your own copy of CIFAR-10.",
    )
