"""Decode picture files: any mode to RGB, another size refused, unreadable ones counted and named."""

from __future__ import annotations

import contextlib
import io
import stat
import warnings
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from course_utils.errors import CourseError, shown
from course_utils.pictures.structure import IMAGE_SHAPE, shortened

SUFFIXES = (".jpg", ".jpeg", ".jfif", ".jpe", ".png")
PHONE_SUFFIXES = (".heic", ".heif", ".avif")
FROM_A_PHONE = "HEIC or AVIF: save it as JPEG"
LARGEST_FILE = 1024**2  # bytes; 32×32 pixels need 3,072 and some text
_KINDS = {b"\x89PNG\r\n\x1a\n": PngImageFile, b"\xff\xd8\xff": JpegImageFile}


class Unreadable(Exception):
    """One picture file that cannot be used. Its text says why."""


def decode_all(
    names: Sequence[str], sources: Iterable[tuple[int, Path | bytes]], *, what: str
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Decode pictures that come in any order, and leave out what cannot be read.

    Args:
        names: of all files, for messages.
        sources: position of a picture's name, and its file or its bytes.
        what: text of the progress bar, which is shown if the work lasts longer than a second.

    Returns:
        Images uint8 (n, 32, 32, 3), the positions int64 (n,) of their names, and what was left out. Pictures
        that never came are left out, too.

    Raises:
        CourseError: a picture is not 32×32 pixels; and what ``sources`` raises.
    """
    from tqdm.auto import tqdm

    images = np.empty((len(names), *IMAGE_SHAPE), dtype=np.uint8)
    is_used = np.zeros(len(names), dtype=bool)
    left_out: dict[int, str] = {}
    bar = tqdm(sources, total=len(names), desc=what, unit=" pictures", delay=1, leave=False)
    for position, source in bar:
        name = shown(names[position], limit=100)
        try:
            images[position] = decode(_content(source) if isinstance(source, Path) else source, name)
            is_used[position] = True
        except Unreadable as why:
            left_out[position] = f"{name} ({why})"
    used = np.flatnonzero(is_used)
    images = images if len(used) == len(images) else images[used]
    return images, used, [left_out[position] for position in sorted(left_out)]


def decode(raw: bytes, name: str) -> np.ndarray:
    """Return one picture as uint8 (32, 32, 3), RGB.

    The same ``as_rgb`` turns it into RGB as for ``predict_image``.

    Raises:
        Unreadable: empty, damaged, larger than ``LARGEST_FILE``, or neither JPEG nor PNG.
        CourseError: not 32×32 pixels. Found out before the pixels are decoded.
    """
    if not raw:
        raise Unreadable("empty")
    kind = next((kind for magic, kind in _KINDS.items() if raw.startswith(magic)), None)
    if kind is None:
        raise Unreadable(FROM_A_PHONE if is_from_a_phone(raw) else "neither JPEG nor PNG")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on odd files; what matters is told by us
            # Not Image.open: from 179 megapixels on, it refuses without telling the size.
            with kind(io.BytesIO(raw)) as picture:
                _check_size(picture.size, name)
                if len(raw) > LARGEST_FILE:
                    raise Unreadable("larger than 1 MB")
                if kind is PngImageFile:
                    _check_sums(raw)
                return np.asarray(as_rgb(picture))
    except (CourseError, Unreadable):
        raise
    except Exception as error:  # a damaged file can fail in many ways inside a decoder
        raise Unreadable("damaged") from error


def as_rgb(picture: Image.Image) -> Image.Image:
    """Return any picture as RGB: transparent parts on white, turned as its camera says, 16 bits as 8.

    Raises:
        Unreadable: its numbers do not say which of them is white.
    """
    picture.load()
    if picture.info:
        with contextlib.suppress(Exception):  # a broken EXIF part does not say how the camera was held
            picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I"):
        picture = _eight_bits(picture)
    if picture.mode == "F":
        raise Unreadable("made of fractions: save it with 8 bits a colour")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return picture.convert("RGB")


def is_from_a_phone(raw: bytes) -> bool:
    """Say whether a file is one of the kinds that phones save and Pillow does not read by itself."""
    return raw[4:8] == b"ftyp"


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Scale grey of 16 bits to 8, where Pillow would clip it."""
    values = np.asarray(picture)
    is_16_bit = picture.mode != "I" or values.max() > 255 or not values.any()
    if not is_16_bit or values.min() < 0 or values.max() > 65_535:
        raise Unreadable("grey of 32 bits: save it with 8 or 16")
    return Image.fromarray((values >> 8).astype(np.uint8))


def left_out_note(left_out: list[str]) -> tuple[str, ...]:
    """Return a note on the files that were left out, nothing if there are none."""
    if not left_out:
        return ()
    return (f"{len(left_out):,} left out: {shortened(left_out, 'files')}",)


def _content(path: Path) -> bytes:
    """Return a picture file's bytes, but never more than ``LARGEST_FILE`` and one."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Unreadable("no plain file")
        with path.open("rb") as file:
            return file.read(LARGEST_FILE + 1)
    except PermissionError as error:
        raise Unreadable("may not be read") from error
    except FileNotFoundError as error:
        raise Unreadable("a link that leads nowhere") from error
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error


def _check_sums(raw: bytes) -> None:
    """Check what Pillow does not: the check sum of each chunk of a PNG file up to its end mark."""
    at = 8
    while raw[at + 4 : at + 8] != b"IEND":
        end = at + 8 + int.from_bytes(raw[at : at + 4], "big")
        if zlib.crc32(raw[at + 4 : end]) != int.from_bytes(raw[end : end + 4], "big") or end + 4 > len(raw):
            raise Unreadable("damaged")
        at = end + 4


def _check_size(size: tuple[int, int], name: str) -> None:
    if size != IMAGE_SHAPE[:2]:
        raise CourseError(
            f"{name} is not a CIFAR-10 picture.",
            cause=f"Expected 32×32 pixels, found {size[0]:,}×{size[1]:,}. It was not decoded.",
            next_step="give pictures of 32×32 pixels, or scale them first.",
        )
