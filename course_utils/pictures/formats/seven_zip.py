"""Read the members of a .7z archive in memory: none of its names becomes a path.

Nothing goes to the disk, so nothing is left there after a fault. Imports py7zr: import this module late.
"""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import py7zr
from py7zr import archiveinfo
from py7zr.io import BytesIOFactory

from course_utils.errors import CourseError, first_line, shown
from course_utils.pictures.formats.archives import (
    LARGEST_UNPACKED,
    check_unpacked_size,
    lies_outside,
    refused,
)

# py7zr's own bounds allow a header of 256 MB and eight million members with long names, and a header of 200
# bytes may send it back to the same names any number of times. Kaggle's archive has 50,000 short names.
MOST_MEMBERS = 2**17
_BOUNDS = {
    "MAX_HEADER_SIZE": 16 * 1024**2,
    "MAX_NUMFILES": MOST_MEMBERS,
    "MAX_SUBSTREAMS": MOST_MEMBERS,
    "MAX_LENGTH": 128,  # of a name
}
_COUNTED = ("read_utf16", "read_uint32")  # once for each name, once for each member's attributes


def unpacked(path: Path, choose: Callable[[list[str]], dict[str, int]]) -> Iterator[tuple[int, bytes]]:
    """Unpack the chosen members of an archive.

    Args:
        path: of the archive.
        choose: takes the names of all files in it; returns the wanted ones, each with a number.

    Yields:
        The number and the bytes of each chosen member, in the order of the archive.

    Raises:
        CourseError: the archive is damaged or cut off, too large, or holds a member that no honest copy of
            CIFAR-10 holds; and what ``choose`` raises.
    """
    files = BytesIOFactory(LARGEST_UNPACKED)
    try:
        with path.open("rb") as file, opened(file) as archive:
            numbers = choose(_checked_names(path, archive))
            archive.extract(targets=list(numbers), factory=files)
    except (CourseError, PermissionError):
        raise
    except py7zr.exceptions.CrcError as error:
        raise _damaged(path, f"The check sum of {shown(str(error.args[-1]))} in it is wrong.") from error
    except Exception as error:  # py7zr passes on what its decoders raise, of many kinds
        place = next(reversed(files.products), "its list of members")
        why = f"{first_line(error)}, at {shown(place)}"
        raise _damaged(path, f"It is damaged, cut off, or no 7z archive ({why}).") from error
    for name, file in files.products.items():
        file.seek(0)
        yield numbers[name], file.read()


@contextlib.contextmanager
def opened(file: io.BufferedReader) -> Iterator[py7zr.SevenZipFile]:
    """Open an archive under our bounds. Given a file and no path, py7zr unpacks in order, without threads."""
    ours = _BOUNDS | {name: _counted(getattr(archiveinfo, name)) for name in _COUNTED}
    theirs = {name: getattr(archiveinfo, name) for name in ours if hasattr(archiveinfo, name)}
    try:
        for name in theirs:
            setattr(archiveinfo, name, ours[name])
        archive = py7zr.SevenZipFile(file)
    finally:
        for name, value in theirs.items():
            setattr(archiveinfo, name, value)
    with archive:
        yield archive


def _counted(function: Callable) -> Callable:
    """Return a function that gives up after twice as many calls as an archive may have members."""
    calls = itertools.count(1)

    def counted(*arguments: object) -> object:
        if next(calls) > 2 * MOST_MEMBERS:
            raise py7zr.Bad7zFile(f"more than {MOST_MEMBERS:,} members")
        return function(*arguments)

    return counted


def _checked_names(path: Path, archive: py7zr.SevenZipFile) -> list[str]:
    """Return the names of the plain files, or raise for a size, a name or a kind that must not be there."""
    check_unpacked_size(
        path.name, sum(member.uncompressed or 0 for member in archive.files), LARGEST_UNPACKED
    )
    names: list[str] = []
    for member in archive.files:
        name = member.filename
        if lies_outside(name):
            raise refused(path, name, "lies outside its folder")
        if member.is_symlink or member.is_junction:
            raise refused(path, name, "is a symbolic link")
        if member.is_directory:
            continue
        if not member.is_file:
            raise refused(path, name, "is neither a file nor a folder")
        names.append(name)
    return names


def _damaged(path: Path, why: str) -> CourseError:
    return CourseError(f"{path} cannot be unpacked.", cause=why, next_step=f"download {path.name} again.")
