"""The files of Kaggle's competition cifar-10: trainLabels.csv with train/ or train.7z.

Its test part has no labels, and is not read.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from course_utils.errors import CourseError
from course_utils.sources.array_cache import file_facts
from course_utils.sources.pictures import decode_all, left_out_note
from course_utils.sources.structure import (
    CLASS_NAMES,
    Pictures,
    check_several_classes,
    class_number,
    closest_class,
    first_line,
    shortened,
)

LABELS = "trainLabels.csv"
ARCHIVE = "train.7z"
FOLDER = "train"
HEADER = ["id", "label"]
LARGEST_UNPACKED = 1024**3  # eight times Kaggle's train.7z, unpacked
_PICTURE = re.compile(r"(?:train/)?(\d{1,9})\.png", re.IGNORECASE)


def kaggle_folder(path: Path) -> Path | None:
    """Return the folder of Kaggle's files, given that folder or a file in it. None: it is something else."""
    folder = path if path.is_dir() else path.parent
    named = path.is_dir() or path.name in (ARCHIVE, LABELS)
    looks_right = (folder / LABELS).is_file() or (folder / ARCHIVE).is_file()
    return folder if named and looks_right else None


def read_kaggle(folder: Path) -> Pictures:
    """Read Kaggle's training pictures, ordered by their numbers.

    Args:
        folder: holds trainLabels.csv (header ``id,label``) and train/ or train.7z with 1.png, 2.png, …

    Raises:
        CourseError: a file is missing or damaged, the table has another header or an unknown class, or
            pictures and table do not fit together.
    """
    labels = _read_labels(folder)
    where, pictures = _pictures(folder)
    _check_numbers(where, pictures, labels)
    numbers = sorted(labels)
    images, used, left_out = decode_all(
        [f"{FOLDER}/{number}.png" for number in numbers],
        lambda at: pictures[numbers[at]](),
        what="Reading train",
    )
    used_labels = np.array([labels[number] for number in numbers], dtype=np.int64)[used]
    check_several_classes(str(where), used_labels)
    return Pictures(images, used_labels, notes=left_out_note(left_out))


def kaggle_facts(folder: Path) -> Iterator[str]:
    """Yield what shows that Kaggle's files changed."""
    for name in (LABELS, ARCHIVE):
        if (folder / name).is_file():
            yield file_facts(folder / name)
    if (folder / FOLDER).is_dir():
        with os.scandir(folder / FOLDER) as entries:
            yield from sorted(file_facts(entry) for entry in entries)


def _read_labels(folder: Path) -> dict[int, int]:
    path = folder / LABELS
    if not path.is_file():
        raise CourseError(
            f"{LABELS} is missing in {folder}.",
            cause="Kaggle's pictures carry numbers only; this table says what they show.",
            next_step=f"put {LABELS} of the competition cifar-10 beside {ARCHIVE} or {FOLDER}/.",
        )
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            rows = [row for row in csv.reader(handle) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise _bad_table(path, f"it cannot be read as a table ({first_line(error)})") from error
    if not rows or [cell.strip() for cell in rows[0]] != HEADER:
        found = ",".join(rows[0])[:60] if rows else "nothing"
        raise _bad_table(path, f"its first line is {found!r}, expected 'id,label'")
    labels: dict[int, int] = {}
    for line, row in enumerate(rows[1:], start=2):
        number, label = _checked_row(path, line, row)
        if number in labels:
            raise _bad_table(path, f"the id {number} stands there twice, again in line {line}")
        labels[number] = label
    if not labels:
        raise _bad_table(path, "it has no row below its first line")
    return labels


def _checked_row(path: Path, line: int, row: list[str]) -> tuple[int, int]:
    number, name = (row[0].strip(), row[1].strip()) if len(row) == 2 else ("", "")
    if not (number.isascii() and number.isdigit()):
        raise _bad_table(path, f"line {line} is {','.join(row)[:60]!r}, expected a number and a class")
    label = class_number(name)
    if label is None:
        raise _bad_table(path, f"line {line} names the class {name[:40]!r}{closest_class(name)}")
    return int(number), label


def _bad_table(path: Path, why: str) -> CourseError:
    return CourseError(
        f"{path} is not Kaggle's table of labels.",
        cause=f"In it, {why}. The classes are {', '.join(CLASS_NAMES)}.",
        next_step=f"download {LABELS} of the competition cifar-10 again.",
    )


def _pictures(folder: Path) -> tuple[Path, dict[int, Callable[[], bytes]]]:
    """Return where the pictures lie, and how to read each number."""
    if (folder / FOLDER).is_dir():
        return folder / FOLDER, _pictures_of_folder(folder / FOLDER)
    if (folder / ARCHIVE).is_file():
        return folder / ARCHIVE, _pictures_of_archive(folder / ARCHIVE)
    raise CourseError(
        f"The pictures are missing in {folder}.",
        cause=f"{LABELS} is there, but neither {ARCHIVE} nor the folder {FOLDER}/.",
        next_step=f"put {ARCHIVE} of the competition cifar-10 beside {LABELS}.",
    )


def _pictures_of_folder(folder: Path) -> dict[int, Callable[[], bytes]]:
    found = ((_PICTURE.fullmatch(name), name) for name in os.listdir(folder))
    return {int(match[1]): (folder / name).read_bytes for match, name in found if match}


def _pictures_of_archive(path: Path) -> dict[int, Callable[[], bytes]]:
    """Unpack to memory: the names in an archive never become paths."""
    products = _unpacked(path)
    found = ((_PICTURE.fullmatch(name), name) for name in products)
    # Each picture is given away once and forgotten, so that memory shrinks while arrays grow.
    return {int(match[1]): lambda name=name: products.pop(name).read() for match, name in found if match}


def _unpacked(path: Path) -> dict:
    try:
        import py7zr
        from py7zr.io import BytesIOFactory
    except ImportError as error:
        raise CourseError(
            f"{path} cannot be unpacked.",
            cause="The package py7zr is not installed.",
            next_step='run: pip install "py7zr>=1.0,<2"',
        ) from error
    try:
        with py7zr.SevenZipFile(path) as archive:
            members = archive.list()
            _check_members(path, members)
            names = [member.filename for member in members if _PICTURE.fullmatch(member.filename)]
            factory = BytesIOFactory(LARGEST_UNPACKED)
            archive.extract(targets=names, factory=factory)
            return factory.products
    except CourseError:
        raise
    except Exception as error:  # py7zr passes on what its decoders raise, of many kinds
        raise CourseError(
            f"{path} cannot be unpacked.",
            cause=f"It is damaged, cut off, or no 7z archive ({type(error).__name__}).",
            next_step=f"download {ARCHIVE} again.",
        ) from error


def _check_members(path: Path, members: list) -> None:
    size = sum(member.uncompressed or 0 for member in members)
    if size > LARGEST_UNPACKED:
        raise CourseError(
            f"{path} is too large for CIFAR-10.",
            cause=f"It would unpack to {size / 1e9:.1f} GB; the limit is {LARGEST_UNPACKED / 1e9:.1f} GB.",
            next_step="check that this is the right file.",
        )


def _check_numbers(where: Path, pictures: dict, labels: dict[int, int]) -> None:
    without_picture = sorted(labels.keys() - pictures.keys())
    without_label = sorted(pictures.keys() - labels.keys())
    if not without_picture and not without_label:
        return
    found = [
        f"{text}: {shortened([str(number) for number in numbers], 'ids')}"
        for numbers, text in (
            (without_picture, "ids of the table without a picture"),
            (without_label, "pictures without an id in the table"),
        )
        if numbers
    ]
    raise CourseError(
        f"{where} and {LABELS} do not fit together.",
        cause=f"{'; '.join(found)}.",
        next_step="use both files of the competition cifar-10 as Kaggle gives them.",
    )
