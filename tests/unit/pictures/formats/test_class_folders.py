from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from sources_files import assert_says, both_sets, small_pictures, write_folder

from course_utils.errors import CourseError
from course_utils.pictures.formats.class_folders import class_folders, folder_facts, natural_key, read_folder

PICTURES = small_pictures()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "mine", PICTURES)


def test_every_picture_comes_with_its_label(folder: Path) -> None:
    read = read_folder(folder)
    assert both_sets(read) == both_sets(PICTURES)
    assert read.train_images.dtype == np.uint8
    assert read.train_labels.dtype == np.int64


def test_files_come_in_the_order_of_their_numbers() -> None:
    assert sorted(["10.png", "9.png", "b1.png", "1.png", "01.png"], key=natural_key) == [
        "01.png",
        "1.png",
        "9.png",
        "10.png",
        "b1.png",
    ]


def test_a_folder_without_parts_has_no_test_part(tmp_path: Path) -> None:
    read = read_folder(write_folder(tmp_path, PICTURES, parts=False))
    assert read.test_images is None
    assert len(read.train_images) == len(PICTURES.train_images)


def test_class_folders_in_capitals_are_known(folder: Path) -> None:
    (folder / "train" / "cat").rename(folder / "train" / "Cat")
    assert 3 in [label for label, _ in class_folders(folder)["train"]]


def test_a_test_part_alone_is_refused(folder: Path) -> None:
    shutil.rmtree(folder / "train")
    with pytest.raises(CourseError) as error:
        read_folder(folder)
    assert_says(error, "no folder train")


def test_facts_change_with_any_file(folder: Path) -> None:
    before = list(folder_facts(folder))
    assert list(folder_facts(folder)) == before
    file = next((folder / "test" / "ship").iterdir())
    os.utime(file, ns=(1, 1))
    assert list(folder_facts(folder)) != before
