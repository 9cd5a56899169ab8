from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sources_files import assert_says, small_pictures, write_npz

from course_utils.errors import CourseError
from course_utils.pictures.formats import npz
from course_utils.pictures.formats.npz import read_npz

PICTURES = small_pictures()
X, Y = PICTURES.train_images, PICTURES.train_labels


def test_arrays_come_back(tmp_path: Path) -> None:
    read = read_npz(write_npz(tmp_path / "a.npz", PICTURES))
    assert np.array_equal(read.train_images, X)
    assert np.array_equal(read.test_labels, PICTURES.test_labels)


@pytest.mark.parametrize("labels", [Y[:, None], Y.astype(np.uint8), Y[:, None].astype(np.int32)])
def test_labels_of_any_integer_type_become_int64(tmp_path: Path, labels: np.ndarray) -> None:
    read = read_npz(write_npz(tmp_path / "a.npz", PICTURES, y_train=labels))
    assert read.train_labels.dtype == np.int64
    assert np.array_equal(read.train_labels, Y)


def test_a_file_without_a_test_part(tmp_path: Path) -> None:
    assert read_npz(write_npz(tmp_path / "a.npz", PICTURES, x_test=None, y_test=None)).test_images is None


WRONG = {
    "float pixels": ({"x_train": X / 255}, ["x_train of a.npz", "float64", "uint8"]),
    "channels first": ({"x_train": X.transpose(0, 3, 1, 2)}, ["(60, 3, 32, 32)", "transpose(0, 2, 3, 1)"]),
    "another size": ({"x_train": np.zeros((60, 28, 28, 3), np.uint8)}, ["(60, 28, 28, 3)", "32, 32, 3"]),
    "no pictures": ({"x_train": X[:0], "y_train": Y[:0]}, ["no picture"]),
    "rows unlike labels": ({"y_train": Y[:-1]}, ["y_train of a.npz", "(59,)", "60 pictures"]),
    "label 10": ({"y_train": np.where(np.arange(60) == 7, 10, Y)}, ["outside 0–9", "is 10 at row 7"]),
    "label -1": ({"y_train": Y - 1}, ["outside 0–9", "the first is -1"]),
    "float labels": ({"y_train": Y.astype(float)}, ["y_train of a.npz", "float64", "whole numbers"]),
    "one-hot labels": ({"y_train": np.eye(10, dtype=int)[Y]}, ["(60, 10)"]),
    "no labels": ({"y_train": None}, ["no y_train", "found x_test, x_train, y_test"]),
    "half a test part": ({"y_test": None}, ["no y_test"]),
    "objects": ({"y_train": np.array([object()] * 60)}, ["objects"]),
    "other names": ({"x_train": None, "y_train": None}, ["no x_train and no y_train"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arrays_are_refused(tmp_path: Path, case: str) -> None:
    changed, expected = WRONG[case]
    path = write_npz(tmp_path / "a.npz", PICTURES, **changed)
    with pytest.raises(CourseError) as error:
        read_npz(path)
    assert_says(error, "a.npz", *expected)


def test_objects_are_not_unpickled(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    evil = np.array([_Evil(canary)] * 60, dtype=object)
    path = write_npz(tmp_path / "a.npz", PICTURES, x_train=evil)
    with pytest.raises(CourseError):
        read_npz(path)
    assert not canary.exists()


@pytest.mark.parametrize("keep", [0, 100, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path: Path, keep: float) -> None:
    path = write_npz(tmp_path / "a.npz", PICTURES)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(keep * len(raw)) if keep < 1 else int(keep)])
    with pytest.raises(CourseError) as error:
        read_npz(path)
    assert_says(error, "a.npz", "damaged")


def test_changed_bytes_are_found(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "a.npz", PICTURES)
    raw = bytearray(path.read_bytes())
    raw[5000] ^= 255
    path.write_bytes(raw)
    with pytest.raises(CourseError) as error:
        read_npz(path)
    assert_says(error, "a.npz", "damaged")


def test_a_bomb_is_refused_by_its_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x_train=np.zeros((2000, 32, 32, 3), np.uint8), y_train=np.zeros(2000, int))
    monkeypatch.setattr(npz, "LARGEST_UNPACKED", 1_000_000)
    monkeypatch.setattr(npz.npy, "read_array", lambda *a, **k: pytest.fail("unpacked"))
    with pytest.raises(CourseError) as error:
        read_npz(path)
    assert_says(error, "x_train of a.npz is too large", "unpack to 6 MB", "limit is 1 MB")


def test_arrays_in_fortran_order_are_read(tmp_path: Path) -> None:
    read = read_npz(write_npz(tmp_path / "a.npz", PICTURES, x_train=np.asfortranarray(X)))
    assert np.array_equal(read.train_images, X)
    assert read.train_images.flags.c_contiguous


class _Evil:
    def __init__(self, canary: Path):
        self.canary = canary

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.canary,))
