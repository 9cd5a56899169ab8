"""A folder of class folders: train/<class>/*.jpg and test/<class>/*.jpg, or <class>/*.jpg to be split."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from course_utils.errors import CourseError
from course_utils.sources.array_cache import file_facts
from course_utils.sources.pictures import SUFFIXES, decode_all, left_out_note
from course_utils.sources.structure import (
    CLASS_NAMES,
    Pictures,
    check_several_classes,
    class_number,
    closest_class,
    shortened,
)


def read_folder(path: Path) -> Pictures:
    """Read JPEG and PNG files from class folders.

    The pictures are ordered by class and then by the number in the file name, whatever the order on the disk.
    Files that cannot be read are left out and named in the notes.

    Args:
        path: of the folder.

    Raises:
        CourseError: no pictures, one class, an unknown class folder, or a picture that is not 32×32.
    """
    parts, notes = [], []
    for part, folders in class_folders(path).items():
        images, labels, left_out = _read_part(path, part, folders)
        check_several_classes(str(path / part) if part else str(path), labels)
        parts += [images, labels]
        notes += left_out_note(left_out)
    return Pictures(*parts, notes=tuple(notes))


def folder_facts(path: Path) -> Iterator[str]:
    """Yield what shows that a folder changed: name, size and time of each file."""
    for part, folders in class_folders(path).items():
        for label, folder in folders:
            yield f"{part}/{label}"
            with os.scandir(folder) as entries:
                yield from sorted(file_facts(entry) for entry in entries)


def class_folders(path: Path) -> dict[str, list[tuple[int, Path]]]:
    """Find the class folders of a folder.

    Returns:
        ``{"train": [(0, .../train/airplane), …], "test": […]}``, or ``{"": […]}`` for a folder without parts.

    Raises:
        CourseError: nothing there, an unknown class, or a test part without a train part.
    """
    parts = [part for part in ("train", "test") if (path / part).is_dir()]
    if parts == ["test"]:
        raise CourseError(
            f"{path} has a folder test, but no folder train.",
            cause="Expected train/<class>/ and test/<class>/.",
            next_step="add the folder train, or give a folder of class folders to be split.",
        )
    return {part: _classes_in(path / part) for part in parts or [""]}


def natural_key(name: str) -> tuple:
    """Sort key that puts 2.png before 10.png."""
    pieces = re.split(r"(\d+)", name)
    return [int(piece) if at % 2 else piece for at, piece in enumerate(pieces)], name


def _classes_in(folder: Path) -> list[tuple[int, Path]]:
    inside = sorted(entry for entry in folder.iterdir() if entry.is_dir() and _counts(entry.name))
    if not inside:
        raise CourseError(
            f"{folder} holds no class folders.",
            cause="Expected folders airplane … truck with JPEG or PNG files, or train/ and test/ with them.",
            next_step="give class folders, python batches, Kaggle's files or a .npz file.",
        )
    unknown = [entry.name for entry in inside if class_number(entry.name) is None]
    if unknown:
        raise CourseError(
            f"{folder} holds folders that are no class of CIFAR-10: {shortened(unknown, 'folders')}"
            f"{closest_class(unknown[0])}",
            cause=f"The classes are {', '.join(CLASS_NAMES)}.",
            next_step="rename or move these folders.",
        )
    return sorted((class_number(entry.name), entry) for entry in inside)


def _read_part(
    root: Path, part: str, folders: list[tuple[int, Path]]
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    files, labels, left_out = [], [], []
    for label, folder in folders:
        names = sorted((name for name in os.listdir(folder) if _counts(name)), key=natural_key)
        for name in names:
            if name.lower().endswith(SUFFIXES):
                files.append(folder / name)
                labels.append(label)
            else:
                left_out.append(f"{(folder / name).relative_to(root)} (neither JPEG nor PNG)")
    names = [str(file.relative_to(root)) for file in files]
    images, used, unreadable = decode_all(
        names, lambda at: files[at].read_bytes(), what=f"Reading {part or root.name}"
    )
    if not len(images):
        raise CourseError(
            f"{root / part} holds no picture that can be read.",
            cause=f"{len(left_out) + len(unreadable)} files there, none a readable JPEG or PNG.",
            next_step="check the folder.",
        )
    return images, np.array(labels, dtype=np.int64)[used], left_out + unreadable


def _counts(name: str) -> bool:
    """Hidden files and what systems leave behind are no part of a data set."""
    return not name.startswith((".", "__")) and name.lower() not in ("thumbs.db", "desktop.ini")
