from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sources_files import assert_says, encoded, small_pictures, table_rows, write_kaggle, write_table

from course_utils.errors import CourseError
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


def test_the_order_of_the_table_does_not_matter(folder: Path) -> None:
    write_table(folder, ROWS[::-1])
    assert np.array_equal(read_kaggle(folder).train_labels, PICTURES.train_labels)


def test_unpacking_writes_nothing(tmp_path: Path) -> None:
    folder = write_kaggle(tmp_path, PICTURES, packed=True)
    read_kaggle(folder)
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["train.7z", "trainLabels.csv"]


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
    with pytest.raises(CourseError) as error:
        read_kaggle(folder)
    assert_says(error, "trainLabels.csv", *expected)


def test_a_table_that_is_no_text_is_refused(folder: Path) -> None:
    (folder / "trainLabels.csv").write_bytes(b"\xff\xfe\x00id")
    with pytest.raises(CourseError) as error:
        read_kaggle(folder)
    assert_says(error, "trainLabels.csv", "cannot be read as a table")


def test_a_missing_table_is_named(folder: Path) -> None:
    (folder / "trainLabels.csv").unlink()
    with pytest.raises(CourseError) as error:
        read_kaggle(folder)
    assert_says(error, "trainLabels.csv is missing", str(folder))


def test_missing_pictures_are_named(tmp_path: Path) -> None:
    write_table(tmp_path, ROWS)
    with pytest.raises(CourseError) as error:
        read_kaggle(tmp_path)
    assert_says(error, "pictures are missing", "train.7z")


@pytest.mark.parametrize("keep", [0, 0.6])
def test_a_truncated_archive_is_refused(tmp_path: Path, keep: float) -> None:
    path = write_kaggle(tmp_path, PICTURES, packed=True) / "train.7z"
    raw = path.read_bytes()
    path.write_bytes(raw[: int(keep * len(raw))])
    with pytest.raises(CourseError) as error:
        read_kaggle(tmp_path)
    assert_says(error, "train.7z", "damaged")


def test_a_bomb_is_refused_by_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_kaggle(tmp_path, PICTURES, packed=True)
    monkeypatch.setattr("course_utils.pictures.formats.seven_zip.LARGEST_UNPACKED", 50_000)
    with pytest.raises(CourseError) as error:
        read_kaggle(tmp_path)
    assert_says(error, "train.7z is too large")


def test_other_members_are_not_taken(tmp_path: Path) -> None:
    py7zr = pytest.importorskip("py7zr")
    write_table(tmp_path, ROWS)
    with py7zr.SevenZipFile(tmp_path / "train.7z", "w") as archive:
        for number, image in enumerate(PICTURES.train_images, 1):
            archive.writestr(encoded(image), f"train/{number}.png")
        for name in ("train/x.png", "train/61.txt", "other/61.png"):
            archive.writestr(b"something else", name)
    assert len(read_kaggle(tmp_path).train_images) == 60


def test_facts_change_with_a_picture(folder: Path) -> None:
    before = list(kaggle_facts(folder))
    (folder / "train" / "3.png").write_bytes(encoded(PICTURES.train_images[0]))
    assert list(kaggle_facts(folder)) != before
