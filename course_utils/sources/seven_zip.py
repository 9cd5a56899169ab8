"""Read the members of a .7z archive one after another, in memory: none of its names becomes a path.

Nothing goes to the disk, so nothing is left there after a fault. Imports py7zr: import this module late.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import py7zr
from py7zr import archiveinfo
from py7zr.io import Py7zIO, WriterFactory

from course_utils.errors import CourseError
from course_utils.sources.archives import LARGEST_UNPACKED, check_unpacked_size, lies_outside, refused
from course_utils.sources.structure import shown

# py7zr's own bounds allow a header of 256 MB and eight million members. Kaggle's archive has 50,000.
_BOUNDS = {
    "MAX_HEADER_SIZE": 16 * 1024**2,
    "MAX_NUMFILES": 2**17,
    "MAX_SUBSTREAMS": 2**17,
    "MAX_LENGTH": 2**10,
}


def read_members(
    path: Path,
    choose: Callable[[list[str]], dict[str, int]],
    take: Callable[[int, bytes], None],
    *,
    limit: int = LARGEST_UNPACKED,
) -> None:
    """Unpack the chosen members of an archive, each handed over as soon as it is there.

    Args:
        path: of the archive.
        choose: takes the names of all files in it; returns the wanted ones, each with a number.
        take: takes a member's number and its bytes, in the order of the archive.
        limit: bytes that all members together may unpack to.

    Raises:
        CourseError: the archive is damaged or cut off, too large, or holds a member that no honest copy of
            CIFAR-10 holds; and what ``choose`` and ``take`` raise.
    """
    try:
        with path.open("rb") as file, _opened(file) as archive:
            names = _checked_names(path, archive, limit)
            numbers = choose(names)
            handing_over = _HandingOver(numbers, take)
            archive.extract(targets=list(numbers), factory=handing_over)
            handing_over.finish()
    except (CourseError, PermissionError):
        raise
    except py7zr.exceptions.CrcError as error:
        raise _damaged(path, f"The check sum of {shown(str(error.args[-1]))} in it is wrong.") from error
    except Exception as error:  # py7zr passes on what its decoders raise, of many kinds
        raise _damaged(path, f"It is damaged, cut off, or no 7z archive ({type(error).__name__}).") from error


@contextlib.contextmanager
def _opened(file: io.BufferedReader) -> Iterator[py7zr.SevenZipFile]:
    """Open an archive under our bounds. Given a file and no path, py7zr unpacks in order, without threads."""
    theirs = {name: getattr(archiveinfo, name) for name in _BOUNDS if hasattr(archiveinfo, name)}
    try:
        for name in theirs:
            setattr(archiveinfo, name, _BOUNDS[name])
        archive = py7zr.SevenZipFile(file)
    finally:
        for name, bound in theirs.items():
            setattr(archiveinfo, name, bound)
    with archive:
        yield archive


def _checked_names(path: Path, archive: py7zr.SevenZipFile, limit: int) -> list[str]:
    """Return the names of the plain files, or raise for a size, a name or a kind that must not be there."""
    check_unpacked_size(path.name, sum(member.uncompressed or 0 for member in archive.files), limit)
    names: list[str] = []
    seen: set[str] = set()
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
        if name in seen:
            raise refused(path, name, "comes twice")
        seen.add(name)
        names.append(name)
    return names


def _damaged(path: Path, why: str) -> CourseError:
    return CourseError(f"{path} cannot be unpacked.", cause=why, next_step=f"download {path.name} again.")


class _Buffer(Py7zIO):
    """Takes the bytes of one member."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO()

    def write(self, s: bytes | bytearray) -> int:
        return self._bytes.write(s)

    def read(self, size: int | None = None) -> bytes:
        return self._bytes.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._bytes.seek(offset, whence)

    def flush(self) -> None:
        """Nothing waits."""

    def size(self) -> int:
        return self._bytes.getbuffer().nbytes

    def value(self) -> bytes:
        return self._bytes.getvalue()


class _HandingOver(WriterFactory):
    """Gives py7zr a buffer for each member; a member is complete when the next one begins."""

    def __init__(self, numbers: dict[str, int], take: Callable[[int, bytes], None]):
        self._numbers, self._take = numbers, take
        self._current: tuple[int, _Buffer] | None = None

    def create(self, filename: str) -> Py7zIO:
        self.finish()
        buffer = _Buffer()
        self._current = self._numbers[filename], buffer
        return buffer

    def finish(self) -> None:
        if self._current is not None:
            number, buffer = self._current
            self._current = None
            self._take(number, buffer.value())
