"""One picture in whatever form: a path, the bytes of a file, an open file, Pillow's image or an array."""

from __future__ import annotations

import io
import stat
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from course_utils.errors import CourseError
from course_utils.pictures.formats import picture_files as pictures
from course_utils.pictures.formats.picture_files import FROM_A_PHONE, Unreadable, is_from_a_phone

Picture = str | Path | bytes | BinaryIO | Image.Image | np.ndarray
MEGAPIXELS = 50  # of a picture at most: more would fill the memory of a small computer
_LIMIT = f"{MEGAPIXELS} megapixels are the limit"


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
