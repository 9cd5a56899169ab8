"""A folder of class folders: train/<class>/*.jpg and test/<class>/*.jpg, or <class>/*.jpg to be split.

A part for validation joins train/: each lesson sets its own validation pictures aside.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from course_utils.errors import CourseError, shown
from course_utils.pictures.array_cache import listing_facts
from course_utils.pictures.formats.picture_files import (
    FROM_A_PHONE,
    PHONE_SUFFIXES,
    SUFFIXES,
    decode_all,
    left_out_note,
)
from course_utils.pictures.structure import (
    CLASS_NAMES,
    Pictures,
    check_several_classes,
    class_number,
    closest_class,
    shortened,
)

PARTS = dict.fromkeys(("train", "training", "val", "valid", "validation", "dev"), "train")
PARTS |= dict.fromkeys(("test", "testing"), "test")


def read_folder(path: Path) -> Pictures:
    """Read JPEG and PNG files from class folders.

    The pictures are ordered by class and then by the number in the file name, whatever the order on the disk.
    Files that cannot be read are left out and named in the notes.

    Raises:
        CourseError: no pictures, one class, an unknown class folder, or a picture that is not 32×32.
    """
    found = class_folders(path)
    parts, notes = [], [f"{part}/ counts as train" for part in _parts(path)["train"][1:]]
    for part, folders in found.items():
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
            yield from listing_facts(folder)


def class_folders(path: Path) -> dict[str, list[tuple[int, Path]]]:
    """Find the class folders of a folder.

    Returns:
        ``{"train": [(0, .../train/airplane), …], "test": […]}``, or ``{"": […]}`` for a folder without parts.

    Raises:
        CourseError: nothing there, an unknown class, or a test part without a train part.
    """
    parts = {part: names for part, names in _parts(path).items() if names}
    if parts and not any(name.lower().startswith("train") for name in parts.get("train", ())):
        raise CourseError(
            f"{path} has a folder {next(iter(parts.values()))[0]}, but no folder train.",
            cause="Expected train/<class>/ and test/<class>/.",
            next_step="add the folder train, or give a folder of class folders to be split.",
        )
    if not parts:
        return {"": _classes_in(path)}
    return {
        part: [pair for name in names for pair in _classes_in(path / name)] for part, names in parts.items()
    }


def is_part(name: str) -> bool:
    """Say whether a folder's name is that of a part, such as train or val, or of a class."""
    return name.lower() in PARTS or class_number(name) is not None


def _parts(path: Path) -> dict[str, list[str]]:
    """Return the folders of each part, in any case, train first."""
    names = sorted(entry.name for entry in path.iterdir() if entry.is_dir() and entry.name.lower() in PARTS)
    ordered = sorted(names, key=lambda name: not name.lower().startswith("train"))
    return {part: [name for name in ordered if PARTS[name.lower()] == part] for part in ("train", "test")}


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
    unknown = [shown(entry.name) for entry in inside if class_number(entry.name) is None]
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
    files: list[Path] = []
    labels: list[int] = []
    places = sorted({folder.parent for _, folder in folders})
    left_out = [
        f"{_shown(root, file)} (in no class folder)" for place in places for file in _loose_pictures(place)
    ]
    for label, folder in folders:
        for name in sorted((name for name in os.listdir(folder) if _counts(name)), key=natural_key):
            file = folder / name
            if name.lower().endswith(SUFFIXES):
                files.append(file)
                labels.append(label)
            else:
                why = FROM_A_PHONE if name.lower().endswith(PHONE_SUFFIXES) else "neither JPEG nor PNG"
                why = "a folder" if file.is_dir() else why
                left_out.append(f"{_shown(root, file)} ({why})")
    names = [str(file.relative_to(root)) for file in files]
    images, used, unreadable = decode_all(names, enumerate(files), what=f"Reading {part or root.name}")
    left_out += unreadable
    if not len(images):
        found = f"{len(left_out):,} files there" if left_out else "There is no file"
        raise CourseError(
            f"{root / part} holds no picture that can be read.",
            cause=f"{found}{': ' + shortened(left_out, 'files', limit=3) if left_out else ''}.",
            next_step="check the folder.",
        )
    return images, np.array(labels, dtype=np.int64)[used], left_out


def _loose_pictures(folder: Path) -> list[Path]:
    """Return pictures that lie beside the class folders, so that nothing says what they show."""
    names = (name for name in os.listdir(folder) if _counts(name) and name.lower().endswith(SUFFIXES))
    return [folder / name for name in sorted(names, key=natural_key)]


def _shown(root: Path, file: Path) -> str:
    return shown(str(file.relative_to(root)), limit=100)


def _counts(name: str) -> bool:
    """Hidden files and what systems leave behind are no part of a data set."""
    return not name.startswith((".", "__")) and name.lower() not in ("thumbs.db", "desktop.ini")
