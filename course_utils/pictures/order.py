"""The places that have CIFAR-10's photographs, the order in which "auto" asks them, and what it tells."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from course_utils.errors import CourseError
from course_utils.pictures.by_path import read_path
from course_utils.pictures.structure import Pictures, check_several_classes
from course_utils.system.paths import cache_folder

# "auto" asks these in order, each for so many seconds without progress; then the stand-in takes their place.
AUTO_PATIENCE = {"published": 70.0, "parquet": 25.0, "kaggle": None}
# The copies that are downloaded: how records call their source, and where they come from in words.
COPIES = {
    "published": ("published", "CIFAR-10, the published archive"),
    "parquet": ("path", "CIFAR-10 from the parquet copy uoft-cs/cifar10"),
}
STAND_IN_BANNER = "*** Offline: using the drawn stand-in (not real CIFAR-10) ***"
OWN_COPY = "A copy of CIFAR-10 can be used by its path: DATA in the lesson, or COURSE_DATA for all of them."

_told: set[str] = set()


class Step(NamedTuple):
    """One place where pictures were looked for, and what came of it, in words."""

    place: str
    outcome: str


DRAWN = Step("drawn stand-in", "used")


@dataclass(frozen=True)
class Found:
    """Pictures, and where they come from.

    Attributes:
        pictures: as they were found or drawn.
        source: as in ``Cifar10``.
        origin: in words.

    Raises:
        CourseError: they are of one class only.
    """

    pictures: Pictures
    source: str
    origin: str

    def __post_init__(self) -> None:
        check_several_classes(self.origin, self.pictures.train_labels)


def find_in_order(steps: list[Step]) -> Found | None:
    """Get the photographs from the cache, else from the first source that gives them, and tell the steps.

    Args:
        steps: takes what was tried.

    Returns:
        The photographs. None: no source gave them, and the stand-in was announced.

    Raises:
        CourseError: ``COURSE_MIRROR`` cannot be used.
    """
    from course_utils.system.download.mirrors import locations

    locations()  # a wrong COURSE_MIRROR is to be corrected, not fallen back from
    found = _from_cache()
    if found is not None:
        steps.append(Step("cache", "used"))
        return found
    found = _first_that_loads(steps)
    if found is None:
        _tell_once(f"{STAND_IN_BANNER}\n{_table([*steps, DRAWN])}\n{OWN_COPY}")
    else:
        print(_table(steps))
    return found


def _find_copy(word: str, steps: list[Step], patience: float | None = None) -> Found:
    from course_utils.pictures.places.copies import read_copy

    source, origin = COPIES[word]
    return Found(read_copy(word, patience=patience, on_step=_into(steps)), source, origin)


def _find_kaggle(steps: list[Step], patience: float | None = None) -> Found:
    """Get Kaggle's files. Its client has a patience of its own."""
    from course_utils.pictures.places.kaggle import fetch_from_kaggle

    kind, pictures = read_path(fetch_from_kaggle(_kaggle_folder(), on_step=_into(steps)))
    return Found(pictures, "kaggle", f"CIFAR-10 from Kaggle ({kind})")


# Word -> function that gets its photographs: takes a list for the steps that were tried, and a patience.
BY_WORD = {word: functools.partial(_find_copy, word) for word in COPIES} | {"kaggle": _find_kaggle}


def _from_cache() -> Found | None:
    """Return photographs that an earlier run got, without asking any server."""
    from course_utils.pictures.places.copies import is_in_cache
    from course_utils.pictures.places.kaggle import fetched_before

    for word, find in BY_WORD.items():
        if fetched_before(_kaggle_folder()) if word == "kaggle" else is_in_cache(word):
            with contextlib.suppress(CourseError):  # damaged: it is fetched again
                return find([], 1.0)
    return None


def _first_that_loads(steps: list[Step]) -> Found | None:
    """Ask the sources in their order. Why one gave nothing goes to the steps."""
    from course_utils.pictures.places.kaggle import has_credentials

    for word, patience in AUTO_PATIENCE.items():
        if word == "kaggle" and not has_credentials():
            steps.append(Step("Kaggle", "no credentials found"))
            continue
        before = len(steps)
        try:
            return BY_WORD[word](steps, patience)
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


def _into(steps: list[Step]) -> Callable[[str, str], None]:
    return lambda place, outcome: steps.append(Step(place, outcome))


def _kaggle_folder() -> Path:
    return cache_folder() / "kaggle"
