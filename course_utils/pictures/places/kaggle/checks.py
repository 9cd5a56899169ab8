"""Check what came from Kaggle by its size and by the check sums inside, before it gets its final name."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.pictures.formats.archives import LARGEST_UNPACKED
from course_utils.pictures.formats.batches import FILES as BATCHES
from course_utils.pictures.formats.batches import LARGEST_FILE
from course_utils.pictures.formats.kaggle_files import HEADER, LARGEST_TABLE
from course_utils.pictures.places.kaggle.failures import COMPETITION, DATA_SET, Failure, damaged

PUBLISHED_ARCHIVE = "cifar-10-python.tar.gz"
CHUNK = 1024**2
_SEVEN_Z = b"7z\xbc\xaf\x27\x1c"
_ZIP = b"PK\x03\x04"
_ZIP_ERRORS = (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError, RuntimeError, ValueError)


def check_table(name: str, path: Path, size: int) -> None:
    """Check trainLabels.csv: size and first line. A zip of it is replaced by the table itself.

    Args:
        name: final name.
        path: what arrived.
        size: as the service lists it, in bytes; 0: unknown.

    Raises:
        Failure: it is something else.
    """
    why = _wrong_size(name, path, size)
    if not why:
        with path.open("rb") as handle:
            start = handle.readline(200).decode("utf-8-sig", "replace")
        columns = [column.strip(' "\r\n') for column in start.split(",")]
        if columns != HEADER or path.stat().st_size > LARGEST_TABLE:
            why = "its first line is not id,label"
    if why:
        raise damaged(COMPETITION, name, why)


def check_archive(name: str, path: Path, size: int) -> None:
    """Check train.7z: size, signature, and each check sum by reading all of it. Nothing is written.

    Args, Raises: as ``check_table``.
    """
    why = _wrong_size(name, path, size) or _wrong_archive(path)
    if why:
        raise damaged(COMPETITION, name, why)


def unpack_batches(path: Path, sizes: dict[str, int], folder: Path) -> None:
    """Take the seven files of the python batches out of the data set's zip, else the published .tar.gz.

    Args:
        path: the zip.
        sizes: of the unpacked files, as the service lists them, in bytes.
        folder: made anew.

    Raises:
        Failure: damaged, or they are not in it.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        with zipfile.ZipFile(path) as archive:
            why = _unpack(archive, sizes, folder)
    except _ZIP_ERRORS as error:
        why = f"it cannot be unpacked ({type(error).__name__})"
    if why:
        shutil.rmtree(folder, ignore_errors=True)
        raise damaged(DATA_SET, "zip file", why)


def check_py7zr() -> None:
    """Check that train.7z could be read, before it is fetched.

    Raises:
        Failure: py7zr is not installed.
    """
    try:
        import py7zr  # noqa: F401
    except ImportError:
        raise Failure(
            f"{COMPETITION.title} was not asked.",
            "Its train.7z needs the package py7zr, which is not installed.",
            'run  pip install "py7zr>=1.0,<2"  and run this again.',
            short="the package py7zr is not installed",
        ) from None


def _wrong_size(name: str, path: Path, size: int) -> str:
    """Return what is wrong, or "". Kaggle may send a single file as a zip, and lists its size unpacked."""
    with path.open("rb") as handle:
        packed = handle.read(len(_ZIP)) == _ZIP
    why = _unzipped_in_place(name, path) if packed else ""
    found = path.stat().st_size
    if not why and size and found != size:
        why = f"it has {found:,} bytes, and Kaggle lists {size:,}"
    return why


def _unzipped_in_place(name: str, path: Path) -> str:
    fresh = path.with_name(f"{path.name}.unzipped")
    try:
        with zipfile.ZipFile(path) as archive:
            member = archive.getinfo(name)
            if member.file_size > LARGEST_UNPACKED:
                return f"it would unpack to {member.file_size / 1e9:.1f} GB"
            _copy_member(archive, member, fresh)
    except _ZIP_ERRORS as error:
        fresh.unlink(missing_ok=True)
        return f"it cannot be unpacked ({type(error).__name__})"
    os.replace(fresh, path)
    return ""


def _wrong_archive(path: Path) -> str:
    from tqdm.auto import tqdm

    from course_utils.pictures.formats.seven_zip import read_members

    with path.open("rb") as handle:
        if handle.read(len(_SEVEN_Z)) != _SEVEN_Z:
            return "it is no 7z archive"
    bar = tqdm(desc="Checking train.7z", unit=" pictures", delay=1, leave=False)

    def choose(names: list[str]) -> dict[str, int]:
        bar.total = len(names)
        return {name: at for at, name in enumerate(names)}

    try:
        with bar:
            read_members(path, choose, lambda at, raw: bar.update())
    except CourseError as error:
        cause = str(error).splitlines()[1]
        return f"{cause[:1].lower()}{cause[1:].rstrip('.')}"
    return ""


def _unpack(archive: zipfile.ZipFile, sizes: dict[str, int], folder: Path) -> str:
    members = {info.filename.rpartition("/")[2]: info for info in archive.infolist()}
    wanted, limit = (PUBLISHED_ARCHIVE,), LARGEST_UNPACKED
    if all(name in members for name in BATCHES):
        wanted, limit = BATCHES, LARGEST_FILE
    for name in wanted:
        if name not in members:
            return f"it has neither {BATCHES[0]} and its like nor {PUBLISHED_ARCHIVE}"
        size, listed = members[name].file_size, sizes.get(name, 0)
        if listed and size != listed:
            return f"{name} has {size:,} bytes, and Kaggle lists {listed:,}"
        if size > limit:
            return f"{name} would unpack to {size / 1e6:,.0f} MB"
        _copy_member(archive, members[name], folder / name)
    return ""


def _copy_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """Unpack to a name of our own. zipfile compares the check sum at the end, and gives no byte too many."""
    with archive.open(member) as source, target.open("wb") as handle:
        shutil.copyfileobj(source, handle, CHUNK)
        os.fsync(handle.fileno())
