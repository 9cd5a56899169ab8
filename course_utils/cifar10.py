"""Load CIFAR-10 from wherever it can be had, always in the same shape and the same class order."""

from __future__ import annotations

import contextlib
import difflib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from course_utils.errors import CourseError
from course_utils.paths import cache_folder
from course_utils.sources.by_path import ARCHIVE, FORMATS, existing_path, read_path
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
    "Step",
    "load_cifar10",
    "stratified_split",
]

WORDS = ("auto", "drawn", "published", "parquet", "kaggle")
# "auto" tries these in order, each for so many seconds without progress; then the stand-in takes their place.
AUTO_PATIENCE = {"published": 70.0, "parquet": 25.0, "kaggle": None}
STAND_IN_BANNER = "*** Offline: using the drawn stand-in (not real CIFAR-10) ***"
OWN_COPY = "A copy of CIFAR-10 can be used by its path: DATA in the lesson, or COURSE_DATA for all of them."

_told: set[str] = set()


class Step(NamedTuple):
    """One place where pictures were looked for, and what came of it, in words."""

    place: str
    outcome: str


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
    _check_limit(limit_per_class)
    if source == "auto":
        return _load_auto(limit_per_class, seed)
    if source == "drawn":
        return _load_drawn(limit_per_class, seed)
    if source in _BY_WORD:
        steps: list[Step] = []
        loaded = _BY_WORD[source](limit_per_class, seed, steps, None)
        return replace(loaded, steps=tuple(steps))
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
    from course_utils.mirrors import places

    places()  # a wrong COURSE_MIRROR is to be corrected, not fallen back from
    cached = _from_cache(limit_per_class, seed)
    if cached is not None:
        return cached
    steps: list[Step] = []
    loaded = _first_that_loads(limit_per_class, seed, steps)
    if loaded is None:
        steps.append(Step("drawn stand-in", "used"))
        _tell_once(f"{STAND_IN_BANNER}\n{_table(steps)}\n{OWN_COPY}")
        loaded = _load_drawn(limit_per_class, seed)
    else:
        print(_table(steps))
    return replace(loaded, steps=tuple(steps))


def _from_cache(limit_per_class: int | None, seed: int) -> Cifar10 | None:
    """Return photographs that an earlier run got, without asking any server."""
    from course_utils.sources.parquet_copy import kept_parquet
    from course_utils.sources.published import is_in_cache

    at_hand = {"published": is_in_cache, "parquet": kept_parquet, "kaggle": _is_fetched_from_kaggle}
    for word, is_there in at_hand.items():
        if is_there():
            with contextlib.suppress(CourseError):  # damaged: it is fetched again
                return replace(_BY_WORD[word](limit_per_class, seed, [], 1.0), steps=(Step("cache", "used"),))
    return None


def _first_that_loads(limit_per_class: int | None, seed: int, steps: list[Step]) -> Cifar10 | None:
    """Try the sources of photographs in their order. Why one gave nothing goes to the steps."""
    from course_utils.sources.kaggle.service import has_credentials

    for word, patience in AUTO_PATIENCE.items():
        if word == "kaggle" and not has_credentials():
            steps.append(Step("Kaggle", "no credentials found"))
            continue
        before = len(steps)
        try:
            return _BY_WORD[word](limit_per_class, seed, steps, patience)
        except CourseError as error:
            if len(steps) == before or steps[-1].outcome == "complete":
                steps.append(Step(word, " ".join(str(error).splitlines()[:2])))
    return None


def _table(steps: list[Step]) -> str:
    """The steps as lines of two columns."""
    width = max(len(step.place) for step in steps)
    return "\n".join(f"  {step.place:<{width}}  {step.outcome}" for step in steps)


def _tell_once(text: str) -> None:
    """Print a text that the reader must see, but not again in the same process."""
    if text not in _told:
        _told.add(text)
        print(text)


def _load_drawn(limit_per_class: int | None, seed: int) -> Cifar10:
    from course_utils.sources.drawn import read_drawn

    pictures = read_drawn(limit_per_class=limit_per_class, seed=seed)
    loaded = _finished(pictures, "drawn", f"Drawn stand-in (not real CIFAR-10), seed {seed}", None, 0)
    return replace(loaded, steps=(Step("drawn stand-in", "used"),))


def _load_published(limit: int | None, seed: int, steps: list[Step], patience: float | None) -> Cifar10:
    from course_utils.sources.published import read_published

    pictures = read_published(patience=patience, on_step=_into(steps))
    return _finished(pictures, "published", "CIFAR-10, the published archive", limit, seed)


def _load_parquet(limit: int | None, seed: int, steps: list[Step], patience: float | None) -> Cifar10:
    from course_utils.sources.parquet import REPOSITORY
    from course_utils.sources.parquet_copy import read_parquet_copy

    pictures = read_parquet_copy(patience=patience, on_step=_into(steps))
    return _finished(pictures, "path", f"CIFAR-10 from the parquet copy {REPOSITORY}", limit, seed)


def _load_kaggle(limit: int | None, seed: int, steps: list[Step], _: float | None) -> Cifar10:
    from course_utils.sources.kaggle.service import fetch_from_kaggle

    folder = fetch_from_kaggle(_kaggle_folder(), on_step=_into(steps))
    kind, pictures = read_path(folder)
    return _finished(pictures, "kaggle", f"CIFAR-10 from Kaggle ({kind})", limit, seed)


def _kaggle_folder() -> Path:
    return cache_folder() / "kaggle"


def _is_fetched_from_kaggle() -> bool:
    from course_utils.sources.kaggle.service import FOLDERS

    return any((_kaggle_folder() / name).is_dir() for name in FOLDERS.values())


def _into(steps: list[Step]) -> Callable[[str, str], None]:
    return lambda place, outcome: steps.append(Step(place, outcome))


_BY_WORD = {"published": _load_published, "parquet": _load_parquet, "kaggle": _load_kaggle}


def _load_path(source: str | Path, limit_per_class: int | None, seed: int) -> Cifar10:
    path = existing_path(source)
    if path is None:
        raise _unknown(source)
    steps = (Step(str(path), "used"),)
    published = _published_in(path)
    if published is not None:
        origin = f"CIFAR-10, the published archive, from {path}"
        return replace(_finished(published, "published", origin, limit_per_class, seed), steps=steps)
    kind, pictures = read_path(path)
    origin = f"CIFAR-10 from {path} ({kind})"
    return replace(_finished(pictures, "path", origin, limit_per_class, seed), steps=steps)


def _published_in(path: Path) -> Pictures | None:
    """Return the published archive's pictures if it lies at the path, as in a folder of ``make fetch``."""
    if not (path / ARCHIVE).is_file() and path.name != ARCHIVE:
        return None
    from course_utils.sources.published import read_published_in

    return read_published_in(path)


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
