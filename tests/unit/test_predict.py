"""Any picture goes in: every mode of Pillow that occurs, turned, tiny, huge, and damaged ones named."""

from __future__ import annotations

import io
import os
import re
import zlib

import numpy as np
import pytest
from messages import message_of
from PIL import Image, ImageFile
from sources_files import png_of

from course_utils.cifar10 import CLASS_NAMES
from course_utils.errors import CourseError
from course_utils.pictures.formats import one_picture
from course_utils.pictures.formats.picture_files import decode
from course_utils.predict import as_rgb, predict_image

RED = (200, 30, 10)
ENDS = ["logits", "softmax", "half precision"]


@pytest.fixture(scope="module")
def models():
    """Networks that add up red for class 0, green for 1, blue for 2: with logits, and with a softmax."""
    import keras

    kernel = np.zeros((3, 10), "float32")
    kernel[[0, 1, 2], [0, 1, 2]] = 2 / 255
    built = {}
    for end in ENDS:
        inputs = keras.Input((32, 24, 3), dtype="uint8")
        pooled = keras.layers.GlobalAveragePooling2D()(keras.ops.cast(inputs, "float32"))
        dense = keras.layers.Dense(10)
        answer = dense(pooled)
        if end != "logits":
            answer = keras.layers.Softmax()(answer)
        if end == "half precision":
            answer = keras.ops.cast(answer, "float16")
        built[end] = keras.Model(inputs, answer)
        dense.set_weights([kernel, np.zeros(10)])
    return built


@pytest.fixture
def echo():
    """A model that only needs to exist: tells what it saw, answers class 3."""

    class Echo:
        name, input_shape, seen = "echo", (None, 32, 24, 3), None

        def predict_on_batch(self, pixels):
            self.seen = pixels
            return np.eye(10, dtype="float32")[[3]]

    return Echo()


def colour(image) -> list[int]:
    return np.asarray(as_rgb(image)).reshape(-1, 3)[0].tolist()


@pytest.mark.parametrize("end", ENDS)
def test_logits_and_softmax_give_the_same_probabilities(models, end):
    prediction = predict_image(models[end], Image.new("RGB", (32, 32), (0, 255, 0)))
    expected = np.exp([0, 2, 0, 0, 0, 0, 0, 0, 0, 0]) / (np.e**2 + 9)
    close = 1e-3 if end == "half precision" else 1e-5
    assert prediction.label == "automobile"
    assert prediction.probability == pytest.approx(np.e**2 / (np.e**2 + 9), abs=close)
    assert list(prediction.probabilities) == list(CLASS_NAMES)
    assert list(prediction.probabilities.values()) == pytest.approx(expected.tolist(), abs=close)


def test_model_sees_uint8_of_its_own_size(echo):
    prediction = predict_image(echo, Image.new("RGB", (200, 100), RED))
    assert (echo.seen.shape, echo.seen.dtype) == ((1, 32, 24, 3), "uint8")
    assert np.array_equal(prediction.image, echo.seen[0])
    assert (prediction.label, prediction.probability) == ("cat", 1.0)
    assert {type(value) for value in prediction.probabilities.values()} == {float}


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (300, 2), (24, 32), (1000, 700)])
def test_any_size(echo, size):
    predict_image(echo, Image.new("RGB", size, RED))
    assert np.array_equal(echo.seen, np.broadcast_to(np.uint8(RED), (1, 32, 24, 3)))


def test_the_middle_is_cut_out(echo):
    picture = np.zeros((32, 96, 3), "uint8")
    picture[:, 36:60] = 255
    predict_image(echo, picture)
    assert echo.seen.min() > 250


def test_a_picture_of_the_models_size_stays_as_it_is(echo):
    picture = np.random.default_rng(0).integers(0, 256, (32, 24, 3), dtype="uint8")
    predict_image(echo, picture)
    assert np.array_equal(echo.seen[0], picture)


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("RGB", RED, [200, 30, 10]),
        ("L", 120, [120, 120, 120]),
        ("1", 1, [255, 255, 255]),
        ("RGBA", (*RED, 255), [200, 30, 10]),
        ("RGBA", (*RED, 0), [255, 255, 255]),
        ("RGBA", (0, 0, 0, 51), [204, 204, 204]),
        ("LA", (100, 0), [255, 255, 255]),
        ("CMYK", (0, 255, 255, 0), [255, 0, 0]),
        ("YCbCr", (255, 128, 128), [255, 255, 255]),
        ("HSV", (0, 255, 255), [255, 0, 0]),
        ("I;16", 128 * 256 + 7, [128, 128, 128]),
        ("I", 65_535, [255, 255, 255]),
    ],
)
def test_modes(mode, value, expected):
    assert colour(Image.new(mode, (4, 4), value)) == expected


def test_palette_with_and_without_transparency(tmp_path):
    picture = Image.new("P", (4, 4), 1)
    picture.putpalette([0, 0, 0, *RED])
    assert colour(picture) == list(RED)
    picture.save(tmp_path / "p.png", transparency=1)
    assert colour(tmp_path / "p.png") == [255, 255, 255]
    picture.save(tmp_path / "p.gif")
    assert colour(tmp_path / "p.gif") == list(RED)


def test_transparent_colour_of_an_rgb_file(tmp_path):
    Image.new("RGB", (4, 4), RED).save(tmp_path / "a.png", transparency=RED)
    assert colour(tmp_path / "a.png") == [255, 255, 255]


@pytest.mark.parametrize("level", [0, 77, 255])
def test_file_of_16_bit_grey_is_scaled_not_clipped(tmp_path, level):
    Image.fromarray(np.full((4, 4), level * 257, "uint16")).save(tmp_path / "a.png")
    assert colour(tmp_path / "a.png") == [level] * 3


def test_turned_as_the_camera_says(tmp_path):
    picture = np.zeros((8, 16, 3), "uint8")
    picture[:, :8] = 255  # left half white
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it a quarter turn clockwise
    Image.fromarray(picture).save(tmp_path / "a.png", exif=exif)
    turned = np.asarray(as_rgb(tmp_path / "a.png"))
    assert turned.shape == (16, 8, 3)
    assert turned[:8].min() == 255
    assert turned[8:].max() == 0


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 3), (4, 5, 4)])
def test_arrays(shape):
    assert as_rgb(np.full(shape, 255, "uint8")).size == (5, 4)
    assert colour(np.full(shape, 255, "uint8")) == [255, 255, 255]


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((32, 32, 3), "float32"),
        np.zeros((32, 32)),
        np.zeros((32, 32), "uint16"),
        np.zeros((1, 32, 32, 3), "uint8"),
        np.zeros((32, 32, 2), "uint8"),
        np.zeros(3072, "uint8"),
        np.zeros((0, 32, 3), "uint8"),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_arrays_that_are_no_picture(array):
    assert f"{array.dtype} {array.shape}" in message_of(as_rgb, array)


def transparent(mode: str) -> Image.Image:
    grey = np.full((32, 32), 120, "uint8")
    alpha = np.zeros((32, 32), "uint8")
    alpha[8:24, 8:24] = 255
    hidden = np.where(alpha > 0, grey, 0).astype("uint8")
    if mode == "LA":
        return Image.fromarray(np.dstack([hidden, alpha]))
    picture = Image.fromarray(np.dstack([hidden, hidden, hidden, alpha]))
    return picture.quantize(4, method=2) if mode == "P" else picture


@pytest.mark.parametrize("orientation", [None, 3, 6])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "I;16", "L"])
def test_training_and_predict_image_see_the_same_pixels(tmp_path, mode, orientation):
    steps = np.tile(np.arange(32, dtype="uint16" if mode == "I;16" else "uint8"), (32, 1))
    opaque = Image.fromarray(steps * (2048 if mode == "I;16" else 8))
    picture = transparent(mode) if mode in ("RGBA", "LA", "P") else opaque
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    picture.save(tmp_path / "a.png", exif=exif)
    raw = (tmp_path / "a.png").read_bytes()
    shown = np.asarray(as_rgb(tmp_path / "a.png"))
    assert np.array_equal(decode(raw, "a.png"), shown)
    assert np.array_equal(np.asarray(as_rgb(raw)), shown)
    with (tmp_path / "a.png").open("rb") as file:
        assert np.array_equal(np.asarray(as_rgb(file)), shown)
    assert shown.std() > 0


def test_a_broken_exif_part_changes_nothing(tmp_path):
    broken = b"Exif\0\0II*\0\xff\xff\xff\xff"
    Image.new("RGB", (32, 32), RED).save(tmp_path / "a.jpg", exif=broken, quality=100)
    assert np.abs(np.subtract(colour(tmp_path / "a.jpg"), RED)).max() <= 3


def test_a_picture_in_the_home_folder(tmp_path, monkeypatch):
    Image.new("RGB", (4, 4), RED).save(tmp_path / "a.png")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert colour("~/a.png") == list(RED)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (np.full((4, 4), 0.5, "float32"), "made of fractions: save it with 8 bits a colour"),
        (np.full((4, 4), 200, "int32"), "grey of 32 bits: save it with 8 or 16"),
        (np.full((4, 4), 2**20, "int32"), "grey of 32 bits: save it with 8 or 16"),
        (np.full((4, 4), -1, "int32"), "grey of 32 bits: save it with 8 or 16"),
    ],
)
def test_numbers_that_do_not_say_what_white_is(tmp_path, values, why):
    Image.fromarray(values).save(tmp_path / "a.tif")
    with pytest.raises(CourseError, match=why):
        as_rgb(tmp_path / "a.tif")


def test_a_picture_of_a_phone_is_named(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    with pytest.raises(CourseError, match="It is HEIC or AVIF: save it as JPEG"):
        as_rgb(tmp_path / "a.jpg")


def damaged(kind: str) -> bytes:
    whole = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype="uint8")).save(whole, "PNG")
    content = bytearray(whole.getvalue())
    if kind == "cut":
        return bytes(content[:2000])
    if kind == "no end":
        return bytes(content[:-12])
    if kind == "broken chunk":
        content[45] ^= 255
    if kind == "wrong check sum":
        content[-13] ^= 1  # of the pixels, whose chunk stands before the end mark of 12 bytes
    others = {"empty": b"", "text": b"not a picture", "page": b"<html></html>", "odd size": b"P6 ab 3 255 "}
    return others.get(kind, bytes(content))


@pytest.mark.parametrize(
    "kind", ["empty", "text", "page", "cut", "no end", "broken chunk", "wrong check sum", "odd size"]
)
def test_files_that_are_no_picture(tmp_path, echo, kind):
    path = tmp_path / "a.png"
    path.write_bytes(damaged(kind))
    problem, cause, next_step = message_of(predict_image, echo, str(path)).splitlines()
    assert problem == f"The picture {path} cannot be read."
    expected = r"It is empty\." if kind == "empty" else r"It is damaged, or not a picture \(\w+\)\."
    assert re.fullmatch(expected, cause)
    assert next_step == "Next: give the path of a JPEG or PNG file."


def test_missing_file_and_folder(tmp_path, echo):
    with pytest.raises(CourseError, match=r"(?s)none\.jpg cannot be read.*No file lies there"):
        predict_image(echo, tmp_path / "none.jpg")
    with pytest.raises(CourseError, match="It is no plain file"):
        predict_image(echo, tmp_path)


@pytest.mark.timeout(60)
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(CourseError, match="It is no plain file"):
        as_rgb(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("side", "found"), [(10_000, "is too large, 10000×10000 pixels"), (30_000, "is far too large")]
)
def test_row_20_huge_pictures_are_not_decoded(tmp_path, monkeypatch, side, found):
    path = tmp_path / "huge.png"
    path.write_bytes(png_of(side, zlib.compress(b"")))
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda *_: pytest.fail("was decoded"))
    assert message_of(as_rgb, path) == (
        f"The picture {path} cannot be read.\nIt {found}; 50 megapixels are the limit.\n"
        "Next: give the path of a JPEG or PNG file."
    )


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr(one_picture, "MEGAPIXELS", 0.001)
    Image.new("L", (100, 10)).save(tmp_path / "fits.png")
    assert as_rgb(tmp_path / "fits.png").size == (100, 10)
    Image.new("L", (101, 10)).save(tmp_path / "large.png")
    monkeypatch.setattr(Image.Image, "convert", lambda *_: pytest.fail("was decoded"))
    with pytest.raises(CourseError, match="101×10 pixels"):
        as_rgb(tmp_path / "large.png")


def test_model_with_another_output(models):
    import keras

    whole = models["logits"]
    for model, found in [
        (keras.Model(whole.inputs, whole.layers[-2].output), "(1, 3)"),
        (keras.Sequential([keras.Input((8, 9, 3)), keras.layers.Identity()]), "(1, 8, 9, 3)"),
    ]:
        with pytest.raises(CourseError, match="does not answer ten classes") as caught:
            predict_image(model, Image.new("RGB", (32, 32)))
        assert found in str(caught.value)


def test_model_with_another_input():
    import keras

    for shape in [(1280,), (None, None, 3), (32, 32, 1)]:
        model = keras.Sequential([keras.Input(shape), keras.layers.Identity()], name="odd")
        with pytest.raises(CourseError, match="'odd' does not take pictures of one size"):
            predict_image(model, Image.new("RGB", (32, 32)))
