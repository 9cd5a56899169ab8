"""A .npz file with x_train, y_train and, if there is a test part, x_test, y_test."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from course_utils.errors import CourseError
from course_utils.sources.structure import Pictures, check_images, check_labels, first_line

LARGEST_BYTES = 2 * 1024**3  # twelve times CIFAR-10: anything larger is something else


def read_npz(path: Path) -> Pictures:
    """Read a .npz file. Nothing in it is executed: arrays of objects are refused.

    Args:
        path: of the file. x_train, x_test: uint8 (n, 32, 32, 3). y_train, y_test: integers 0–9, (n,) or
            (n, 1).

    Raises:
        CourseError: the file is damaged or too large, an array is missing, or has another dtype, shape or
            range.
    """
    try:
        _check_size(path)
        with np.load(path, allow_pickle=False) as arrays:
            return _read_parts(path.name, arrays)
    except CourseError:
        raise
    except ValueError as error:
        raise CourseError(
            f"{path.name} holds arrays of Python objects.",
            cause=f"Only plain numbers are read, because objects can run code ({first_line(error)}).",
            next_step="save x_train, x_test as uint8 and y_train, y_test as integers.",
        ) from error
    except (OSError, EOFError, zipfile.BadZipFile, zipfile.zlib.error) as error:
        raise CourseError(
            f"{path.name} cannot be read as a .npz file.",
            cause=f"It is damaged or not complete ({first_line(error)}).",
            next_step="make or copy the file again.",
        ) from error


def _check_size(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > LARGEST_BYTES:
        raise CourseError(
            f"{path.name} would need {size / 1e9:.1f} GB of memory.",
            cause=f"The limit is {LARGEST_BYTES / 1e9:.1f} GB; CIFAR-10 needs 0.2 GB.",
            next_step="check that this is the right file.",
        )


def _read_parts(name: str, arrays: np.lib.npyio.NpzFile) -> Pictures:
    found = sorted(arrays.files)
    wanted = ["x_train", "y_train"]
    if {"x_test", "y_test"} & set(found):
        wanted += ["x_test", "y_test"]
    missing = [key for key in wanted if key not in found]
    if missing:
        raise CourseError(
            f"{name} has no {' and no '.join(missing)}.",
            cause=f"Expected x_train, y_train, x_test, y_test; found {', '.join(found) or 'nothing'}.",
            next_step="save the arrays under these names.",
        )
    parts = []
    for images_key, labels_key in zip(wanted[::2], wanted[1::2], strict=True):
        images = check_images(f"{images_key} of {name}", arrays[images_key])
        parts += [images, check_labels(f"{labels_key} of {name}", arrays[labels_key], len(images))]
    return Pictures(*parts)
