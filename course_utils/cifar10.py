"""Load CIFAR-10 from wherever it can be had, always in the same shape and the same class order."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from course_utils.errors import CourseError
from course_utils.sources.by_path import FORMATS, existing_path, read_path
from course_utils.sources.selection import chosen_per_class, part_of_class
from course_utils.sources.structure import (
    CLASS_NAMES,
    IMAGE_SHAPE,
    NUM_CLASSES,
    Pictures,
    check_several_classes,
)

__all__ = [
    "CLASS_NAMES",
    "IMAGE_SHAPE",
    "NUM_CLASSES",
    "Cifar10",
    "Split",
    "load_cifar10",
    "stratified_split",
]

WORDS = ("auto", "drawn", "published", "kaggle")
AUTO_PATIENCE_SECONDS = 120.0  # for the published archive, before the stand-in takes its place
STAND_IN_BANNER = "*** Offline: using the drawn stand-in (not real CIFAR-10) ***"
OWN_COPY = "A copy of CIFAR-10 can be used by its path: DATA in the lesson, or COURSE_DATA for all of them."

_told: set[str] = set()


@dataclass(frozen=True)
class Cifar10:
    """Pictures to train and to test with. The arrays are read-only: copy one to change it.

    Attributes:
        train_images, test_images: uint8 (n, 32, 32, 3), RGB, 0–255.
        train_labels, test_labels: int64 (n,), 0–9 in the order of ``CLASS_NAMES``.
        source: ``"drawn"``, ``"published"``, ``"kaggle"`` or ``"path"``.
        description: one line: where the pictures come from, how many there are, what was left out.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    source: str
    description: str

    @property
    def is_stand_in(self) -> bool:
        """True if the pictures were drawn by code and are not CIFAR-10 photographs."""
        return self.source == "drawn"


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
            ``"auto"``: what ``COURSE_DATA`` names, else the published archive, else the drawn stand-in.
            ``"drawn"``: pictures made by code.
            ``"published"``: the official archive, checked by its digest.
            ``"kaggle"``: not yet.
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
    _check_limit(limit_per_class)
    if source == "auto":
        return _load_auto(limit_per_class, seed)
    if source == "drawn":
        return _load_drawn(limit_per_class, seed)
    if source == "published":
        return _load_published(limit_per_class, seed)
    if source == "kaggle":
        raise CourseError(
            'The source "kaggle" cannot download by itself yet.',
            cause="Kaggle wants an account and accepted rules; the download by its API comes later.",
            next_step="download train.7z and trainLabels.csv of the competition cifar-10 in the browser, "
            "and give the path of their folder.",
        )
    return _load_path(source, limit_per_class, seed)


def stratified_split(
    images: np.ndarray, labels: np.ndarray, *, val_fraction: float = 0.1, seed: int = 0
) -> Split:
    """Set a part of each class aside for validation.

    Args:
        images: (n, …), pictures or features.
        labels: integers (n,).
        val_fraction: part of each class, above 0 and below 1. Rounded; at least one picture of each class on
            each side, but a single picture stays in train.
        seed: which pictures.

    Returns:
        The split. The pictures of each side keep their order.

    Raises:
        CourseError: lengths that differ, or a fraction outside 0–1.
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
    held_out = chosen_per_class(labels, part_of_class(val_fraction), seed=seed)
    return Split(images[~held_out], labels[~held_out], images[held_out], labels[held_out])


def _load_auto(limit_per_class: int | None, seed: int) -> Cifar10:
    named = os.environ.get("COURSE_DATA", "").strip()
    if named and named != "auto":
        return load_cifar10(named, limit_per_class=limit_per_class, seed=seed)
    try:
        return _load_published(limit_per_class, seed, patience=AUTO_PATIENCE_SECONDS)
    except CourseError as error:
        _tell_once(f"{STAND_IN_BANNER}\nWhy: {' '.join(str(error).splitlines()[:2])}\n{OWN_COPY}")
        return _load_drawn(limit_per_class, seed)


def _tell_once(text: str) -> None:
    """Print a text that the reader must see, but not again in the same process."""
    if text not in _told:
        _told.add(text)
        print(text)


def _load_drawn(limit_per_class: int | None, seed: int) -> Cifar10:
    from course_utils.sources.drawn import read_drawn

    pictures = read_drawn(limit_per_class=limit_per_class, seed=seed)
    return _finished(pictures, "drawn", f"Drawn stand-in (not real CIFAR-10), seed {seed}", None, 0)


def _load_published(limit_per_class: int | None, seed: int, *, patience: float | None = None) -> Cifar10:
    from course_utils.sources.published import read_published

    pictures = read_published(patience=patience)
    return _finished(pictures, "published", "CIFAR-10, the published archive", limit_per_class, seed)


def _load_path(source: str | Path, limit_per_class: int | None, seed: int) -> Cifar10:
    path = existing_path(source)
    if path is None:
        raise _unknown(source)
    kind, pictures = read_path(path)
    return _finished(pictures, "path", f"CIFAR-10 from {path} ({kind})", limit_per_class, seed)


def _finished(
    pictures: Pictures, source: str, origin: str, limit_per_class: int | None, seed: int
) -> Cifar10:
    check_several_classes(origin, pictures.train_labels)
    if limit_per_class is not None:
        pictures = _limited(pictures, limit_per_class, seed)
    arrays = (
        pictures.train_images,
        pictures.train_labels,
        pictures.test_images,
        pictures.test_labels,
    )
    for array in arrays:
        array.flags.writeable = False
    return Cifar10(*arrays, source, _described(origin, pictures))


def _limited(pictures: Pictures, limit: int, seed: int) -> Pictures:
    train, test = (
        chosen_per_class(labels, lambda members: min(limit, members), seed=seed)
        for labels in (pictures.train_labels, pictures.test_labels)
    )
    return Pictures(
        pictures.train_images[train],
        pictures.train_labels[train],
        pictures.test_images[test],
        pictures.test_labels[test],
        pictures.notes,
    ).with_notes(f"limited to {limit:,} a class, seed {seed}")


def _described(origin: str, pictures: Pictures) -> str:
    present = np.unique(pictures.train_labels)
    missing = [name for number, name in enumerate(CLASS_NAMES) if number not in present]
    sentences = [
        f"{origin}: {len(pictures.train_images):,} pictures to train and "
        f"{len(pictures.test_images):,} to test, {len(present)} classes{_per_class(pictures.train_labels)}",
        *([f"missing: {', '.join(missing)}"] if missing else []),
        *pictures.notes,
    ]
    return "; ".join(sentences) + "."


def _per_class(labels: np.ndarray) -> str:
    counts = np.bincount(labels)
    counts = counts[counts > 0]
    if counts.min() == counts.max():
        return ""
    return f", {counts.min():,} to {counts.max():,} of each to train"


def _check_limit(limit_per_class: int | None) -> None:
    if limit_per_class is None:
        return
    is_whole = isinstance(limit_per_class, int | np.integer) and not isinstance(limit_per_class, bool)
    if not is_whole or limit_per_class < 1:
        raise CourseError(
            f"limit_per_class is {limit_per_class!r}.",
            cause="Expected a whole number from 1 on, or None for all pictures.",
            next_step="give for example limit_per_class=500.",
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
