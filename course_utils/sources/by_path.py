"""Find out what lies at a path, and read it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from course_utils.errors import CourseError
from course_utils.paths import PROJECT
from course_utils.sources.array_cache import cached, file_facts, path_name
from course_utils.sources.batches import (
    FILES,
    batches_folder,
    is_archive,
    read_batches_archive,
    read_batches_folder,
)
from course_utils.sources.folder import folder_facts, read_folder
from course_utils.sources.kaggle_files import kaggle_facts, kaggle_folder, read_kaggle
from course_utils.sources.npz import read_npz
from course_utils.sources.selection import mixed_if_sorted, with_test_part
from course_utils.sources.structure import Pictures, first_line

FORMATS = (
    "class folders, python batches (folder or .tar.gz), Kaggle's files (train.7z, trainLabels.csv) or .npz"
)
ARCHIVE = "cifar-10-python.tar.gz"


class _Found(NamedTuple):
    """What lies at a path: its format, what shows that it changed, and how to read it."""

    kind: str
    facts: Iterable[str]
    read: Callable[[], Pictures]


def existing_path(source: str | Path) -> Path | None:
    """Return the path if something lies there: as it is, or inside the project. Otherwise None."""
    path = Path(source).expanduser()
    for candidate in (path, PROJECT / path):
        if candidate.exists():
            return candidate.resolve()
    return None


def read_path(path: Path) -> tuple[str, Pictures]:
    """Read the pictures at a path that exists. Slow reading happens once: see ``array_cache``.

    Pictures that are sorted by class come in a mixed but fixed order. Without a test part, one sixth of each
    class becomes one.

    Returns:
        The name of the format, and the pictures.

    Raises:
        CourseError: none of the formats, or what the format's own module raises.
    """
    try:
        found = _found_in_folder(path) if path.is_dir() else _found_in_file(path)
        pictures = cached(path_name(path), found.facts, lambda: _in_two_parts(found))
    except PermissionError as error:
        raise CourseError(
            f"{path} may not be read.",
            cause=f"The system refused it ({first_line(error)}).",
            next_step="ask its owner for the right to read it, or copy it.",
        ) from error
    return found.kind, pictures


def _in_two_parts(found: _Found) -> Pictures:
    return with_test_part(mixed_if_sorted(found.read()))


def _found_in_folder(path: Path) -> _Found:
    folder = batches_folder(path)
    if folder:
        facts = [file_facts(folder / name) for name in FILES if (folder / name).is_file()]
        return _Found("python batches", facts, lambda: read_batches_folder(folder))
    if kaggle_folder(path):
        return _Found("Kaggle's files", kaggle_facts(path), lambda: read_kaggle(path))
    single = _single_file(path)
    if single:
        return _found_in_file(single)
    if not any(path.iterdir()):
        raise CourseError(f"{path} is empty.", cause=f"Expected {FORMATS}.", next_step="check the path.")
    return _Found("class folders", folder_facts(path), lambda: read_folder(path))


def _single_file(path: Path) -> Path | None:
    """Return the published archive or the only .npz file of a folder."""
    if (path / ARCHIVE).is_file():
        return path / ARCHIVE
    files = list(path.glob("*.npz"))
    return files[0] if len(files) == 1 else None


def _found_in_file(path: Path) -> _Found:
    folder = kaggle_folder(path)
    if folder:
        return _Found("Kaggle's files", kaggle_facts(folder), lambda: read_kaggle(folder))
    if not path.is_file():  # a pipe or a device, whose bytes may never come or never end
        raise _of_no_kind(path)
    if path.suffix == ".npz":
        return _Found(".npz", [file_facts(path)], lambda: read_npz(path))
    if is_archive(path):
        return _Found("python batches", [file_facts(path)], lambda: read_batches_archive(path))
    raise _of_no_kind(path, " It is a zip archive: unpack it first." if zipfile.is_zipfile(path) else "")


def _of_no_kind(path: Path, hint: str = "") -> CourseError:
    return CourseError(
        f"{path} is of no kind that the course reads.{hint}",
        cause=f"Expected {FORMATS}.",
        next_step="give one of these.",
    )
