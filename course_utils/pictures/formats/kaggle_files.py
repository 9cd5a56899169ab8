"""The files of Kaggle's competition cifar-10: trainLabels.csv with train/ or train.7z.

Its test part has no labels, and is not read.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from course_utils.errors import CourseError, first_line, shown
from course_utils.pictures.array_cache import file_facts, listing_facts
from course_utils.pictures.formats.picture_files import decode_all, left_out_note
from course_utils.pictures.structure import (
    CLASS_NAMES,
    Pictures,
    check_several_classes,
    class_number,
    closest_class,
    shortened,
)

LABELS = "trainLabels.csv"
PACKED = "train.7z"
FOLDER = "train"
_PICTURE = re.compile(r"(?:train/)?(\d{1,9})\.png", re.IGNORECASE)


def kaggle_folder(path: Path) -> Path | None:
    """Return the folder of Kaggle's files, given that folder or a file in it. None: it is something else."""
    folder = path if path.is_dir() else path.parent
    named = path.is_dir() or path.name in (PACKED, LABELS)
    looks_right = (folder / LABELS).is_file() or (folder / PACKED).is_file()
    return folder if named and looks_right else None


def kaggle_facts(folder: Path) -> Iterator[str]:
    """Yield what shows that Kaggle's files changed."""
    for name in (LABELS, PACKED):
        if (folder / name).is_file():
            yield file_facts(folder / name)
    if (folder / FOLDER).is_dir():
        yield from listing_facts(folder / FOLDER)


def read_kaggle(folder: Path) -> Pictures:
    """Read Kaggle's training pictures, ordered by their numbers.

    Args:
        folder: holds trainLabels.csv (header ``id,label``) and train/ or train.7z with 1.png, 2.png, …

    Raises:
        CourseError: a file is missing or damaged, the table has another header or an unknown class, or
            pictures and table do not fit together.
    """
    labels = _read_labels(folder)
    order = sorted(labels)
    positions = {number: position for position, number in enumerate(order)}
    names = [f"{FOLDER}/{number}.png" for number in order]
    sources = ((positions[number], picture) for number, picture in _numbered_pictures(folder, labels))
    images, used, left_out = decode_all(names, sources, what="Reading train")
    used_labels = np.array([labels[number] for number in order], dtype=np.int64)[used]
    check_several_classes(str(folder), used_labels)
    return Pictures(images, used_labels, notes=left_out_note(left_out))


def _numbered_pictures(folder: Path, labels: dict[int, int]) -> Iterator[tuple[int, Path | bytes]]:
    """Yield each picture's number with its file, or with its bytes if it comes out of the archive."""
    inside, packed = folder / FOLDER, folder / PACKED
    if inside.is_dir():
        for name, number in _numbers(inside, sorted(os.listdir(inside)), labels).items():
            yield number, inside / name
    elif packed.is_file():
        from course_utils.pictures.formats.seven_zip import unpacked

        yield from unpacked(packed, lambda names: _numbers(packed, names, labels))
    else:
        raise CourseError(
            f"The pictures are missing in {folder}.",
            cause=f"{LABELS} is there, but neither {PACKED} nor the folder {FOLDER}/.",
            next_step=f"put {PACKED} of the competition cifar-10 beside {LABELS}.",
        )


def _read_labels(folder: Path) -> dict[int, int]:
    path = folder / LABELS
    if not path.is_file():
        raise CourseError(
            f"{LABELS} is missing in {folder}.",
            cause="Kaggle's pictures carry numbers only; this table says what they show.",
            next_step=f"put {LABELS} of the competition cifar-10 beside {PACKED} or {FOLDER}/.",
        )
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            header, *rows = [[cell.strip() for cell in row] for row in csv.reader(handle) if row] or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise _bad_table(path, f"it cannot be read as a table ({first_line(error)})") from error
    if header != ["id", "label"]:
        found = shown(",".join(header)) or "nothing"
        raise _bad_table(path, f"its first line is {found!r}, expected 'id,label'")
    labels: dict[int, int | None] = {}
    unknown: list[str] = []
    for line, row in enumerate(rows, start=2):
        if len(row) != 2 or not re.fullmatch("[0-9]{1,9}", row[0]):
            raise _bad_table(path, f"line {line} is {shown(','.join(row))!r}, expected a number and a class")
        number, name = int(row[0]), row[1]
        if number in labels:
            raise _bad_table(path, f"the id {number} stands there twice, again in line {line}")
        labels[number] = class_number(name)
        if labels[number] is None:
            unknown.append(f"{shown(name)!r} in line {line}{closest_class(name)}")
    if unknown:
        raise _bad_table(path, f"these are no classes: {shortened(unknown, 'lines', limit=3)}")
    if not labels:
        raise _bad_table(path, "it has no row below its first line")
    return labels


def _bad_table(path: Path, why: str) -> CourseError:
    return CourseError(
        f"{path} is not Kaggle's table of labels.",
        cause=f"In it, {why}. The classes are {', '.join(CLASS_NAMES)}.",
        next_step=f"download {LABELS} of the competition cifar-10 again.",
    )


def _numbers(where: Path, names: Iterable[str], labels: dict[int, int]) -> dict[str, int]:
    """Return the numbers of the files that are named like Kaggle's pictures, if they fit to the table."""
    found = {name: int(match[1]) for name in names if (match := _PICTURE.fullmatch(name))}
    numbers = set(found.values())
    differences = (
        ("ids of the table without a picture", sorted(labels.keys() - numbers)),
        ("pictures without an id in the table", sorted(numbers - labels.keys())),
    )
    told = [f"{what}: {shortened([str(id) for id in ids], 'ids')}" for what, ids in differences if ids]
    if told:
        raise CourseError(
            f"{where} and {LABELS} do not fit together.",
            cause=f"{'; '.join(told)}.",
            next_step="use both files of the competition cifar-10 as Kaggle gives them.",
        )
    return found
