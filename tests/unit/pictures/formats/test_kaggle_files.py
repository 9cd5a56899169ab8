from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from messages import is_refused
from sources_files import encoded, small_pictures, table_rows, write_kaggle, write_table

from course_utils.pictures.formats.kaggle_files import kaggle_facts, kaggle_folder, read_kaggle

PICTURES = small_pictures()
ROWS = table_rows(PICTURES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_kaggle(tmp_path / "kaggle", PICTURES, packed=False)


@pytest.mark.parametrize("packed", [False, True])
def test_pictures_come_in_the_order_of_their_numbers(tmp_path: Path, packed: bool) -> None:
    read = read_kaggle(write_kaggle(tmp_path, PICTURES, packed=packed))
    assert np.array_equal(read.train_images, PICTURES.train_images)
    assert np.array_equal(read.train_labels, PICTURES.train_labels)
    assert read.train_images.dtype == np.uint8
    assert read.train_labels.dtype == np.int64
    assert read.test_images is None


def test_the_files_are_found_by_folder_or_file(tmp_path: Path) -> None:
    folder = write_kaggle(tmp_path / "k", PICTURES, packed=True)
    assert kaggle_folder(folder) == folder
    assert kaggle_folder(folder / "train.7z") == folder
    assert kaggle_folder(folder / "trainLabels.csv") == folder
    assert kaggle_folder(tmp_path) is None


def test_a_bad_picture_is_left_out_and_named(folder: Path) -> None:
    (folder / "train" / "7.png").write_bytes(b"")
    read = read_kaggle(folder)
    assert np.array_equal(read.train_labels, np.delete(PICTURES.train_labels, 6))
    assert read.notes == ("1 left out: train/7.png (empty)",)


TABLES = {
    "no header": (ROWS, ["expected 'id,label'"]),
    "empty": ([""], ["is 'nothing'"]),
    "no rows": (["id,label"], ["no row"]),
    "text for a number": (["id,label", "one,cat", *ROWS[1:]], ["line 2", "one,cat"]),
    "a column too many": (["id,label", "1,cat,dog", *ROWS[1:]], ["line 2", "1,cat,dog"]),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_wrong_table_is_refused(folder: Path, case: str) -> None:
    (header, *rows), expected = TABLES[case]
    write_table(folder, rows, header=header)
    with is_refused("trainLabels.csv", *expected):
        read_kaggle(folder)


def test_a_table_that_is_no_text_is_refused(folder: Path) -> None:
    (folder / "trainLabels.csv").write_bytes(b"\xff\xfe\x00id")
    with is_refused("trainLabels.csv", "cannot be read as a table"):
        read_kaggle(folder)


def test_a_missing_table_is_named(folder: Path) -> None:
    (folder / "trainLabels.csv").unlink()
    with is_refused("trainLabels.csv is missing", str(folder)):
        read_kaggle(folder)


def test_missing_pictures_are_named(tmp_path: Path) -> None:
    write_table(tmp_path, ROWS)
    with is_refused("pictures are missing", "train.7z"):
        read_kaggle(tmp_path)


def test_a_bomb_is_refused_by_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_kaggle(tmp_path, PICTURES, packed=True)
    monkeypatch.setattr("course_utils.pictures.formats.seven_zip.LARGEST_UNPACKED", 50_000)
    with is_refused("train.7z is too large"):
        read_kaggle(tmp_path)


def test_other_members_are_not_taken(tmp_path: Path) -> None:
    write_kaggle(tmp_path, PICTURES, packed=True)
    with pytest.importorskip("py7zr").SevenZipFile(tmp_path / "train.7z", "a") as archive:
        for name in ("train/x.png", "train/61.txt", "other/61.png"):
            archive.writestr(b"something else", name)
    assert len(read_kaggle(tmp_path).train_images) == 60


def test_facts_change_with_a_picture(folder: Path) -> None:
    before = list(kaggle_facts(folder))
    (folder / "train" / "3.png").write_bytes(encoded(PICTURES.train_images[0]))
    assert list(kaggle_facts(folder)) != before
