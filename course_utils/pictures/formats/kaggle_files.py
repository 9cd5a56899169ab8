"""The files of Kaggle's competition cifar-10: trainLabels.csv with train/ or train.7z.

Its test part has no labels, and is not read.
"""

from __future__ import annotations

import csv
import functools
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from course_utils.errors import CourseError, first_line, shown
from course_utils.pictures.array_cache import file_facts
from course_utils.pictures.formats.archives import LARGEST_UNPACKED
from course_utils.pictures.formats.class_folders import entry_facts
from course_utils.pictures.formats.picture_files import PictureArray, left_out_note, read_file
from course_utils.pictures.structure import (
    CLASS_NAMES,
    Pictures,
    check_several_classes,
    class_number,
    closest_class,
    shortened,
)

LABELS = "trainLabels.csv"
ARCHIVE = "train.7z"
FOLDER = "train"
HEADER = ["id", "label"]
LARGEST_TABLE = 16 * 1024**2  # Kaggle's has 0.6 MB
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
    numbers = sorted(labels)
    positions = {number: position for position, number in enumerate(numbers)}
    pictures = PictureArray([f"{FOLDER}/{number}.png" for number in numbers], what="Reading train")

    def wanted(where: Path, names: Iterable[str]) -> dict[str, int]:
        found = _numbers(where, names)
        _check_numbers(where, set(found.values()), labels)
        return found

    def take(number: int, read: Callable[[], bytes]) -> None:
        pictures.add(positions[number], read)

    where = _read_pictures(folder, wanted, take)
    images, used, left_out = pictures.result()
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
            yield from sorted(entry_facts(entry) for entry in entries)


def _read_labels(folder: Path) -> dict[int, int]:
    path = folder / LABELS
    if not path.is_file():
        raise CourseError(
            f"{LABELS} is missing in {folder}.",
            cause="Kaggle's pictures carry numbers only; this table says what they show.",
            next_step=f"put {LABELS} of the competition cifar-10 beside {ARCHIVE} or {FOLDER}/.",
        )
    rows = _rows(path)
    if not rows or [cell.strip() for cell in rows[0]] != HEADER:
        found = shown(",".join(rows[0])) if rows else "nothing"
        raise _bad_table(path, f"its first line is {found!r}, expected 'id,label'")
    labels: dict[int, int] = {}
    unknown: list[str] = []
    for line, row in enumerate(rows[1:], start=2):
        number, name = _checked_row(path, line, row)
        if number in labels:
            raise _bad_table(path, f"the id {number} stands there twice, again in line {line}")
        label = class_number(name)
        labels[number] = -1 if label is None else label
        if label is None:
            unknown.append(f"{shown(name)!r} in line {line}{closest_class(name)}")
    if unknown:
        raise _bad_table(path, f"these are no classes: {shortened(unknown, 'lines', limit=3)}")
    if not labels:
        raise _bad_table(path, "it has no row below its first line")
    return labels


def _rows(path: Path) -> list[list[str]]:
    """Return the table's rows that are not empty."""
    if path.stat().st_size > LARGEST_TABLE:
        raise _bad_table(path, f"there are {path.stat().st_size / 1e6:,.0f} MB; Kaggle's has 0.6 MB")
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            return [row for row in csv.reader(handle) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise _bad_table(path, f"it cannot be read as a table ({first_line(error)})") from error


def _checked_row(path: Path, line: int, row: list[str]) -> tuple[int, str]:
    number, name = (row[0].strip(), row[1].strip()) if len(row) == 2 else ("", "")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise _bad_table(path, f"line {line} is {shown(','.join(row))!r}, expected a number and a class")
    return int(number), name


def _bad_table(path: Path, why: str) -> CourseError:
    return CourseError(
        f"{path} is not Kaggle's table of labels.",
        cause=f"In it, {why}. The classes are {', '.join(CLASS_NAMES)}.",
        next_step=f"download {LABELS} of the competition cifar-10 again.",
    )


def _read_pictures(
    folder: Path,
    wanted: Callable[[Path, Iterable[str]], dict[str, int]],
    take: Callable[[int, Callable[[], bytes]], None],
) -> Path:
    """Hand over each wanted picture with its number, and return where the pictures lie."""
    inside, packed = folder / FOLDER, folder / ARCHIVE
    if inside.is_dir():
        for name, number in wanted(inside, sorted(os.listdir(inside))).items():
            take(number, functools.partial(read_file, inside / name))
        return inside
    if packed.is_file():
        _unpack(packed, lambda names: wanted(packed, names), lambda number, raw: take(number, lambda: raw))
        return packed
    raise CourseError(
        f"The pictures are missing in {folder}.",
        cause=f"{LABELS} is there, but neither {ARCHIVE} nor the folder {FOLDER}/.",
        next_step=f"put {ARCHIVE} of the competition cifar-10 beside {LABELS}.",
    )


def _unpack(
    path: Path, choose: Callable[[list[str]], dict[str, int]], take: Callable[[int, bytes], None]
) -> None:
    try:
        from course_utils.pictures.formats.seven_zip import read_members
    except ImportError as error:
        raise CourseError(
            f"{path} cannot be unpacked.",
            cause="The package py7zr is not installed.",
            next_step='run: pip install "py7zr>=1.0,<2"',
        ) from error
    read_members(path, choose, take, limit=LARGEST_UNPACKED)


def _numbers(where: Path, names: Iterable[str]) -> dict[str, int]:
    """Return the numbers of the files that are named like Kaggle's pictures."""
    numbers: dict[str, int] = {}
    seen: dict[int, str] = {}
    for name in names:
        match = _PICTURE.fullmatch(name)
        if not match:
            continue
        number = int(match[1])
        if number in seen:
            raise CourseError(
                f"{where} holds two pictures with the number {number}.",
                cause=f"It is not clear which one counts: {seen[number]} or {name}.",
                next_step="keep the one that the table means.",
            )
        seen[number] = name
        numbers[name] = number
    return numbers


def _check_numbers(where: Path, pictures: set[int], labels: dict[int, int]) -> None:
    without_picture = sorted(labels.keys() - pictures)
    without_label = sorted(pictures - labels.keys())
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
