"""The copies of CIFAR-10 that are downloaded: the published archive, and the parquet copy."""

from __future__ import annotations

import time
from pathlib import Path

from course_utils.pictures.array_cache import cached, kept
from course_utils.pictures.formats import batches, parquet
from course_utils.pictures.structure import Pictures
from course_utils.system.download import mirrors
from course_utils.system.download.transfer import OnStep, RemoteFile, is_complete
from course_utils.system.paths import cache_folder


def read_copy(name: str, *, patience: float | None = None, on_step: OnStep | None = None) -> Pictures:
    """Get the files of a copy unless the cache has their pictures, check them, and read 60,000 pictures.

    Args:
        name: ``"published"`` or ``"parquet"``.
        patience: for all downloads; see ``transfer.download``.
        on_step: called for each place that was tried, with its name and the outcome in words.

    Raises:
        CourseError: a file cannot be had, or does not hold CIFAR-10.
    """
    pictures = kept_copy(name)
    if pictures is not None:
        if on_step:
            on_step("cache", "used")
        return pictures
    start, paths = time.monotonic(), []
    for file in _files(name):
        left = None if patience is None else max(patience - (time.monotonic() - start), 5.0)
        paths.append(mirrors.fetch(file, cache_folder(), patience=left, on_step=on_step))
    return _read(name, *paths)


def kept_copy(name: str) -> Pictures | None:
    """Return the pictures of a copy if they were read before, else None."""
    return kept(name, _digests(name))


def is_in_cache(name: str) -> bool:
    """True if the pictures of a copy, or its files, lie in the cache."""
    return kept_copy(name) is not None or all(
        is_complete(cache_folder() / file.name, file) for file in _files(name)
    )


def read_published_in(path: Path) -> Pictures | None:
    """Return the archive's pictures if the file, or the folder that holds it, is the published archive.

    Name and size decide at first, so another file costs no time.
    """
    file = path / mirrors.ARCHIVE.name if path.is_dir() else path
    is_it = file.is_file() and file.stat().st_size == mirrors.ARCHIVE.size
    if not is_it or not is_complete(file, mirrors.ARCHIVE):
        return None
    return kept_copy("published") or _read("published", file)


def _read(name: str, *paths: Path) -> Pictures:
    read = batches.read_batches_archive if name == "published" else parquet.read_parquet
    return cached(name, _digests(name), lambda: read(*paths))


def _files(name: str) -> tuple[RemoteFile, ...]:
    return (mirrors.ARCHIVE,) if name == "published" else mirrors.PARQUET


def _digests(name: str) -> list[str]:
    return [file.digest for file in _files(name)]
