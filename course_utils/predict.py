"""Predict the class of any picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from course_utils.cifar10 import CLASS_NAMES, NUM_CLASSES
from course_utils.errors import CourseError
from course_utils.evaluation import probabilities
from course_utils.pictures.formats.one_picture import Picture, as_rgb

if TYPE_CHECKING:
    import keras

__all__ = ["Prediction", "as_rgb", "predict_image"]


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
