"""What lies in a folder of submissions: folders, archives and files, looked at alike and only read."""

from __future__ import annotations

import gzip
import io
import itertools
import os
import stat
import struct
import tarfile
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from course_utils.pictures.formats.archives import BoundedReads, lies_outside

MOST_MEMBERS = 2000  # of one archive
MOST_FOLDERS = 30  # in one another
LONGEST_NAME = 255  # characters of a folder's or file's own name, as on disk
LARGEST_LIST = 1_000_000  # bytes of an archive's list of its files
MOST_HEADERS = 100  # of a tar archive, for all its files
LARGEST_INNER = 100_000_000  # bytes of an archive in an archive
LARGEST_TAR = 50_000_000  # bytes that a .tar.gz may unpack to: this is done as a whole
TARS = (".tar", ".tar.gz", ".tgz")
OUTSIDE = "points outside its archive and was not used"
NOT_PLAIN = "is no plain file and was not opened"
LITTER = ("__macosx", ".ipynb_checkpoints", "__pycache__", "thumbs.db", "desktop.ini")


class UnusableError(Exception):
    """It cannot be used. The text goes behind a file's name, in a sentence for a person."""


class Allowance:
    """Bytes that may still be read and unpacked."""

    def __init__(self, total: int) -> None:
        self.total = self.left = total

    def read(self, file: BinaryIO, most: int) -> bytes:
        """Return the content of a file. What breaks on the way costs as much as it might have held.

        Raises:
            UnusableError: it holds more than ``most`` bytes, or than are left, whatever a list says about it.
        """
        if self.left <= 0:
            raise UnusableError(f"was not read: all files together hold more than {self.total:,} bytes")
        limit = min(most, self.left)
        self.left -= limit
        content = file.read(limit + 1)
        if len(content) > limit:
            raise UnusableError(f"is too large: it holds or unpacks to more than {limit:,} bytes")
        self.left += limit - len(content)
        return content


@dataclass(frozen=True)
class Entry:
    """A folder, an archive or a file, on disk or in an archive."""

    name: str  # its last part
    place: str  # where it lies, below the folder of submissions
    kind: str  # ``"folder"``, ``"archive"``, ``"file"``; ``"refused"``: never opened
    why: str = ""  # it is refused
    size: int = 0  # of a file on disk or in an archive, as its list says
    changed: tuple[int, ...] = ()  # year to second, in local time; empty: impossible
    opened: Callable[[], BinaryIO] | None = None
    below: Callable[[Allowance], list[Entry]] | None = None  # what lies in it, unpacked out of an allowance

    def read(self, allowance: Allowance, most: int = LARGEST_INNER) -> bytes:
        """Return the content of a file of at most so many bytes."""
        with self.opened() as file:
            return allowance.read(file, min(most, self.size + 1))


def is_litter(name: str) -> bool:
    """True for what systems and Jupyter leave behind."""
    return name.lower() in LITTER or name.startswith((".", "~$"))


def in_folder(folder: Path, place: str = "") -> list[Entry]:
    """Return what a folder on disk holds, in order of names."""
    names = sorted(os.listdir(folder))
    return [_on_disk(folder / name, f"{place}{name}") for name in names if not is_litter(name)]


def _on_disk(path: Path, place: str) -> Entry:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return Entry(path.name, place, "refused", "is a link and was not followed")
    if stat.S_ISDIR(status.st_mode):
        return Entry(path.name, place, "folder", below=lambda _: in_folder(path, f"{place}/"))
    if not stat.S_ISREG(status.st_mode):
        return Entry(path.name, place, "refused", NOT_PLAIN)
    changed = _local_time(status.st_mtime)
    entry = Entry(path.name, place, "file", "", status.st_size, changed, lambda: path.open("rb"))
    return _with_members(entry, lambda _: path.open("rb"))


def _local_time(seconds: float) -> tuple[int, ...]:
    """Return a time as archives give it."""
    try:
        return tuple(time.localtime(seconds)[:6])
    except (OverflowError, ValueError, OSError):
        return ()


def _with_members(entry: Entry, whole: Callable[[Allowance], BinaryIO] | None = None) -> Entry:
    """Return a file as the archive that it is by its name, or as it is.

    Args:
        entry: of the file.
        whole: opens it so that any part of it can be read; None: it has to be read into memory for that.
    """
    name = entry.name.lower()
    if not name.endswith((".zip", *TARS)):
        return entry

    def below(allowance: Allowance) -> list[Entry]:
        file = whole(allowance) if whole else io.BytesIO(entry.read(allowance))
        if name.endswith(".zip"):
            return _in_archive(_in_zip(file), entry.place)
        unpacked = file if name.endswith(".tar") else gzip.GzipFile(fileobj=file)
        return _in_archive(_in_tar(allowance.read(unpacked, LARGEST_TAR)), entry.place)

    return replace(entry, kind="archive", below=below)


class _Member(NamedTuple):
    """What the list of an archive tells of a file or folder; ``why`` it is refused, or an empty text."""

    name: str
    is_folder: bool
    why: str
    size: int
    changed: tuple[int, ...]
    opened: Callable[[], BinaryIO]


def _in_zip(file: BinaryIO) -> list[_Member]:
    """Return the members of a zip archive, which stays open as long as they live."""
    file.seek(max(0, file.seek(0, os.SEEK_END) - 66_000))
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if 0 <= end <= len(tail) - 22 and struct.unpack_from("<I", tail, end + 12)[0] > LARGEST_LIST:
        raise UnusableError("holds a list of too many files")
    archive = zipfile.ZipFile(file)
    return [_of_zip(archive, info) for info in archive.infolist()]


def _of_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Member:
    why = OUTSIDE if stat.S_ISLNK(info.external_attr >> 16) else ""
    if info.flag_bits & 1:
        why = "has a password: ask for it without"
    when = info.date_time
    return _Member(info.filename, info.is_dir(), why, info.file_size, when, lambda: archive.open(info))


def _in_tar(content: bytes) -> list[_Member]:
    """Return the members of a tar archive that was unpacked; its headers must be few and small."""
    headers = BoundedReads(io.BytesIO(content), "The archive", each=LARGEST_LIST, total=4 * LARGEST_LIST)
    archive = tarfile.open(fileobj=headers, mode="r:")  # noqa: SIM115 - of what lies in memory
    found = []
    for info in itertools.islice(archive, MOST_MEMBERS + 1):
        if len(archive.pax_headers) > MOST_HEADERS:  # tarfile copies them for each member
            raise UnusableError("holds too many headers")
        found.append(_of_tar(content, info))
    return found


def _of_tar(content: bytes, info: tarfile.TarInfo) -> _Member:
    why = OUTSIDE if info.issym() or info.islnk() else ""
    if not why and not info.isdir() and (info.issparse() or not info.isreg() or info.size < 0):
        why = NOT_PLAIN
    start, end = info.offset_data, info.offset_data + info.size
    when = _local_time(info.mtime)
    return _Member(info.name, info.isdir(), why, info.size, when, lambda: io.BytesIO(content[start:end]))


def _in_archive(members: Sequence[_Member], place: str) -> list[Entry]:
    """Return what the top of an archive holds; what is refused is told there, by its whole path."""
    if len(members) > MOST_MEMBERS:
        raise UnusableError(f"holds more than {MOST_MEMBERS:,} files, which is too many")
    files = []
    for member in members:
        path = PurePosixPath(member.name.replace("\\", "/"))
        if any(is_litter(part) for part in path.parts if part != "..") or not path.parts:
            continue
        why = OUTSIDE if lies_outside(member.name) else member.why
        if len(path.parts) > MOST_FOLDERS:
            why = f"lies in more than {MOST_FOLDERS} folders and was not used"
        if max(map(len, path.parts)) > LONGEST_NAME:  # to look for a platform's form in it would take long
            why = "has too long a name and was not used"
        files.append(((str(path)[-LONGEST_NAME:],) if why else path.parts, member._replace(why=why)))
    return _level(files, f"{place}/")


def _level(files: list[tuple[Sequence[str], _Member]], place: str) -> list[Entry]:
    """Return the entries of one folder in an archive, whose list may hold one name several times."""
    found = []
    folders: dict[str, list] = {}
    for (name, *rest), member in files:
        if member.why:
            found.append(Entry(PurePosixPath(name).name, place + name, "refused", member.why))
        elif rest or member.is_folder:
            folders.setdefault(name, []).extend([(rest, member)] if rest else [])
        else:
            entry = Entry(name, place + name, "file", "", member.size, member.changed, member.opened)
            found.append(_with_members(entry))
    found += [_folder(name, place + name, inner) for name, inner in folders.items()]
    return sorted(found, key=lambda entry: entry.name)


def _folder(name: str, place: str, files: list[tuple[Sequence[str], _Member]]) -> Entry:
    return Entry(name, place, "folder", below=lambda _: _level(files, f"{place}/"))
