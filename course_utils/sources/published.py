"""The published archive of CIFAR-10, checked by its digest."""

from __future__ import annotations

import os

from course_utils.download import download
from course_utils.errors import CourseError
from course_utils.paths import cache_folder
from course_utils.sources.array_cache import cached
from course_utils.sources.batches import read_batches_archive
from course_utils.sources.structure import Pictures

FILE = "cifar-10-python.tar.gz"
HOST = "https://www.cs.toronto.edu/~kriz"
SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
TRAIN_PICTURES = 50_000
TEST_PICTURES = 10_000


def archive_url() -> str:
    """Return the address of the archive: the official one, or in the folder that ``COURSE_MIRROR`` names."""
    return f"{os.environ.get('COURSE_MIRROR', '').strip().rstrip('/') or HOST}/{FILE}"


def read_published(*, patience: float | None = None) -> Pictures:
    """Download the archive unless the cache has it, check it, and read its 60,000 pictures.

    Args:
        patience: seconds for the download; see ``download.download``.

    Raises:
        CourseError: the download fails, or the archive does not hold what was published.
    """

    def read() -> Pictures:
        path = download(archive_url(), cache_folder() / FILE, sha256=SHA256, patience=patience)
        return _complete(read_batches_archive(path))

    return cached("published", [SHA256], read)


def _complete(pictures: Pictures) -> Pictures:
    found = len(pictures.train_images), len(pictures.test_images)
    if found != (TRAIN_PICTURES, TEST_PICTURES):
        raise CourseError(
            f"The published archive holds {found[0]:,} and {found[1]:,} pictures.",
            cause=f"Expected {TRAIN_PICTURES:,} to train and {TEST_PICTURES:,} to test.",
            next_step="give a copy of your own by its path, where any number is accepted.",
        )
    return pictures
