"""Predict the class of any picture."""

from __future__ import annotations

import io
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from course_utils.cifar10 import CLASS_NAMES, NUM_CLASSES
from course_utils.errors import CourseError
from course_utils.evaluation import probabilities
from course_utils.pictures.formats import picture_files as pictures
from course_utils.pictures.formats.picture_files import FROM_A_PHONE, Unreadable, is_from_a_phone

if TYPE_CHECKING:
    import keras

    Picture = str | Path | bytes | BinaryIO | Image.Image | np.ndarray

MEGAPIXELS = 50  # of a picture at most: more would fill the memory of a small computer
_LIMIT = f"{MEGAPIXELS} megapixels are the limit"


@dataclass(frozen=True, eq=False)  # an array has no single answer to "equal?"
class Prediction:
    """What a model says of one picture.

    Attributes:
        label: name of the most probable class.
        probability: of that class, 0-1.
        probabilities: class name -> probability, in label order.
        image: uint8 (height, width, 3) RGB: what the model saw.
    """

    label: str
    probability: float
    probabilities: dict[str, float]
    image: np.ndarray


def predict_image(model: keras.Model, path_or_image: Picture) -> Prediction:
    """Say what one picture shows.

    Args:
        model: takes uint8 pictures (n, height, width, 3), preprocessing inside; answers 10 logits or 10
            probabilities (softmax) a picture.
        path_or_image: path, bytes or open file, Pillow image or uint8 array; of any size up to 50 megapixels
            and any mode (RGB, RGBA, grey, palette …). The middle square is cut out and scaled to the model's
            size.

    Raises:
        CourseError: the file is missing or no picture, the array is not uint8, or the model does not take
            pictures of one size or does not answer ten classes.
    """
    width, height = _picture_size(model)
    image = as_rgb(path_or_image)
    pixels = np.asarray(ImageOps.fit(image, (width, height), Image.Resampling.BICUBIC))
    answer = np.asarray(model.predict_on_batch(pixels[np.newaxis]), dtype="float32")
    if answer.shape != (1, NUM_CLASSES):
        raise CourseError(
            "The model does not answer ten classes.",
            cause=f"Expected an output of shape (1, {NUM_CLASSES}), found {answer.shape}.",
            next_step="give predict_image the whole model, with its head.",
        )
    chances = answer[0] if _is_distribution(answer[0]) else probabilities(answer)[0]
    best = int(chances.argmax())
    by_name = {name: float(chance) for name, chance in zip(CLASS_NAMES, chances, strict=True)}
    return Prediction(CLASS_NAMES[best], float(chances[best]), by_name, pixels)


def as_rgb(path_or_image: Picture) -> Image.Image:
    """Return any picture as RGB, as ``pictures.as_rgb`` does for training.

    Args:
        path_or_image: path, bytes or open file, Pillow image, or uint8 array (h, w), (h, w, 1), (h, w, 3) or
            (h, w, 4).

    Raises:
        CourseError: the file is missing or no picture, or the array has another shape or type.
    """
    name = "The picture"
    try:
        if isinstance(path_or_image, np.ndarray):
            return pictures.as_rgb(_from_array(path_or_image))
        if isinstance(path_or_image, Image.Image):
            return pictures.as_rgb(path_or_image.copy())  # a picture of an open file is changed by loading
        if isinstance(path_or_image, str | Path):
            path = Path(path_or_image).expanduser()
            name = f"The picture {path}"
            path_or_image = _content(path)
        raw = path_or_image if isinstance(path_or_image, bytes) else path_or_image.read()
        return _decoded(raw)
    except CourseError:
        raise
    except FileNotFoundError:
        cause = "No file lies there."
    except Unreadable as why:
        cause = f"It is {why}."
    except Exception as error:  # a damaged file can fail in many ways inside a decoder
        cause = f"It is damaged, or not a picture ({type(error).__name__})."
    raise CourseError(
        f"{name} cannot be read.", cause=cause, next_step="give the path of a JPEG or PNG file."
    )


def _from_array(array: np.ndarray) -> Image.Image:
    fits = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3, 4))
    if array.dtype != np.uint8 or not fits or array.size == 0:
        raise CourseError(
            "The array is not a picture.",
            cause=f"Expected uint8 (height, width, 3), found {array.dtype} {array.shape}.",
            next_step="give one picture with values from 0 to 255, for example images[0].",
        )
    return Image.fromarray(array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array)


def _content(path: Path) -> bytes:
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe may never end
        raise Unreadable("no plain file")
    return path.read_bytes()


def _decoded(raw: bytes) -> Image.Image:
    """Check size and check sums before anything is decoded."""
    if not raw:
        raise Unreadable("empty")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on odd files and on their size
        try:
            with Image.open(io.BytesIO(raw)) as image:
                if image.width * image.height > MEGAPIXELS * 1e6:
                    raise Unreadable(f"too large, {image.width}×{image.height} pixels; {_LIMIT}")
                image.verify()  # the check sums of a PNG file, which decoding does not look at
        except Image.DecompressionBombError as error:  # from 179 megapixels on
            raise Unreadable(f"far too large; {_LIMIT}") from error
        except UnidentifiedImageError:
            if is_from_a_phone(raw):
                raise Unreadable(FROM_A_PHONE) from None
            raise
        with Image.open(io.BytesIO(raw)) as image:
            return pictures.as_rgb(image)


def _picture_size(model: keras.Model) -> tuple[int, int]:
    shape = model.input_shape
    if len(shape) == 4 and all(type(size) is int for size in shape[1:]) and shape[3] == 3:
        return shape[2], shape[1]
    raise CourseError(
        f"The model {model.name!r} does not take pictures of one size.",
        cause=f"Expected an input of shape (None, height, width, 3), found {shape}.",
        next_step="give predict_image the whole model, not its head.",
    )


def _is_distribution(answer: np.ndarray) -> bool:
    """Say whether numbers are probabilities: of a softmax, of an average of several, in half precision."""
    return bool(answer.min() >= 0 and abs(answer.sum() - 1) < 0.01)
