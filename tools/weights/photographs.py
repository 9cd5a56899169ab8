"""Read the photographs that bundled weights are trained and judged on."""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from course_utils.errors import CourseError, first_line

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
FORMS = (
    "Expected a folder with train/<class>/ and val/<class>/, "
    "or with tiny-imagenet-train*.tar.gz and tiny-imagenet-val*.tar.gz."
)
GIVE = "give DATA the path of the photographs, for example DATA=../shared/data."


def load_data(path: Path, splits: Sequence[str] = ("train", "val")) -> dict[str, np.ndarray]:
    """Return ``x_<split>`` uint8 (n, s, s, 3) RGB and ``y_<split>`` int64 (n,) of each split.

    Args:
        path: a folder of class folders, or with Tiny ImageNet's archives. Classes are numbered in
            alphabetical order.
        splits: ``"train"``, ``"val"`` or both.

    Raises:
        CourseError: nothing of this form is there, a file is damaged, or pictures and classes do not fit one
            another.
    """
    read = {split: _read(path, split) for split in splits}
    classes = {split: set(names) for split, (_, names) in read.items()}
    numbers = {name: number for number, name in enumerate(sorted(set().union(*classes.values())))}
    unknown = sorted(classes["val"] - classes["train"]) if len(splits) == 2 else []
    if unknown:
        raise CourseError(
            f"The validation photographs have classes that the training ones lack: {path}.",
            cause=f"{len(unknown)} of {len(classes['val'])} classes, the first: {unknown[0]}.",
            next_step="lay out val/ like train/: one folder a class, of the same name.",
        )
    data = {}
    for split, (images, names) in read.items():
        data |= {f"x_{split}": images, f"y_{split}": np.array([numbers[name] for name in names])}
    return data


def shrunk(images: np.ndarray, size: int) -> np.ndarray:
    """Return uint8 pictures resized to ``size`` pixels (area average)."""
    result = np.empty((len(images), size, size, 3), np.uint8)
    for i, image in enumerate(images):
        result[i] = Image.fromarray(image).resize((size, size), Image.Resampling.BOX)
    return result


def _read(path: Path, split: str) -> tuple[np.ndarray, list[str]]:
    """Return the photographs of a split, and the name of each one's class."""
    pictures, names = [], []
    for name, file, raw in tqdm(_files(path, split), f"reading {split}", unit=" photographs", mininterval=10):
        pictures.append(_decoded(file, raw))
        names.append(name)
    shapes = {picture.shape[:2] for picture in pictures}
    if len(set(names)) < 2:
        raise CourseError(
            f"There are no {split} photographs of several classes in {path}.", cause=FORMS, next_step=GIVE
        )
    if len(shapes) > 1 or any(height != width for height, width in shapes):
        shown = ", ".join(f"{height}×{width}" for height, width in sorted(shapes)[:3])
        raise CourseError(
            f"The photographs of {split} are not squares of one size: {path}.",
            cause=f"Found {shown}{' …' if len(shapes) > 3 else ''}.",
            next_step="resize them first.",
        )
    return np.stack(pictures), names


def _files(path: Path, split: str) -> Iterator[tuple[str, str, bytes]]:
    """Give (class, where it lies, content) of each picture of a split."""
    for archive in sorted(path.glob(f"tiny-imagenet-{split}*.tar.gz")):
        yield from _archived(archive)
    for file in sorted((path / split).glob("*/**/*")):
        if file.suffix.lower() in ENDINGS:
            yield file.relative_to(path / split).parts[0], str(file), file.read_bytes()


def _archived(archive: Path) -> Iterator[tuple[str, str, bytes]]:
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.isfile() and Path(member.name).suffix.lower() in ENDINGS:
                    where = f"{archive}, {member.name}"
                    yield Path(member.name).parent.name, where, tar.extractfile(member).read()
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise CourseError(
            f"The archive is damaged or cut off: {archive} ({archive.stat().st_size:,} bytes).",
            cause=first_line(error),
            next_step="copy or download it again.",
        ) from error


def _decoded(file: str, raw: bytes) -> np.ndarray:
    try:
        return np.asarray(Image.open(io.BytesIO(raw)).convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise CourseError(
            f"A photograph cannot be read: {file} ({len(raw):,} bytes).",
            cause="The content is no picture, or is cut off.",
            next_step="copy the photographs again, or remove this file.",
        ) from error
