from __future__ import annotations

import io
import os
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sources_files import assert_says, both_sets, encoded, small_pictures, write_folder

from course_utils.errors import CourseError
from course_utils.pictures.formats.class_folders import class_folders, folder_facts, natural_key, read_folder
from course_utils.pictures.formats.picture_files import decode

PICTURES = small_pictures()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "mine", PICTURES)


def test_every_picture_comes_with_its_label(folder: Path) -> None:
    read = read_folder(folder)
    assert both_sets(read) == both_sets(PICTURES)
    assert read.train_images.dtype == np.uint8
    assert read.train_labels.dtype == np.int64


def test_the_order_on_the_disk_does_not_matter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_folder(folder)
    listdir = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: listdir(path)[::-1])
    after = read_folder(folder)
    assert np.array_equal(before.train_images, after.train_images)
    assert np.array_equal(before.train_labels, after.train_labels)


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


def test_bad_files_are_counted_and_named_and_the_others_used(folder: Path) -> None:
    cat = folder / "train" / "cat"
    (cat / "zero.png").write_bytes(b"")
    (cat / "cut.png").write_bytes(encoded(PICTURES.train_images[0])[:200])
    (cat / "page.jpg").write_text("<html>log in</html>")
    (cat / "moving.gif").write_bytes(encoded(PICTURES.train_images[0], "GIF"))
    (cat / "disguised.png").write_bytes(encoded(PICTURES.train_images[0], "GIF"))
    (cat / "list.txt").write_text("cats")
    (cat / ".DS_Store").write_bytes(b"\0")
    read = read_folder(folder)
    assert len(read.train_images) == len(PICTURES.train_images)
    (note,) = read.notes
    assert note.startswith("6 left out: ")
    assert "moving.gif (neither JPEG nor PNG)" in note
    assert "train/cat/cut.png (damaged)" in note
    assert note.count(".gif") + note.count("cat/") == 6, "five files are named, the GIF counts twice"
    assert ".DS_Store" not in note


@pytest.mark.parametrize("mode", ["RGBA", "L", "LA", "P", "1", "CMYK", "I;16"])
def test_other_modes_become_rgb(mode: str) -> None:
    grey = np.full((32, 32), 200, np.uint8)
    picture = (
        Image.fromarray(grey.astype(np.uint16) * 256)
        if mode == "I;16"
        else Image.fromarray(np.stack([grey] * 3, axis=2)).convert(mode, palette=Image.Palette.ADAPTIVE)
    )
    raw = _saved(picture, "JPEG" if mode == "CMYK" else "PNG")
    decoded = decode(raw, "picture")
    assert decoded.shape == (32, 32, 3)
    assert decoded.dtype == np.uint8
    if mode != "1":  # black and white only: the grey is gone
        assert abs(int(decoded[5, 5, 1]) - 200) <= 3


def test_a_picture_of_another_size_is_named(folder: Path) -> None:
    Image.new("RGB", (64, 48)).save(folder / "train" / "dog" / "large.png")
    with pytest.raises(CourseError) as error:
        read_folder(folder)
    assert_says(error, "train/dog/large.png", "64×48", "32×32")


def test_a_huge_picture_is_refused_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "huge.png").write_bytes(_png_header(30_000, 30_000))
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(CourseError) as error:
        decode((tmp_path / "huge.png").read_bytes(), "huge.png")
    assert_says(error, "huge.png", "30,000×30,000")


def test_an_unknown_class_is_named_with_a_guess(folder: Path) -> None:
    (folder / "train" / "truck").rename(folder / "train" / "trucks")
    with pytest.raises(CourseError) as error:
        read_folder(folder)
    assert_says(error, "trucks", "did you mean truck?", "airplane, automobile")


def test_one_class_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, PICTURES, parts=False)
    for name in os.listdir(tmp_path):
        if name != "frog":
            shutil.rmtree(tmp_path / name)
    with pytest.raises(CourseError) as error:
        read_folder(tmp_path)
    assert_says(error, "one class only: frog")


def test_a_folder_without_class_folders_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(CourseError) as error:
        read_folder(tmp_path)
    assert_says(error, str(tmp_path), "no class folders")


def test_class_folders_without_pictures_are_refused(folder: Path) -> None:
    for name in os.listdir(folder / "test"):
        for file in (folder / "test" / name).iterdir():
            file.unlink()
    with pytest.raises(CourseError) as error:
        read_folder(folder)
    assert_says(error, "test", "no picture that can be read")


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


def _png_header(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + header
        + struct.pack(">I", zlib.crc32(header))
        + b"\0\0\0\0IDAT\x35\xaf\x06\x1e"
    )


def _saved(picture: Image.Image, kind: str) -> bytes:

    buffer = io.BytesIO()
    picture.save(buffer, kind, **({"quality": 95} if kind == "JPEG" else {}))
    return buffer.getvalue()
