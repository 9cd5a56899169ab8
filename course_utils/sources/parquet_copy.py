"""The copy of CIFAR-10 on Hugging Face, in two parquet files: fetched, checked and kept."""

from __future__ import annotations

import time

from course_utils import mirrors
from course_utils.download import OnStep
from course_utils.paths import cache_folder
from course_utils.sources.array_cache import cached, kept
from course_utils.sources.parquet import read_parquet
from course_utils.sources.structure import Pictures


def read_parquet_copy(*, patience: float | None = None, on_step: OnStep | None = None) -> Pictures:
    """Get the two files unless the cache has their pictures, check them, and read 60,000 pictures.

    Args:
        patience: for both downloads; see ``download.download``.
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
    for file in mirrors.parquet_files():
        left = None if patience is None else max(patience - (time.monotonic() - start), 5.0)
        paths.append(mirrors.obtain(file, cache_folder(), patience=left, on_step=on_step))
    return cached("parquet", _facts(), lambda: read_parquet(*paths))


def kept_parquet() -> Pictures | None:
    """Return the pictures of the parquet copy if they were read before, else None."""
    return kept("parquet", _facts())


def _facts() -> list[str]:
    return [file.digest for file in mirrors.parquet_files()]
