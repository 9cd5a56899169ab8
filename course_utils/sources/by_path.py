"""Find out what lies at a path, and read it."""

from __future__ import annotations

import zipfile
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.paths import PROJECT
from course_utils.sources.array_cache import cached, file_facts, path_name
from course_utils.sources.folder import folder_facts, read_folder
from course_utils.sources.npz import read_npz
from course_utils.sources.selection import mixed_if_sorted
from course_utils.sources.structure import Pictures

FORMATS = (
    "class folders, python batches (folder or .tar.gz), Kaggle's files (train.7z, trainLabels.csv) or .npz"
)


def existing_path(source: str | Path) -> Path | None:
    """Return the path if something lies there: as it is, or inside the project. Otherwise None."""
    path = Path(source).expanduser()
    for candidate in (path, PROJECT / path):
        if candidate.exists():
            return candidate.resolve()
    return None


def read_path(path: Path) -> tuple[str, Pictures]:
    """Read the pictures at a path that exists.

    Returns:
        The name of the format, and the pictures.

    Raises:
        CourseError: none of the formats, or what the format's own module raises.
    """
    if path.is_dir():
        if not any(path.iterdir()):
            raise CourseError(f"{path} is empty.", cause=f"Expected {FORMATS}.", next_step="check the path.")
        return "class folders", cached(
            path_name(path), folder_facts(path), lambda: mixed_if_sorted(read_folder(path))
        )
    if path.suffix == ".npz" or zipfile.is_zipfile(path):
        return ".npz", cached(path_name(path), [file_facts(path)], lambda: mixed_if_sorted(read_npz(path)))
    raise CourseError(
        f"{path} is of no kind that the course reads.",
        cause=f"Expected {FORMATS}.",
        next_step="give one of these; unpack other archives first.",
    )
