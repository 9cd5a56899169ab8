"""The published archive of CIFAR-10, checked by its digest."""

from __future__ import annotations

from pathlib import Path

from course_utils.pictures.array_cache import cached, kept
from course_utils.pictures.formats.batches import read_batches_archive
from course_utils.pictures.structure import Pictures
from course_utils.system.download import mirrors
from course_utils.system.download.transfer import OnStep, is_complete
from course_utils.system.paths import cache_folder


def read_published(*, patience: float | None = None, on_step: OnStep | None = None) -> Pictures:
    """Get the archive unless the cache has its pictures, check it, and read its 60,000 pictures.

    Args:
        patience: for the download; see ``transfer.download``.
        on_step: called for each place that was tried, with its name and the outcome in words.

    Raises:
        CourseError: no place gives the archive.
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
    is_it = file.is_file() and file.stat().st_size == mirrors.ARCHIVE.size
    if not is_it or not is_complete(file, mirrors.ARCHIVE):
        return None
    return kept_published() or _read(file)


def _read(path: Path) -> Pictures:
    return cached("published", [mirrors.ARCHIVE.digest], lambda: read_batches_archive(path))
