"""Predict the class of any picture."""

from __future__ import annotations

import stat
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from course_utils.cifar10 import CLASS_NAMES, NUM_CLASSES
from course_utils.errors import CourseError
from course_utils.evaluation import probabilities
from course_utils.pictures.formats.picture_files import Unreadable, eight_bits

if TYPE_CHECKING:
    import keras


MEGAPIXELS = 50  # of a picture at most: more would fill the memory of a small computer


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


def predict_image(model: keras.Model, path_or_image: str | Path | Image.Image | np.ndarray) -> Prediction:
    """Say what one picture shows.

    Args:
        model: takes uint8 pictures (n, height, width, 3), preprocessing inside; answers 10 logits or 10
            probabilities (softmax) a picture.
        path_or_image: file, Pillow image or uint8 array; of any size up to 50 megapixels and any mode (RGB,
            RGBA, grey, palette …). The middle square is cut out and scaled to the model's size.

    Raises:
        CourseError: the file is missing or no picture, the array is not uint8, or the model does not take
            pictures of one size or does not answer ten classes.
    """
    width, height = _picture_size(model)
    image = as_rgb(path_or_image)
    pixels = np.asarray(ImageOps.fit(image, (width, height), Image.Resampling.BICUBIC))
    answer = np.asarray(model.predict(pixels[np.newaxis], verbose=0), dtype="float32")
    if answer.shape != (1, NUM_CLASSES):
        raise CourseError(
            "The model does not answer ten classes.",
            cause=f"Expected an output of shape (1, {NUM_CLASSES}), found {answer.shape}.",
            next_step="give predict_image the whole model, with its head.",
        )
    chances = answer[0] if _ends_on_softmax(model) else probabilities(answer)[0]
    best = int(chances.argmax())
    by_name = {name: float(chance) for name, chance in zip(CLASS_NAMES, chances, strict=True)}
    return Prediction(CLASS_NAMES[best], float(chances[best]), by_name, pixels)


def as_rgb(path_or_image: str | Path | Image.Image | np.ndarray) -> Image.Image:
    """Return any picture as RGB, transparent parts on white, turned as its camera says.

    Args:
        path_or_image: file, Pillow image, or uint8 array (h, w), (h, w, 1), (h, w, 3) or (h, w, 4).

    Raises:
        CourseError: the file is missing or no picture, or the array has another shape or type.
    """
    if isinstance(path_or_image, np.ndarray):
        return _rgb(_from_array(path_or_image))
    if isinstance(path_or_image, Image.Image):
        return _rgb(path_or_image)
    return _open(Path(path_or_image))


def _rgb(image: Image.Image) -> Image.Image:
    image = eight_bits(ImageOps.exif_transpose(image))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _from_array(array: np.ndarray) -> Image.Image:
    fits = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3, 4))
    if array.dtype != np.uint8 or not fits or array.size == 0:
        raise CourseError(
            "The array is not a picture.",
            cause=f"Expected uint8 (height, width, 3), found {array.dtype} {array.shape}.",
            next_step="give one picture with values from 0 to 255, for example images[0].",
        )
    return Image.fromarray(array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array)


def _open(path: Path) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on odd files and on their size
            _check_before_decoding(path)
            with Image.open(path) as image:
                return _rgb(image)
    except FileNotFoundError:
        cause = "No file lies there."
    except Unreadable as why:
        cause = f"It {why}."
    except Exception as error:  # a damaged file can fail in many ways inside a decoder
        cause = f"It is damaged, or not a picture ({type(error).__name__})."
    raise CourseError(
        f"The picture {path} cannot be read.", cause=cause, next_step="give the path of a JPEG or PNG file."
    )


def _check_before_decoding(path: Path) -> None:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable("is no plain file")
    if not status.st_size:
        raise Unreadable("is empty")
    limit = f"{MEGAPIXELS} megapixels are the limit"
    try:
        with Image.open(path) as image:
            if image.width * image.height > MEGAPIXELS * 1e6:
                raise Unreadable(f"has {image.width}×{image.height} pixels; {limit}")
            image.verify()  # the check sums of a PNG file, which decoding does not look at
    except Image.DecompressionBombError as error:  # from 179 megapixels on
        raise Unreadable(f"has far too many pixels; {limit}") from error


def _picture_size(model: keras.Model) -> tuple[int, int]:
    shape = model.input_shape
    if len(shape) == 4 and all(type(size) is int for size in shape[1:]) and shape[3] == 3:
        return shape[2], shape[1]
    raise CourseError(
        f"The model {model.name!r} does not take pictures of one size.",
        cause=f"Expected an input of shape (None, height, width, 3), found {shape}.",
        next_step="give predict_image the whole model, not its head.",
    )


def _ends_on_softmax(model: keras.Model) -> bool:
    last = model.outputs[0]._keras_history.operation
    if hasattr(last, "layers"):  # the head is a model of its own
        return _ends_on_softmax(last)
    activation = getattr(last, "activation", None)
    return getattr(activation, "__name__", type(last).__name__).lower() == "softmax"
