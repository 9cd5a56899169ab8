"""Find out what lies at a path, and read it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from course_utils.errors import CourseError, first_line, shown
from course_utils.pictures.array_cache import cached, file_facts, path_name
from course_utils.pictures.formats.batches import (
    FILES,
    OTHER_VERSIONS,
    batches_folder,
    read_batches_archive,
    read_batches_folder,
    refuse_other_version,
)
from course_utils.pictures.formats.class_folders import folder_facts, is_part, read_folder
from course_utils.pictures.formats.kaggle_files import kaggle_facts, kaggle_folder, read_kaggle
from course_utils.pictures.formats.npz import read_npz
from course_utils.pictures.selection import mixed_if_sorted, with_test_part
from course_utils.pictures.structure import Pictures, check_brightness, shortened
from course_utils.system.paths import PROJECT

FORMATS = (
    "class folders, python batches (folder or .tar.gz), Kaggle's files (train.7z, trainLabels.csv) or .npz"
)
PUBLISHED_NAME = "cifar-10-python.tar.gz"
DATA_SUFFIXES = (".npz", ".7z", ".csv", ".gz", ".bin", ".mat")


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
    pictures = found.read()
    check_brightness(pictures.train_images)
    return with_test_part(mixed_if_sorted(pictures))


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
    entries = [entry for entry in path.iterdir() if not entry.name.startswith((".", "__"))]
    if not entries:
        raise CourseError(f"{path} is empty.", cause=f"Expected {FORMATS}.", next_step="check the path.")
    refuse_other_version(path.name, [entry.name for entry in entries if entry.is_file()])
    inner = [entry for entry in entries if entry.is_dir()]
    if len(inner) == 1 and not is_part(inner[0].name) and _holds_data(inner[0]):
        found = _found_in_folder(inner[0])
        return found._replace(kind=f"{found.kind} in {shown(inner[0].name)}")
    return _Found("class folders", folder_facts(path), lambda: read_folder(path))


def _holds_data(path: Path) -> bool:
    """Say whether a folder may be the data set that was unpacked one folder deeper."""
    return any(
        entry.is_dir() or entry.suffix.lower() in DATA_SUFFIXES or entry.name in {*FILES, *OTHER_VERSIONS}
        for entry in path.iterdir()
    )


def _single_file(path: Path) -> Path | None:
    """Return the published archive or the only .npz file of a folder."""
    if (path / PUBLISHED_NAME).is_file():
        return path / PUBLISHED_NAME
    files = sorted(file for file in path.iterdir() if file.suffix.lower() == ".npz")
    if len(files) > 1:
        raise CourseError(
            f"{path} holds several .npz files: {shortened([shown(file.name) for file in files], 'files')}.",
            cause="It is not clear which one counts.",
            next_step="give the path of one of them, with x_train, y_train, x_test and y_test in it.",
        )
    return files[0] if files else None


def _found_in_file(path: Path) -> _Found:
    folder = kaggle_folder(path)
    if folder:
        return _Found("Kaggle's files", kaggle_facts(folder), lambda: read_kaggle(folder))
    if not path.is_file():  # a pipe or a device, whose bytes may never come or never end
        raise _of_no_kind(path)
    if path.suffix.lower() == ".npz":
        return _Found(".npz", [file_facts(path)], lambda: read_npz(path))
    if path.suffix in (".gz", ".tgz", ".tar"):
        return _Found("python batches", [file_facts(path)], lambda: read_batches_archive(path))
    refuse_other_version(path.name, [path.name])
    hint = " It is a zip archive: unpack it first." if zipfile.is_zipfile(path) else ""
    if path.name in FILES:
        hint = " It is one of the seven python batches: give their folder."
    raise _of_no_kind(path, hint)


def _of_no_kind(path: Path, hint: str = "") -> CourseError:
    return CourseError(
        f"{path} is of no kind that the course reads.{hint}",
        cause=f"Expected {FORMATS}.",
        next_step="give one of these.",
    )
