"""CIFAR-10's parquet copy: the same photographs as PNG files in two tables, with a check of contents.

The copy is uoft-cs/cifar10 on Hugging Face. The authors of CIFAR-10 publish no digest of it, so what it holds
is compared with what is known of CIFAR-10. pyarrow reads it, and is imported when it is needed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from course_utils.errors import CourseError, first_line, shown
from course_utils.sources.archives import LARGEST_UNPACKED, check_unpacked_size
from course_utils.sources.pictures import Unreadable, decode
from course_utils.sources.structure import (
    CLASS_NAMES,
    IMAGE_SHAPE,
    NUM_CLASSES,
    Pictures,
    check_class_order,
    check_labels,
    shortened,
)

if TYPE_CHECKING:
    from pyarrow import RecordBatch
    from pyarrow.parquet import ParquetFile

REPOSITORY = "uoft-cs/cifar10"
REVISION = "0b2714987fa478483af9968de7c934580d0bb9a2"
_FOLDER = f"https://huggingface.co/datasets/{REPOSITORY}/resolve/{REVISION}/plain_text"
_RGB_PNG = b"\x08\x02"  # 8 bits a colour, three colours: bytes 24 and 25 of a PNG file
_BATCH = 1000


class RemoteTable(NamedTuple):
    """A file of the copy, as the repository's pointers describe it.

    Attributes:
        name: of the file.
        address: of the file at a fixed revision.
        digest: ``"sha256:…"``, hexadecimal.
        size: bytes.
    """

    name: str
    address: str
    digest: str
    size: int


def _table(part: str, sha256: str, size: int) -> RemoteTable:
    name = f"{part}-00000-of-00001.parquet"
    return RemoteTable(name, f"{_FOLDER}/{name}", f"sha256:{sha256}", size)


FILES = (
    _table("train", "8428b53a88a11ac374111006708df51469e315a22ac6d66470afd9c78d2ae883", 119_705_255),
    _table("test", "841389e6f2d64f28bf17310e430aebac20ec3ba611a3c5e231dc93c645ce84de", 23_940_850),
)


@dataclass(frozen=True)
class Contents:
    """What a copy has to hold.

    Attributes:
        train_per_class, test_per_class: pictures of each class. None: any number.
        means, deviations: of the training part's red, green and blue, with pixels in 0–1. Empty: any.
        tolerance: by how much each of these may differ.
    """

    train_per_class: int | None
    test_per_class: int | None
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    tolerance: float = 1e-4


# Means and standard deviations: as given wherever CIFAR-10 is normalised, to four digits. PNG keeps every
# pixel, so only rounding may differ; a copy that once was JPEG differs by 0.0018 and is refused.
PUBLISHED = Contents(5000, 1000, (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))
ANY = Contents(None, None, (), ())


def read_parquet(train: Path, test: Path, *, contents: Contents = PUBLISHED) -> Pictures:
    """Read the two tables and check that they hold CIFAR-10.

    Always checked: class names in the schema's metadata, columns, labels 0–9, every picture a PNG file of
    32×32 RGB pixels, no picture twice in the training part.

    Args:
        train: table with the columns img (struct of bytes, path) and label.
        test: the same for the test part.
        contents: what the pictures are compared with; for tests and small tables of one's own, ``ANY``.

    Returns:
        The pictures, in the order of the tables.

    Raises:
        CourseError: pyarrow is missing, a file is damaged or too large, or it does not hold CIFAR-10.
    """
    statistics = _Statistics()
    train_images, train_labels = _read_part(train, contents.train_per_class, statistics)
    _check_statistics(train.name, statistics, contents)
    return Pictures(train_images, train_labels, *_read_part(test, contents.test_per_class, None))


class _Statistics:
    """Sums over the pixels of pictures, and a digest of each picture."""

    def __init__(self) -> None:
        self._count = 0
        self._sum, self._sum_of_squares = np.zeros(3), np.zeros(3)
        self._digests: set[bytes] = set()
        self.twice = 0

    def add(self, images: np.ndarray) -> None:
        """Take in uint8 (n, 32, 32, 3)."""
        pixels = images.reshape(-1, 3) / 255
        self._count += len(pixels)
        self._sum += pixels.sum(axis=0)
        self._sum_of_squares += (pixels**2).sum(axis=0)
        for image in images:
            digest = hashlib.blake2b(image.tobytes(), digest_size=16).digest()
            self.twice += digest in self._digests
            self._digests.add(digest)

    def means(self) -> np.ndarray:
        """Return float64 (3,): red, green, blue."""
        return self._sum / self._count

    def deviations(self) -> np.ndarray:
        """Return float64 (3,): red, green, blue."""
        return np.sqrt(self._sum_of_squares / self._count - self.means() ** 2)


def _read_part(
    path: Path, per_class: int | None, statistics: _Statistics | None
) -> tuple[np.ndarray, np.ndarray]:
    try:
        with _opened(path) as table:
            _check_table(path.name, table)
            images, labels = _read_rows(path.name, table, statistics)
    except (CourseError, PermissionError):
        raise
    except Exception as error:  # pyarrow's readers raise many kinds on a damaged file
        raise CourseError(
            f"{path.name} cannot be read as a parquet file.",
            cause=f"It is damaged or not complete ({first_line(error)}).",
            next_step="download it again.",
        ) from error
    labels = check_labels(f"label of {path.name}", labels, len(images))
    _check_counts(path.name, labels, per_class)
    return images, labels


def _opened(path: Path) -> ParquetFile:
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise CourseError(
            f"{path.name} cannot be read.",
            cause="The package pyarrow is not installed.",
            next_step='run: pip install "pyarrow>=17"',
        ) from error
    return ParquetFile(path, memory_map=True)


def _check_table(name: str, table: ParquetFile) -> None:
    """Check what the file says of itself, before its rows are unpacked."""
    groups = (table.metadata.row_group(at) for at in range(table.metadata.num_row_groups))
    check_unpacked_size(name, sum(group.total_byte_size for group in groups))
    check_unpacked_size(name, table.metadata.num_rows * int(np.prod(IMAGE_SHAPE)), LARGEST_UNPACKED)
    columns = {field.name: str(field.type) for field in table.schema_arrow}
    if columns.get("label") != "int64" or "bytes: binary" not in columns.get("img", ""):
        raise CourseError(
            f"{name} has other columns than the parquet copy of CIFAR-10.",
            cause=f"Expected img (struct with bytes) and label (int64); found {_columns_shown(columns)}.",
            next_step=f"download the files of {REPOSITORY} again.",
        )
    if not table.metadata.num_rows:
        raise CourseError(
            f"{name} holds no picture.", cause="The table has no rows.", next_step="download it again."
        )
    check_class_order(f"The metadata of {name}", _class_names(table))


def _columns_shown(columns: dict[str, str]) -> str:
    return (
        shortened([f"{shown(name)} ({shown(kind)})" for name, kind in columns.items()], "columns") or "none"
    )


def _class_names(table: ParquetFile) -> list[str]:
    """Return the names in the metadata that the copy's maker wrote, or an empty list."""
    try:
        told = json.loads((table.schema_arrow.metadata or {})[b"huggingface"])
        return [str(name) for name in told["info"]["features"]["label"]["names"]]
    except (KeyError, TypeError, ValueError):
        return []


def _read_rows(
    name: str, table: ParquetFile, statistics: _Statistics | None
) -> tuple[np.ndarray, np.ndarray]:
    count = table.metadata.num_rows
    images = np.empty((count, *IMAGE_SHAPE), dtype=np.uint8)
    labels = np.empty(count, dtype=np.int64)
    start = 0
    for batch in _batches(name, table):
        end = start + batch.num_rows
        labels[start:end] = batch.column("label").to_numpy(zero_copy_only=False)
        for at, raw in enumerate(batch.column("img").field("bytes"), start):
            images[at] = _decoded(raw.as_py(), f"Picture {at:,} of {name}")
        if statistics:
            statistics.add(images[start:end])
        start = end
    return images, labels


def _batches(name: str, table: ParquetFile) -> Iterator[RecordBatch]:
    from tqdm.auto import tqdm

    batches = table.iter_batches(batch_size=_BATCH, columns=["img", "label"], use_threads=False)
    total = -(-table.metadata.num_rows // _BATCH)
    return iter(
        tqdm(batches, total=total, desc=f"Reading {name}", unit=",000 pictures", delay=1, leave=False)
    )


def _decoded(raw: bytes | None, name: str) -> np.ndarray:
    try:
        if raw is not None and raw.startswith(b"\x89PNG") and raw[24:26] != _RGB_PNG:
            raise Unreadable("no 8-bit RGB")
        if raw is not None and raw.startswith(b"\xff\xd8\xff"):
            raise Unreadable("JPEG")
        return decode(raw or b"", name)
    except Unreadable as why:
        raise CourseError(
            f"{name} cannot be used.",
            cause=f"Expected a PNG file of 32×32 RGB pixels; it is {why}.",
            next_step=f"download the files of {REPOSITORY} again.",
        ) from why


def _check_counts(name: str, labels: np.ndarray, per_class: int | None) -> None:
    counts = np.bincount(labels, minlength=NUM_CLASSES)
    if per_class is None or (counts == per_class).all():
        return
    wrong = [f"{count:,} {CLASS_NAMES[at]}" for at, count in enumerate(counts) if count != per_class]
    raise CourseError(
        f"{name} does not hold all of CIFAR-10.",
        cause=f"Expected {per_class:,} pictures of each class; found {', '.join(wrong)}.",
        next_step=f"download the files of {REPOSITORY} again.",
    )


def _check_statistics(name: str, found: _Statistics, contents: Contents) -> None:
    if found.twice:
        raise _not_the_photographs(name, f"{found.twice:,} of its pictures come more than once")
    for what, expected, values in (
        ("means", contents.means, found.means()),
        ("deviations", contents.deviations, found.deviations()),
    ):
        if expected and np.abs(values - expected).max() > contents.tolerance:
            shown_values, shown_expected = (
                ", ".join(f"{value:.4f}" for value in them) for them in (values, expected)
            )
            raise _not_the_photographs(
                name, f"the {what} of red, green, blue are {shown_values}; expected {shown_expected}"
            )


def _not_the_photographs(name: str, why: str) -> CourseError:
    return CourseError(
        f"{name} does not hold the photographs of CIFAR-10.",
        cause=f"In it, {why}.",
        next_step=f"download the files of {REPOSITORY} again.",
    )
