"""A folder of anybody's photos becomes arrays, and what cannot be read is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from course_utils.errors import CourseError
from course_utils.own_pictures import LEAST, draw_shapes, load_pictures


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Return a folder with two classes of the fewest pictures: names with spaces, and of other letters."""
    for name, color in (("my cat", "red"), ("Hündin", "blue")):
        (tmp_path / name).mkdir()
        for number in range(LEAST):
            Image.new("RGB", (40 + number, 30), color).save(tmp_path / name / f"{number}.png")
    return tmp_path


def test_classes_are_the_folders_and_pictures_become_squares(photos: Path, capsys):
    own = load_pictures(photos, size=24)

    assert own.class_names == ("Hündin", "my cat")
    assert (own.images.shape, own.images.dtype) == ((2 * LEAST, 24, 24, 3), np.uint8)
    assert own.labels.tolist() == [0] * LEAST + [1] * LEAST
    assert (own.images[own.labels == 1] == (255, 0, 0)).all()
    assert own.left_out == {}
    assert capsys.readouterr().out == "10 pictures of 2 classes: 5 Hündin, 5 my cat.\n"


# Pictures of any mode: tests/unit/test_predict.py. They come by the same way, which turns them.


def test_a_photo_that_lies_on_its_side_is_turned(photos: Path):
    lying = Image.new("RGB", (60, 60), "black")
    lying.paste("white", (0, 0, 30, 60))  # its left half, which is the top once it is turned
    exif = Image.Exif()
    exif[0x0112] = 6
    lying.save(photos / "Hündin" / "0.jpg", exif=exif, quality=95)

    first = load_pictures(photos, size=20).images[0]

    assert first[:8].min() > 200
    assert first[12:].max() < 50


def test_what_is_no_picture_is_left_out_and_named(photos: Path, capsys):
    (photos / "my cat" / "notes.txt").write_text("feed it")
    (photos / "my cat" / ".DS_Store").write_bytes(b"\0")
    (photos / "__MACOSX").mkdir()
    whole = (photos / "my cat" / "0.png").read_bytes()
    (photos / "my cat" / "cut.png").write_bytes(whole[:40])

    own = load_pictures(photos)

    assert set(own.left_out) == {str(Path("my cat") / "notes.txt"), str(Path("my cat") / "cut.png")}
    assert "notes.txt" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("take_away", "words"),
    [
        (["my cat/0.png"], "found 5 Hündin, 4 my cat. Left out: nothing."),
        ([f"my cat/{number}.png" for number in range(LEAST)], "found 5 Hündin, 0 my cat."),
    ],
)
def test_a_class_of_too_few_pictures_is_refused(photos: Path, take_away: list[str], words: str):
    for name in take_away:
        (photos / name).unlink()
    with pytest.raises(CourseError, match="holds too few pictures") as error:
        load_pictures(photos)
    assert words in str(error.value)


def test_a_folder_without_classes_is_refused(photos: Path):
    with pytest.raises(CourseError, match=r"Expected two sub-folders or more.*found none"):
        load_pictures(photos / "my cat")
    with pytest.raises(CourseError, match="No folder lies there"):
        load_pictures(photos / "cats")
    with pytest.raises(CourseError, match="A file lies there"):
        load_pictures(photos / "my cat" / "0.png")


@pytest.mark.parametrize("size", [0, -1, "96", 96.0, True, None])
def test_a_size_that_is_none_is_refused(photos: Path, size: object):
    with pytest.raises(CourseError, match="whole number of pixels"):
        load_pictures(photos, size=size)


def test_drawn_shapes_are_the_same_for_a_seed_and_can_be_loaded(tmp_path: Path):
    one, same, other = (
        load_pictures(draw_shapes(tmp_path / name, per_class=LEAST, seed=seed))
        for name, seed in (("one", 0), ("same", 0), ("other", 1))
    )
    assert one.class_names == ("circle", "square", "triangle")
    assert np.array_equal(one.images, same.images)
    assert not np.array_equal(one.images, other.images)
