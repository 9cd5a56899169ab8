"""A .npz file with x_train, y_train and, if there is a test part, x_test, y_test."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from course_utils.errors import CourseError, first_line, shown
from course_utils.pictures.formats.archives import LARGEST_UNPACKED, BoundedReads, check_unpacked_size
from course_utils.pictures.structure import Pictures, check_images, check_labels, check_pixel_order, shortened

LARGEST_HEADER = 64 * 1024  # of an array; numpy's own have 128 bytes
LARGEST_READ = 1024**2  # of the file: numpy reads less at once, and its list of members is smaller


def read_npz(path: Path) -> Pictures:
    """Read a .npz file. Nothing in it is executed: arrays of objects are refused.

    What an array's header says is checked before its numbers are unpacked.

    Args:
        path: of the file. x_train, x_test: uint8 (n, 32, 32, 3). y_train, y_test: integers 0–9, (n,) or
            (n, 1).

    Raises:
        CourseError: the file is damaged or too large, an array is missing, or has another dtype, shape or
            range.
    """
    try:
        with path.open("rb") as file:
            bounded = BoundedReads(file, path.name, each=LARGEST_READ)
            with zipfile.ZipFile(bounded) as archive:
                return _read_parts(path.name, archive)
    except (CourseError, PermissionError):
        raise
    except Exception as error:  # zipfile and numpy pass on what a damaged file makes their parsers raise
        raise CourseError(
            f"{path.name} cannot be read as a .npz file.",
            cause=f"It is damaged or not complete ({first_line(error)}).",
            next_step="make or copy the file again.",
        ) from error


def _read_parts(name: str, archive: zipfile.ZipFile) -> Pictures:
    found = sorted(member.removesuffix(".npy") for member in archive.namelist() if member.endswith(".npy"))
    wanted = ["x_train", "y_train"]
    if {"x_test", "y_test"} & set(found):
        wanted += ["x_test", "y_test"]
    missing = [key for key in wanted if key not in found]
    if missing:
        there = shortened([shown(key) for key in found], "arrays") or "nothing"
        raise CourseError(
            f"{name} has no {' and no '.join(missing)}.",
            cause=f"Expected x_train, y_train, x_test, y_test; found {there}.",
            next_step="save the arrays under these names.",
        )
    parts: list[np.ndarray] = []
    for images_key, labels_key in zip(wanted[::2], wanted[1::2], strict=True):
        parts += _read_part(name, archive, images_key, labels_key)
    others = [shown(key) for key in found if key not in wanted]
    return Pictures(*parts, notes=(f"not read: {shortened(others, 'arrays')}",) if others else ())


def _read_part(
    name: str, archive: zipfile.ZipFile, images_key: str, labels_key: str
) -> tuple[np.ndarray, np.ndarray]:
    images_name, labels_name = f"{images_key} of {name}", f"{labels_key} of {name}"
    announced = check_images(images_name, _announced(archive, images_key, images_name))
    check_labels(labels_name, _announced(archive, labels_key, labels_name), len(announced))
    images = np.ascontiguousarray(_read(archive, images_key))
    check_pixel_order(images_name, images, colours_together=True)
    return images, check_labels(labels_name, _read(archive, labels_key), len(images))


def _announced(archive: zipfile.ZipFile, key: str, name: str) -> np.ndarray:
    """Return an array of zeros with the dtype and the shape of a member's header; it takes no memory."""
    member = archive.getinfo(f"{key}.npy")
    with archive.open(member) as packed:
        file = BoundedReads(packed, name, each=LARGEST_HEADER)
        version = npy.read_magic(file)
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read_header(file)
        begins = file.tell()
    if dtype.hasobject:
        raise CourseError(
            f"{name} holds Python objects.",
            cause="Only plain numbers are read, because objects can run code. Nothing was executed.",
            next_step="save x_train, x_test as uint8 and y_train, y_test as integers.",
        )
    array = np.broadcast_to(np.zeros((), dtype), shape)
    check_unpacked_size(name, array.size * dtype.itemsize, LARGEST_UNPACKED)
    if member.file_size != begins + array.size * dtype.itemsize:
        raise ValueError(f"{key}.npy has {member.file_size:,} bytes, which does not fit its header")
    return array


def _read(archive: zipfile.ZipFile, key: str) -> np.ndarray:
    with archive.open(f"{key}.npy") as file:
        array = npy.read_array(file, allow_pickle=False)
        file.read(1)  # to the end: there the check sum is compared
    return array
