"""CIFAR-10's parquet copy: the same photographs as PNG files in two tables, with a check of contents.

The copy is uoft-cs/cifar10 on Hugging Face. The authors of CIFAR-10 publish no digest of it, so what it holds
is compared with what is known of CIFAR-10. pyarrow reads it, and is imported when it is needed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from course_utils.errors import CourseError, first_line, shown
from course_utils.pictures.formats.archives import LARGEST_UNPACKED, check_unpacked_size
from course_utils.pictures.formats.picture_files import Unreadable, decode
from course_utils.pictures.structure import (
    IMAGE_SHAPE,
    NUM_CLASSES,
    Pictures,
    check_class_order,
    check_labels,
)

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

REPOSITORY = "uoft-cs/cifar10"
_RGB_PNG = b"\x08\x02"  # 8 bits a colour, three colours: bytes 24 and 25 of a PNG file
_BATCH = 1000


class Contents(NamedTuple):
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

    Args:
        train: table with the columns img (struct of bytes, path) and label.
        test: the same for the test part.
        contents: what the pictures are compared with; for tests and small tables of one's own, ``ANY``.

    Returns:
        The pictures, in the order of the tables.

    Raises:
        CourseError: pyarrow is missing, a file is damaged or too large, or it does not hold CIFAR-10.
    """
    images, labels = _read_part(train, contents.train_per_class)
    means = images.mean(axis=(0, 1, 2)) / 255
    squares = sum(np.square(part / 255).sum(axis=(0, 1, 2)) for part in np.array_split(images, 100))
    deviations = np.sqrt(squares / (images.size / 3) - means**2)
    for found, expected in ((means, contents.means), (deviations, contents.deviations)):
        if expected and np.abs(found - expected).max() > contents.tolerance:
            raise _not_cifar10(train.name, f"means or deviations of its colours are {found.round(4)}")
    return Pictures(images, labels, *_read_part(test, contents.test_per_class))


def _read_part(path: Path, per_class: int | None) -> tuple[np.ndarray, np.ndarray]:
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path, memory_map=True) as table:
            images, labels = _read_rows(path.name, table)
    except (CourseError, PermissionError):
        raise
    except Exception as error:  # pyarrow's readers raise many kinds on a damaged file
        raise CourseError(
            f"{path.name} cannot be read as a parquet file.",
            cause=f"It is damaged or not complete ({first_line(error)}).",
            next_step="download it again.",
        ) from error
    labels = check_labels(f"label of {path.name}", labels, len(images))
    counts = np.bincount(labels, minlength=NUM_CLASSES)
    if per_class is not None and (counts != per_class).any():
        raise _not_cifar10(path.name, f"its classes have {counts.tolist()} pictures, not {per_class:,} each")
    return images, labels


def _read_rows(name: str, table: ParquetFile) -> tuple[np.ndarray, np.ndarray]:
    """Read a table after checking what it says of itself: its size, its columns, the names of its classes."""
    from tqdm.auto import tqdm

    count = table.metadata.num_rows
    groups = (table.metadata.row_group(at) for at in range(table.metadata.num_row_groups))
    check_unpacked_size(name, sum(group.total_byte_size for group in groups))
    check_unpacked_size(name, count * int(np.prod(IMAGE_SHAPE)), LARGEST_UNPACKED)
    columns = {field.name: str(field.type) for field in table.schema_arrow}
    if columns.get("label") != "int64" or "bytes: binary" not in columns.get("img", "") or not count:
        raise _not_cifar10(name, f"its columns are {shown(str(columns))}, its rows {count}")
    check_class_order(f"The metadata of {name}", _class_names(table))
    images, labels = np.empty((count, *IMAGE_SHAPE), np.uint8), np.empty(count, np.int64)
    start = 0
    with tqdm(total=count, desc=f"Reading {name}", unit=" pictures", delay=1, leave=False) as bar:
        for batch in table.iter_batches(batch_size=_BATCH, columns=["img", "label"], use_threads=False):
            labels[start : start + batch.num_rows] = batch.column("label").to_numpy(zero_copy_only=False)
            for at, raw in enumerate(batch.column("img").field("bytes"), start):
                images[at] = _decoded(raw.as_py() or b"", f"Picture {at:,} of {name}")
            start += batch.num_rows
            bar.update(batch.num_rows)
    return images, labels


def _class_names(table: ParquetFile) -> list[str]:
    """Return the names in the metadata that the copy's maker wrote, or an empty list."""
    try:
        told = json.loads((table.schema_arrow.metadata or {})[b"huggingface"])
        return [str(name) for name in told["info"]["features"]["label"]["names"]]
    except (KeyError, TypeError, ValueError):
        return []


def _decoded(raw: bytes, name: str) -> np.ndarray:
    try:
        if not raw.startswith(b"\x89PNG") or raw[24:26] != _RGB_PNG:
            raise Unreadable("no PNG file of 8-bit RGB")
        return decode(raw, name)
    except Unreadable as why:
        raise _not_cifar10(name, f"it is {why}") from why


def _not_cifar10(name: str, why: str) -> CourseError:
    return CourseError(
        f"{name} does not hold what CIFAR-10 holds.",
        cause=f"Found: {why}.",
        next_step=f"download the files of {REPOSITORY} again.",
    )
