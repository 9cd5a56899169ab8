"""Read the photographs that bundled weights are trained and judged on."""

from __future__ import annotations

import io
import tarfile
import time
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from course_utils.errors import CourseError

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
FORMS = (
    "Expected an .npz (x_train, y_train, x_val, y_val), a folder with train/<class>/ and val/<class>/, "
    "or a folder with tiny-imagenet-train*.tar.gz and tiny-imagenet-val*.tar.gz."
)
GIVE = "give DATA the path of the photographs, for example DATA=../shared/data."


def load_data(path: Path, splits: Sequence[str] = ("train", "val")) -> dict[str, np.ndarray]:
    """Return ``x_<split>`` uint8 (n, s, s, 3) RGB and ``y_<split>`` int64 (n,) of each split.

    Args:
        path: an ``.npz``, a folder of class folders, or a folder with Tiny ImageNet's archives. Classes
            of folders and archives are numbered in alphabetical order.
        splits: ``"train"``, ``"val"`` or both.

    Raises:
        CourseError: nothing of this form is there, a file is damaged, or pictures, labels and classes do
            not fit one another.
    """
    if not path.exists():
        raise CourseError(f"The photographs are not there: {path}.", cause=FORMS, next_step=GIVE)
    data = _from_npz(path, splits) if path.is_file() else _from_folder(path, splits)
    for split in splits:
        _check(path, split, data[f"x_{split}"], data[f"y_{split}"])
    unknown = set(data["y_val"].tolist()) - set(data["y_train"].tolist()) if len(splits) == 2 else set()
    if unknown:
        raise CourseError(
            f"The validation photographs have classes that the training ones lack: {path}.",
            cause=f"{len(unknown)} of {len(set(data['y_val'].tolist()))} classes, the first: {min(unknown)}.",
            next_step="lay out val/ like train/: one folder a class, of the same name.",
        )
    return data


def shrunk(images: np.ndarray, size: int) -> np.ndarray:
    """Return uint8 pictures resized to ``size`` pixels (area average)."""
    result = np.empty((len(images), size, size, 3), np.uint8)
    for i, image in enumerate(images):
        result[i] = Image.fromarray(image).resize((size, size), Image.Resampling.BOX)
    return result


def _from_npz(path: Path, splits: Sequence[str]) -> dict[str, np.ndarray]:
    keys = [f"{axis}_{split}" for split in splits for axis in "xy"]
    try:
        with np.load(path, allow_pickle=False) as stored:
            data = {key: stored[key] for key in keys}
    except (OSError, EOFError, ValueError, KeyError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise CourseError(
            f"The photographs cannot be read: {path} ({path.stat().st_size:,} bytes).",
            cause=f"{_first_line(error)}. {FORMS}",
            next_step=GIVE,
        ) from error
    return {key: array.astype(np.int64) if _are_labels(key, array) else array for key, array in data.items()}


def _are_labels(key: str, array: np.ndarray) -> bool:
    return key.startswith("y_") and array.ndim == 1 and array.dtype.kind in "iu"


def _from_folder(path: Path, splits: Sequence[str]) -> dict[str, np.ndarray]:
    pictures: dict[str, list[np.ndarray]] = {split: [] for split in splits}
    names: dict[str, list[str]] = {split: [] for split in splits}
    for split in splits:
        shown = time.monotonic()
        for name, file, raw in _files(path, split):
            pictures[split].append(_decoded(file, raw))
            names[split].append(name)
            if time.monotonic() - shown > 10:
                shown = time.monotonic()
                print(f"reading {split}: {len(names[split]):,} photographs", flush=True)
        if not names[split]:
            raise CourseError(
                f"There are no photographs to {'train' if split == 'train' else 'validate'} in {path}.",
                cause=FORMS,
                next_step=GIVE,
            )
        _check_sizes(path, split, pictures[split])
    numbers = {name: i for i, name in enumerate(sorted(set().union(*names.values())))}
    return {
        key: value
        for split in splits
        for key, value in (
            (f"x_{split}", np.stack(pictures[split])),
            (f"y_{split}", np.array([numbers[name] for name in names[split]], np.int64)),
        )
    }


def _files(path: Path, split: str) -> Iterator[tuple[str, str, bytes]]:
    """Give (class, where it lies, content) of each picture of a split."""
    for archive in sorted(path.glob(f"tiny-imagenet-{split}*.tar.gz")):
        yield from _archived(archive)
    for folder in sorted((path / split).glob("*/")):
        for file in sorted(folder.rglob("*")):
            if file.suffix.lower() in ENDINGS:
                yield folder.name, str(file), file.read_bytes()


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
            cause=_first_line(error),
            next_step="copy or download it again.",
        ) from error


def _decoded(file: str, raw: bytes) -> np.ndarray:
    try:
        return np.asarray(Image.open(io.BytesIO(raw)).convert("RGB"))
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise CourseError(
            f"A photograph cannot be read: {file} ({len(raw):,} bytes).",
            cause="The content is no picture, or is cut off.",
            next_step="copy the photographs again, or remove this file.",
        ) from error


def _check_sizes(path: Path, split: str, pictures: list[np.ndarray]) -> None:
    shapes = {picture.shape[:2] for picture in pictures}
    if len(shapes) > 1 or any(height != width for height, width in shapes):
        shown = ", ".join(f"{height}×{width}" for height, width in sorted(shapes)[:3])
        raise CourseError(
            f"The photographs of {split} are not squares of one size: {path}.",
            cause=f"Found {shown}{' …' if len(shapes) > 3 else ''}.",
            next_step="resize them first.",
        )


def _check(path: Path, split: str, images: np.ndarray, labels: np.ndarray) -> None:
    square = images.ndim == 4 and images.shape[1] == images.shape[2] and images.shape[3] == 3
    if not square or images.dtype != np.uint8 or labels.dtype != np.int64 or len(images) != len(labels):
        found = f"x_{split} {images.dtype} {images.shape}, y_{split} {labels.dtype} {labels.shape}"
        raise CourseError(
            f"Pictures and labels of {split} do not fit: {path}.",
            cause=f"Expected uint8 (n, s, s, 3) and whole numbers (n,), found {found}.",
            next_step="write the file again with these types and shapes.",
        )
    if not len(labels) or labels.min() < 0 or len(np.unique(labels)) < 2:
        raise CourseError(
            f"There is nothing to tell apart in {split}: {path}.",
            cause=f"Found {len(labels):,} photographs of {len(np.unique(labels))} class(es), labels from "
            f"{labels.min() if len(labels) else 'none'}.",
            next_step="give photographs of two classes or more, numbered from 0.",
        )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].strip("'\"").rstrip(".")
