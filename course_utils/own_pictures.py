"""Pictures of your own: a folder with one sub-folder a class, of any names and sizes."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from course_utils.errors import CourseError
from course_utils.pictures.formats.one_picture import as_rgb
from course_utils.pictures.structure import shortened
from course_utils.system.paths import out_folder

LEAST = 5  # pictures of each class: fewer cannot be split into training and validation pictures
SHAPES = {"circle": 60, "square": 4, "triangle": 3}  # class -> corners


@dataclass(frozen=True, eq=False)  # an array has no single answer to "equal?"
class OwnPictures:
    """What a folder held.

    Attributes:
        images: uint8 (n, size, size, 3) RGB.
        labels: int64 (n,), positions in ``class_names``.
        class_names: names of the sub-folders, sorted.
        left_out: what could not be read: file -> why.
    """

    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    left_out: dict[str, str]


def load_pictures(folder: str | Path, *, size: int = 96) -> OwnPictures:
    """Load photos from ``folder/<class>/<any name>``, and say what was found.

    The middle square of each picture is cut out and scaled; a photo that a telephone stored lying on its
    side is turned. What is no picture is left out and named.

    Args:
        folder: with one sub-folder a class.
        size: of the pictures that are returned, pixels.

    Raises:
        CourseError: the folder is missing, or holds fewer than two classes or too few pictures of one; or
            the size is no whole number above 0.
    """
    from tqdm.auto import tqdm

    if type(size) is not int or size < 1:
        raise CourseError(
            f"The pictures cannot be scaled to size={size!r}.",
            cause="Expected a whole number of pixels above 0.",
            next_step="give for example size=96.",
        )
    folder = Path(folder).expanduser()
    class_names = _class_names(folder)
    files = [
        (label, path)
        for label, name in enumerate(class_names)
        for path in sorted((folder / name).rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    ]
    images, labels, left_out = [], [], {}
    for label, path in tqdm(files, desc=folder.name, unit=" pictures", delay=1, leave=False):
        try:
            image = ImageOps.fit(as_rgb(path), (size, size), Image.Resampling.BICUBIC)
        except CourseError as error:
            left_out[str(path.relative_to(folder))] = str(error).splitlines()[1]
        else:
            images.append(np.asarray(image))
            labels.append(label)
    counts = np.bincount(labels, minlength=len(class_names))
    found = ", ".join(f"{count} {name}" for name, count in zip(class_names, counts, strict=True))
    missed = shortened([f"{name} ({why})" for name, why in left_out.items()], "files") or "nothing"
    if counts.min() < LEAST:
        raise CourseError(
            f"The folder {folder} holds too few pictures.",
            cause=f"Expected {LEAST} or more of each class, found {found}. Left out: {missed}.",
            next_step="add pictures, or take the small class away.",
        )
    print(f"{len(images)} pictures of {len(class_names)} classes: {found}.")
    if left_out:
        print(f"Left out: {missed}")
    return OwnPictures(np.stack(images), np.array(labels), class_names, left_out)


def draw_shapes(folder: str | Path, *, per_class: int = 30, seed: int = 0) -> Path:
    """Draw a small collection into a folder, for a try without photos: circles, squares and triangles.

    Args:
        folder: made if it is not there.
        per_class: pictures of each class.
        seed: of places, sizes, directions and colours.

    Returns:
        The folder.
    """
    folder = out_folder(folder)
    random = np.random.default_rng(seed)
    for name, corners in SHAPES.items():
        (folder / name).mkdir(exist_ok=True)
        for number in range(per_class):
            _shape(corners, random).save(folder / name / f"{number:03}.png")
    return folder


def _shape(corners: int, random: np.random.Generator) -> Image.Image:
    width, height = random.integers(100, 200, size=2).tolist()
    hue = random.random()
    paper, ink = (
        tuple(int(255 * part) for part in colorsys.hsv_to_rgb(h % 1, 0.6, value))
        for h, value in ((hue, 0.9), (hue + random.uniform(0.3, 0.7), 0.5))
    )
    image = Image.new("RGB", (width, height), paper)
    radius = random.uniform(0.2, 0.4) * min(width, height)
    middle = (random.uniform(0.45, 0.55) * width, random.uniform(0.45, 0.55) * height)
    turned = random.uniform(0, 360)
    ImageDraw.Draw(image).regular_polygon((*middle, radius), corners, rotation=turned, fill=ink)
    return image


def _class_names(folder: Path) -> tuple[str, ...]:
    if not folder.is_dir():
        raise CourseError(
            f"The folder {folder} cannot be used.",
            cause="A file lies there." if folder.exists() else "No folder lies there.",
            next_step="give the path of a folder with one sub-folder a class: pets/cat, pets/dog.",
        )
    names = sorted(
        path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))
    )
    if len(names) < 2:
        found = shortened(names, "folders") or "none"
        raise CourseError(
            f"The folder {folder} holds no classes.",
            cause=f"Expected two sub-folders or more, one a class; found {found}.",
            next_step="sort the pictures into sub-folders: pets/cat/1.jpg, pets/dog/1.jpg.",
        )
    return tuple(names)
