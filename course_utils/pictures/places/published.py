"""The published archive of CIFAR-10, checked by its digest."""

from __future__ import annotations

from pathlib import Path

from course_utils.errors import CourseError
from course_utils.pictures.array_cache import cached, kept
from course_utils.pictures.formats.batches import read_batches_archive
from course_utils.pictures.structure import Pictures
from course_utils.system.download import mirrors
from course_utils.system.download.transfer import OnStep, is_complete
from course_utils.system.paths import cache_folder

TRAIN_PICTURES = 50_000
TEST_PICTURES = 10_000


def read_published(*, patience: float | None = None, on_step: OnStep | None = None) -> Pictures:
    """Get the archive unless the cache has its pictures, check it, and read its 60,000 pictures.

    Args:
        patience: for the download; see ``transfer.download``.
        on_step: called for each place that was tried, with its name and the outcome in words.

    Raises:
        CourseError: no place gives the archive, or it does not hold what was published.
    """
    pictures = kept_published()
    if pictures is not None:
        if on_step:
            on_step("cache", "used")
        return pictures
    path = mirrors.fetch(mirrors.ARCHIVE, cache_folder(), patience=patience, on_step=on_step)
    return _read(path)


def kept_published() -> Pictures | None:
    """Return the archive's pictures if they were read before, else None."""
    return kept("published", [mirrors.ARCHIVE.digest])


def is_in_cache() -> bool:
    """True if the pictures, or the archive, lie in the cache."""
    archive = cache_folder() / mirrors.ARCHIVE.name
    return kept_published() is not None or is_complete(archive, mirrors.ARCHIVE)


def read_published_in(path: Path) -> Pictures | None:
    """Return the archive's pictures if the file, or the folder that holds it, is the published archive.

    Name and size decide at first, so another file costs no time.
    """
    file = path / mirrors.ARCHIVE.name if path.is_dir() else path
    if not file.is_file() or file.stat().st_size != mirrors.ARCHIVE.size:
        return None
    if not is_complete(file, mirrors.ARCHIVE):
        return None
    return kept_published() or _read(file)


def _read(path: Path) -> Pictures:
    return cached("published", [mirrors.ARCHIVE.digest], lambda: _complete(read_batches_archive(path)))


def _complete(pictures: Pictures) -> Pictures:
    found = len(pictures.train_images), len(pictures.test_images)
    if found != (TRAIN_PICTURES, TEST_PICTURES):
        raise CourseError(
            f"The published archive holds {found[0]:,} and {found[1]:,} pictures.",
            cause=f"Expected {TRAIN_PICTURES:,} to train and {TEST_PICTURES:,} to test.",
            next_step="give a copy of your own by its path, where any number is accepted.",
        )
    return pictures
