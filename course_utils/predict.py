"""Predict the class of any picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from course_utils.cifar10 import CLASS_NAMES, NUM_CLASSES
from course_utils.errors import CourseError
from course_utils.evaluation import probabilities

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
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
        path_or_image: file, Pillow image or uint8 array; of any size and mode (RGB, RGBA, grey, palette …).
            The middle square is cut out and scaled to the model's size.

    Raises:
        CourseError: the file is missing or no picture, or the model does not answer ten classes.
    """
    height, width = model.input_shape[1:3]
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

    Raises:
        CourseError: the file is missing or no picture.
    """
    if isinstance(path_or_image, np.ndarray):
        return Image.fromarray(path_or_image).convert("RGB")
    image = path_or_image if isinstance(path_or_image, Image.Image) else _open(Path(path_or_image))
    image = ImageOps.exif_transpose(image)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _open(path: Path) -> Image.Image:
    try:
        image = Image.open(path)
        image.load()
        return image
    except FileNotFoundError:
        cause = "No file lies there."
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        cause = f"Pillow says: {error}"
    raise CourseError(
        f"The picture {path} cannot be read.", cause=cause, next_step="give the path of a JPEG or PNG file."
    )


def _ends_on_softmax(model: keras.Model) -> bool:
    activation = getattr(model.layers[-1], "activation", None)
    name = getattr(activation, "__name__", type(model.layers[-1]).__name__)
    return name.lower() == "softmax"
