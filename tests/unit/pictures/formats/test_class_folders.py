from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from messages import is_refused
from sources_files import small_pictures, write_folder

from course_utils.pictures.formats.class_folders import folder_facts, natural_key, read_folder

PICTURES = small_pictures()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "mine", PICTURES)


def test_files_come_in_the_order_of_their_numbers() -> None:
    in_order = ["01.png", "1.png", "9.png", "10.png", "b1.png"]
    assert sorted(["10.png", "9.png", "b1.png", "1.png", "01.png"], key=natural_key) == in_order


def test_a_test_part_alone_is_refused(folder: Path) -> None:
    shutil.rmtree(folder / "train")
    with is_refused("no folder train"):
        read_folder(folder)


def test_facts_change_with_any_file(folder: Path) -> None:
    (folder / "test" / "ship" / "link.png").symlink_to("nowhere")
    before = list(folder_facts(folder))
    assert list(folder_facts(folder)) == before
    file = next(file for file in (folder / "test" / "ship").iterdir() if file.exists())
    os.utime(file, ns=(1, 1))
    assert list(folder_facts(folder)) != before
