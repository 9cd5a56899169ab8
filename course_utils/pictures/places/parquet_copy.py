"""The copy of CIFAR-10 on Hugging Face, in two parquet files: fetched, checked and kept."""

from __future__ import annotations

import time

from course_utils.pictures.array_cache import cached, kept
from course_utils.pictures.formats import parquet
from course_utils.pictures.structure import Pictures
from course_utils.system.download import mirrors
from course_utils.system.download.transfer import OnStep
from course_utils.system.paths import cache_folder


def read_parquet_copy(*, patience: float | None = None, on_step: OnStep | None = None) -> Pictures:
    """Get the two files unless the cache has their pictures, check them, and read 60,000 pictures.

    Args:
        patience: for both downloads; see ``transfer.download``.
        on_step: called for each place that was tried, with its name and the outcome in words.

    Raises:
        CourseError: a file cannot be had, or does not hold CIFAR-10.
    """
    pictures = kept_parquet()
    if pictures is not None:
        if on_step:
            on_step("cache", "used")
        return pictures
    start, paths = time.monotonic(), []
    for file in mirrors.PARQUET:
        left = None if patience is None else max(patience - (time.monotonic() - start), 5.0)
        paths.append(mirrors.fetch(file, cache_folder(), patience=left, on_step=on_step))
    return cached("parquet", _facts(), lambda: parquet.read_parquet(*paths))


def kept_parquet() -> Pictures | None:
    """Return the pictures of the parquet copy if they were read before, else None."""
    return kept("parquet", _facts())


def _facts() -> list[str]:
    return [file.digest for file in mirrors.PARQUET]
