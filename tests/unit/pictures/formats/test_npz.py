from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from messages import is_refused
from sources_files import small_pictures, write_npz

from course_utils.pictures.formats.npz import read_npz

PICTURES = small_pictures()
X, Y = PICTURES.train_images, PICTURES.train_labels


@pytest.mark.parametrize("labels", [Y[:, None], Y.astype(np.uint8), Y[:, None].astype(np.int32)])
def test_labels_of_any_integer_type_become_int64(tmp_path: Path, labels: np.ndarray) -> None:
    read = read_npz(write_npz(tmp_path / "a.npz", PICTURES, y_train=labels))
    assert read.train_labels.dtype == np.int64
    assert np.array_equal(read.train_labels, Y)


WRONG = {
    "no pictures": ({"x_train": X[:0], "y_train": Y[:0]}, ["no picture"]),
    "label -1": ({"y_train": Y - 1}, ["outside 0–9", "the first is -1"]),
    "no labels": ({"y_train": None}, ["no y_train", "found x_test, x_train, y_test"]),
    "half a test part": ({"y_test": None}, ["no y_test"]),
    "other names": ({"x_train": None, "y_train": None}, ["no x_train and no y_train"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arrays_are_refused(tmp_path: Path, case: str) -> None:
    changed, expected = WRONG[case]
    path = write_npz(tmp_path / "a.npz", PICTURES, **changed)
    with is_refused("a.npz", *expected):
        read_npz(path)


def test_arrays_in_fortran_order_are_read(tmp_path: Path) -> None:
    read = read_npz(write_npz(tmp_path / "a.npz", PICTURES, x_train=np.asfortranarray(X)))
    assert np.array_equal(read.train_images, X)
    assert read.train_images.flags.c_contiguous
