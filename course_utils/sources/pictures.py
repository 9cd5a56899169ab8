"""Decode picture files: any mode to RGB, another size refused, unreadable ones counted and named."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from PIL import Image, UnidentifiedImageError

from course_utils.errors import CourseError
from course_utils.sources.structure import IMAGE_SHAPE, shortened

FORMATS = ("JPEG", "PNG")
SUFFIXES = (".jpg", ".jpeg", ".png")


class Unreadable(Exception):
    """One picture file that cannot be used. Its text says why."""


def progress(items: Iterable, *, total: int, what: str) -> Iterable:
    """Show a progress bar on work that lasts longer than a second."""
    from tqdm.auto import tqdm

    return tqdm(items, total=total, desc=what, unit=" pictures", delay=1, leave=False)


def decode(raw: bytes, name: str) -> np.ndarray:
    """Return one picture as uint8 (32, 32, 3), RGB.

    Grey, palette, CMYK and 16-bit pictures become RGB; transparency is dropped.

    Args:
        raw: the bytes of a JPEG or PNG file.
        name: of the file, for messages.

    Raises:
        Unreadable: empty, damaged, or neither JPEG nor PNG.
        CourseError: not 32×32 pixels. Found out before the pixels are decoded.
    """
    if not raw:
        raise Unreadable("empty")
    try:
        with Image.open(io.BytesIO(raw), formats=FORMATS) as picture:
            _check_size(picture.size, name)
            return np.asarray(_as_rgb(picture))
    except CourseError:
        raise
    except Image.DecompressionBombError as error:
        raise _wrong_size("more than 100 megapixels", name) from error
    except UnidentifiedImageError as error:
        raise Unreadable("neither JPEG nor PNG") from error
    except Exception as error:  # a damaged file can fail in many ways inside a decoder
        raise Unreadable("damaged") from error


def decode_all(
    names: Sequence[str], read: Callable[[int], bytes], *, what: str
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Decode many pictures, leaving out those that cannot be read.

    Args:
        names: of the files, for messages.
        read: takes the position of a name, returns the file's bytes.
        what: text of the progress bar.

    Returns:
        images uint8 (n, 32, 32, 3); positions int64 (n,) of the used names; one text for each file left out.

    Raises:
        CourseError: a picture that is not 32×32 pixels.
    """
    images = np.empty((len(names), *IMAGE_SHAPE), dtype=np.uint8)
    used, left_out = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on odd files; what matters is told by us
        for position in progress(range(len(names)), total=len(names), what=what):
            try:
                images[len(used)] = decode(read(position), names[position])
                used.append(position)
            except Unreadable as why:
                left_out.append(f"{names[position]} ({why})")
    return images[: len(used)], np.array(used, dtype=np.int64), left_out


def left_out_note(left_out: list[str]) -> tuple[str, ...]:
    """Return a note on the files that were left out, nothing if there are none."""
    if not left_out:
        return ()
    return (f"{len(left_out):,} left out: {shortened(left_out, 'files')}",)


def _as_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16-bit grey, which Pillow would clip instead of scaling
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8)).convert("RGB")
    if "transparency" in picture.info:
        picture = picture.convert("RGBA")
    return picture.convert("RGB")


def _check_size(size: tuple[int, int], name: str) -> None:
    if size != IMAGE_SHAPE[:2]:
        raise _wrong_size(f"{size[0]}×{size[1]} pixels", name)


def _wrong_size(found: str, name: str) -> CourseError:
    return CourseError(
        f"{name} is not a CIFAR-10 picture.",
        cause=f"Expected 32×32 pixels, found {found}.",
        next_step="give pictures of 32×32 pixels, or scale them first.",
    )
